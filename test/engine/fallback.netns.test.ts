// The npm package behind the interface: what is its own. test/native/transport.netns.test.ts holds
// it to what all transports do.
import { equal, is, match, ok } from 'uvu/assert';
import { openClock } from '../../src/engine/fallback-clock.ts';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import { KINDS, openPlaces, type Places } from '../native/places.ts';
import { type Driver, DriverError, NOBODY, openDriver } from '../native/remote.ts';

const IDENTIFIER = 0x2220;
const WAITING_MAX = 8192;
const BATCH = 64;

const kind = KINDS.find(({ open }) => open.kind === 'raw-socket');
const absent = requireLab() ?? kind?.missing ?? null;
let places: Places;

async function withDriver(run: (driver: Driver) => Promise<void>): Promise<void> {
  const driver = await openDriver(places.near);
  try {
    await run(driver);
  } finally {
    await driver.close();
  }
}

suite('engine/fallback', (s) => {
  s.before(async () => {
    if (absent === null) places = await openPlaces();
  });
  s.after(async () => {
    if (absent === null) await places.close();
  });

  s.testIf(absent, 'says what it is', () =>
    withDriver(async (driver) => {
      const opened = await driver.ask('open', { kind: 'raw-socket', identifier: IDENTIFIER });

      equal([opened.name, opened.stamps, opened.isPrivileged], ['raw-socket', 'user', true]);
      is(await driver.ask('scheduled', { on: true }), false);
    }),
  );

  s.testIf(absent, 'does not hear its own requests on loopback', () =>
    withDriver(async (driver) => {
      await driver.ask('open', { kind: 'raw-socket', identifier: IDENTIFIER });
      const packets = ['127.0.0.1', '::1'].map((to, key) => {
        return { family: to === '::1' ? (6 as const) : (4 as const), to, key };
      });

      await driver.ask('send', { packets });
      const heard = await driver.ask('gather', { packets: 9, stamps: 0, ms: 50 });

      equal(heard.packets.map(({ icmp }) => icmp.slice(0, 2)).sort(), ['00', '81']);
    }),
  );

  s.testIf(
    absent,
    'keeps a bounded number of packets between two drains, and counts the rest',
    () =>
      withDriver(async (driver) => {
        await driver.ask('open', { kind: 'raw-socket', identifier: IDENTIFIER });
        const packets = Array.from({ length: BATCH }, (_, key) => {
          return { family: 6 as const, to: 'fd78::1', key, identifier: IDENTIFIER };
        });
        const batches = WAITING_MAX / BATCH + 4;

        for (let i = 0; i < batches; i++) await driver.ask('send', { packets });
        await new Promise((resolve) => setTimeout(resolve, 200));
        const all = { packets: 1e6, stamps: 0, ms: 5000, untilEmpty: true };
        const heard = await driver.ask('gather', all);

        is(heard.packets.length, WAITING_MAX);
        is(heard.overflows, 4 * BATCH);
      }),
  );

  s.testIf(absent, 'refuses where raw sockets are not permitted', () =>
    withDriver(async (driver) => {
      await driver.ask('drop', NOBODY);
      const wish = { kind: 'raw-socket', identifier: IDENTIFIER } as const;

      const error = await driver.ask('open', wish).catch((thrown: unknown) => thrown);

      ok(error instanceof DriverError);
      is(error.failure.code, 'ERR_SOCKET_PERMISSION');
      match(error.message, /^raw-socket refused \(Operation not permitted\): run as root, or/);
    }),
  );

  s.test('its clock runs evenly, and follows Date.now when that was stepped', () => {
    const now = Date.now;
    let steppedMs = 0;
    Date.now = () => now() + steppedMs;
    try {
      const clock = openClock();
      const first = clock.read();
      const second = clock.read();
      steppedMs = 60_000;
      const third = clock.read();

      ok(Math.abs(Number(first.real) / 1e6 - now()) < 100);
      is(second.real - first.real, second.mono - first.mono);
      const stepped = Number(third.real - second.real - (third.mono - second.mono)) / 1e6;
      ok(Math.abs(stepped - 60_000) < 10, `${stepped} ms`);
    } finally {
      Date.now = now;
    }
  });
});

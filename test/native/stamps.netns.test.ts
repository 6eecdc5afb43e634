// What an engine makes of a transport's stamps: the quality of each sample, and the time that a
// packet waited in our own queue, which no RTT may hold.
import { equal, is, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import {
  identifierOf,
  KINDS,
  type Kind,
  keepStamping,
  NATIVE,
  openPlaces,
  type Places,
  startKinds,
} from './places.ts';
import type { Driver, OpenWish, Seen } from './remote.ts';

const TARGETS = 40;
const LOAD = { packetsPerSecond: TARGETS, intervalMsMin: 1000 };
// 98 bytes take 0.8 ms at this rate; the first twenty packets find the bucket full.
const QUEUE = 'tbf rate 1mbit burst 2000 latency 500ms';

const missing = requireLab('tc');
let places: Places;
let drivers: Map<Kind, Driver>;
let keeper: Driver;

/** One echo to each of many addresses at once, with all that came of it. */
async function burst(
  kind: Kind,
  more: Partial<OpenWish> & { isScheduled?: boolean } = {},
): Promise<Seen> {
  const driver = drivers.get(kind);
  if (driver === undefined) throw new Error(`no driver for ${kind.name}`);
  const seen = await measure(driver, kind, more);
  await driver.ask('close', null);
  return seen;
}

async function measure(
  driver: Driver,
  kind: Kind,
  { isScheduled = false, ...more }: Partial<OpenWish> & { isScheduled?: boolean },
): Promise<Seen> {
  const series = Array.from({ length: TARGETS }, (_, i) => ({
    to: i % 2 === 0 ? `10.78.1.${i + 1}` : `fd78::1:${i + 1}`,
    intervalMs: 10_000,
  }));
  const identifier = identifierOf(kind);
  await driver.ask('engine', { ...kind.open, ...more, identifier, timeoutMs: 3000, series });
  if (isScheduled) is(await driver.ask('scheduled', { on: true }), true);
  await driver.ask('pump', { ms: 150, freshMs: 10, load: LOAD });
  if (isScheduled) is(await driver.ask('scheduled', { on: false }), true);
  return driver.ask('finish', null);
}

function sum(seen: Seen, of: (state: Seen['states'][number]) => number): number {
  return seen.states.reduce((total, state) => total + of(state), 0);
}

suite('stamps', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    places = await openPlaces();
    drivers = await startKinds(places, KINDS);
    keeper = await keepStamping(places.far);
  });
  s.after(async () => {
    if (missing !== null) return;
    await Promise.all([...drivers.values(), keeper].map((driver) => driver.close()));
    await places.close();
  });

  for (const kind of KINDS) {
    const quality = kind.open.kind === 'raw-socket' ? 'user' : 'kernel';
    s.testIf(
      missing ?? kind.missing,
      `${kind.name}: samples are of quality ${quality}`,
      async () => {
        const seen = await burst(kind);

        equal([sum(seen, (one) => one.sent), sum(seen, (one) => one.received)], [TARGETS, TARGETS]);
        is(
          sum(seen, (one) => one.quality[quality]),
          TARGETS,
        );
        equal(Object.values(seen.figures.alien), [0, 0, 0, 0, 0, 0]);
        equal(
          seen.rounds.map(({ localQueueNs }) => localQueueNs),
          seen.rounds.map(() => null),
        );
      },
    );
  }

  for (const kind of NATIVE) {
    const absent = missing ?? kind.missing;
    s.testIf(absent, `${kind.name}: without stamps samples are of quality user`, async () => {
      const seen = await burst(kind, { stamps: false });

      is(
        sum(seen, (one) => one.quality.user),
        TARGETS,
      );
    });

    s.testIf(absent, `${kind.name}: our own queue is told, and is in no RTT`, async () => {
      await places.near.run('tc', [
        ...`qdisc replace dev ${places.nearDevice} root`.split(' '),
        ...QUEUE.split(' '),
      ]);

      const seen = await burst(kind, { isScheduled: true });
      await places.near.run('tc', ['qdisc', 'del', 'dev', places.nearDevice, 'root']);

      const queues = seen.rounds.map(({ localQueueNs }) => localQueueNs ?? Number.NaN);
      const rtts = seen.log.map(({ rttNs }) => rttNs ?? Number.NaN);
      const queued = queues.filter((ns) => ns > 3e6);
      is(
        sum(seen, (one) => one.quality.kernel),
        TARGETS,
      );
      is(queues.filter((ns) => ns >= 0).length, TARGETS);
      ok(queued.length > 10, `${queued.length} of ${TARGETS} waited: ${queues}`);
      rtts.sort((a, b) => a - b);
      ok((rtts[TARGETS >> 1] ?? Number.NaN) < 2e6, `${rtts}`);
    });
  }
});

// What comes by the error queue: transmit stamps, and of ping sockets also the ICMP errors.
import { equal, is, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { requireLab, sleep } from '../lab/net.ts';
import { identifierOf, type Kind, NATIVE, openKinds, openPlaces, type Places } from './places.ts';
import type { Arrived, Driver, Outgoing } from './remote.ts';

// Errors come from addresses of their own kind: the reflector speaks for whoever was asked.
const SCENARIO = `
  dst 10.9.1.0/24 error always host-unreachable min
  dst fd09::1:0/112 error always host-unreachable min
  dst 10.9.2.0/24 error always ttl-exceeded full source 10.9.200.1
  dst fd09::2:0/112 error always ttl-exceeded full source fd09::c8:1
  dst 10.9.3.0/24 delay 20ms
  dst fd09::3:0/112 delay 20ms
`;

const missing = requireLab();
let places: Places;
let drivers: Map<Kind, Driver>;

/** An error as both kinds of sockets bring it: what it says, who said it, what it quotes. */
function errorOf(packet: Arrived): { said: number[]; source: string; quoted: string } {
  const { kind, icmp, source, errorType, errorCode } = packet;
  if (kind === 54 || kind === 56) return { said: [errorType, errorCode], source, quoted: icmp };
  const header = 16 + (kind === 4 ? 40 : 80);
  const said = [0, 2].map((place) => Number.parseInt(icmp.slice(place, place + 2), 16));
  return { said, source, quoted: icmp.slice(header) };
}

function sequence(icmp: string): number {
  return Number.parseInt(icmp.slice(12, 16), 16);
}

suite('error queue', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    places = await openPlaces(SCENARIO);
    drivers = await openKinds(places, NATIVE);
  });
  s.after(async () => {
    if (missing !== null) return;
    await Promise.all([...drivers.values()].map((driver) => driver.close()));
    await places.close();
  });

  for (const kind of NATIVE) {
    const absent = missing ?? kind.missing;
    const identifier = identifierOf(kind);
    const withDriver = async (run: (driver: Driver) => Promise<void>): Promise<void> => {
      const driver = drivers.get(kind);
      if (driver === undefined) throw new Error(`no driver for ${kind.name}`);
      await run(driver);
    };
    const make = (to: string, key: number): Outgoing => ({
      family: to.includes(':') ? 6 : 4,
      to,
      key,
      identifier,
    });

    s.testIf(absent, `${kind.name}: bring ICMP errors with what they quote`, () =>
      withDriver(async (driver) => {
        const targets = ['10.9.1.1', 'fd09::1:1', '10.9.2.1', 'fd09::2:1'];

        await driver.ask('send', { packets: targets.map((to, key) => make(to, key)) });
        const { packets } = await driver.ask('gather', { packets: 4, stamps: 4, ms: 1000 });

        const errors = packets.map(errorOf);
        errors.sort((a, b) => sequence(a.quoted) - sequence(b.quoted));
        equal(
          errors.map(({ said, source }) => [...said, source]),
          [
            [3, 1, '10.9.1.1'],
            [1, 3, 'fd09::1:1'],
            [11, 0, '10.9.200.1'],
            [3, 0, 'fd09::c8:1'],
          ],
        );
        errors.forEach(({ quoted }, key) => {
          is(quoted.slice(0, 2), key % 2 === 0 ? '08' : '80');
          is(Number.parseInt(quoted.slice(8, 12), 16), identifier);
          is(sequence(quoted), key);
          ok(quoted.length >= (key < 2 ? 16 : 128), `${quoted.length / 2} bytes of ${key}`);
        });
      }),
    );

    for (const prefix of ['10.9.3.', 'fd09::3:']) {
      s.testIf(
        absent,
        `${kind.name}: bring the stamps of 64 replies in the drain that brings them (${prefix})`,
        () =>
          withDriver(async (driver) => {
            const keys = Array.from({ length: 64 }, (_, key) => key);

            await driver.ask('send', { packets: keys.map((key) => make(`${prefix}${key}`, key)) });
            await sleep(100);
            const first = await driver.ask('gather', { packets: 0, stamps: 0, ms: 0 });

            is(first.packets.length, 64);
            const stamped = first.stamps.map(({ key }) => key).sort((a, b) => a - b);
            equal(stamped, keys);
          }),
      );

      s.testIf(
        absent,
        `${kind.name}: give each stamp to its packet when batches go unread (${prefix})`,
        () =>
          withDriver(async (driver) => {
            const sent: bigint[] = [];
            for (let batch = 0; batch < 3; batch++) {
              const packets = Array.from({ length: 40 }, (_, i) => {
                const key = batch * 40 + i;
                return make(i === 20 ? unrouted(prefix) : `${prefix}${key}`, key);
              });
              const answers = await driver.ask('send', { packets });
              sent.push(...answers.map(({ userNs }) => BigInt(userNs)));
              await sleep(60);
            }

            const { stamps } = await driver.ask('gather', { packets: 117, stamps: 117, ms: 1000 });

            const accepted = sent.map((_, key) => key).filter((key) => key % 40 !== 20);
            stamps.sort((a, b) => a.key - b.key);
            equal(
              stamps.map(({ key }) => key),
              accepted,
            );
            for (const { key, stampNs } of stamps) {
              const afterNs = Number(BigInt(stampNs) - (sent[key] ?? 0n));
              ok(afterNs >= 0 && afterNs < 50e6, `${key} left ${afterNs} ns after it was sent`);
            }
          }),
      );
    }

    s.testIf(absent, `${kind.name}: keep all of a hundred errors that wait at once`, () =>
      withDriver(async (driver) => {
        for (const [batch, prefix] of ['10.9.1.', 'fd09::1:'].entries()) {
          const packets = Array.from({ length: 64 }, (_, i) =>
            make(`${prefix}${i + 1}`, batch * 64 + i),
          );
          await driver.ask('send', { packets });
        }
        await sleep(50);

        const { packets } = await driver.ask('gather', { packets: 128, stamps: 126, ms: 1000 });

        const quoted = packets.map((packet) => sequence(errorOf(packet).quoted));
        equal(
          quoted.sort((a, b) => a - b),
          Array.from({ length: 128 }, (_, key) => key),
        );
      }),
    );

    s.testIf(absent, `${kind.name}: read every reply though errors come in between`, () =>
      withDriver(async (driver) => {
        let replies = 0;
        for (let round = 0; round < 20; round++) {
          const key = round * 4;
          const targets = ['10.9.1.1', '10.9.0.1', 'fd09::1:1', 'fd09::1'];
          await driver.ask('send', { packets: targets.map((to, i) => make(to, key + i)) });
          await sleep(8);
          // One drain, as an engine's tick makes: nothing may be left for the next.
          const { packets } = await driver.ask('gather', { packets: 0, stamps: 0, ms: 0 });
          replies += packets.filter(({ icmp }) => /^(00|81)/.test(icmp)).length;
        }

        is(replies, 40);
      }),
    );
  }
});

function unrouted(prefix: string): string {
  return prefix.includes(':') ? '2001:db8::1' : '198.51.100.1';
}

// The lab is what every other network test trusts, so it is held here against tools that know
// nothing of it: ping on one side, a capture on the other.
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import {
  capture,
  type Namespace,
  openNamespace,
  openReflector,
  type Packet,
  type Reflector,
  requireLab,
  wireTrips,
} from './net.ts';

const SCENARIO = `
  # one prefix for each thing that can happen, the same in both families
  dst 10.9.0.0/16 delay 5ms
  dst fd09::/64 delay 5ms
  dst 10.9.1.0/24 loss every 7
  dst fd09::1:0/112 loss every 7
  dst 10.9.2.0/24 duplicate every 5 2 1ms
  dst fd09::2:0/112 duplicate every 5 2 1ms
  dst 10.9.3.0/24 reorder every 4 80ms
  dst fd09::3:0/112 reorder every 4 80ms
  dst 10.9.4.0/24 corrupt every 2 checksum
  dst fd09::4:0/112 corrupt every 2 checksum
  dst 10.9.5.0/24 corrupt every 2 byte 20
  dst fd09::5:0/112 corrupt every 2 byte 20
  dst 10.9.6.0/24 truncate every 2 40
  dst 10.9.7.0/24 ttl 9 source 10.9.200.1
  dst fd09::7:0/112 ttl 9 source fd09::c8:1
  dst 10.9.8.0/24 delay 1ms jitter uniform 10ms
  dst 10.9.9.0/24 delay 20ms jitter normal 2ms
  dst 10.9.10.0/24 loss burst 0.1 3
  dst 10.9.11.0/24 corrupt always cookie
`;

const ERRORS = [
  { kind: 'host-unreachable', v4: [3, 1, 'Host Unreachable'], v6: [1, 3, 'Address unreachable'] },
  { kind: 'net-unreachable', v4: [3, 0, 'Net Unreachable'], v6: [1, 0, 'No route'] },
  {
    kind: 'admin-prohibited',
    v4: [3, 13, 'Packet filtered'],
    v6: [1, 1, 'Administratively prohibited'],
  },
  { kind: 'ttl-exceeded', v4: [11, 0, 'Time to live exceeded'], v6: [3, 0, 'Hop limit'] },
] as const;

// Other work on the machine may hold the reflector up for a while, not for ever.
const ATTEMPTS = 4;

const missing = requireLab('ping', 'tcpdump');
let lab: Namespace;
let reflector: Reflector;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** `ping` at 200/s unless told, and what it printed. */
async function ping(host: string, count: number, ...more: string[]): Promise<string> {
  const words = ['-n', '-c', `${count}`, '-i', '0.005', '-W', '0.1', ...more, host];
  return (await lab.exec('ping', words, { timeoutMs: 15_000 })).stdout;
}

function answered(output: string): number[] {
  return [...output.matchAll(/bytes from .*icmp_seq=(\d+)(?!.*DUP!)/g)].map(([, seq]) =>
    Number(seq),
  );
}

async function wire(run: () => Promise<unknown>): Promise<Packet[]> {
  const tap = await capture(lab, reflector.device);
  await run();
  return tap.stop();
}

suite('reflector', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    lab = await openNamespace();
    reflector = await openReflector(lab, SCENARIO, { hasLog: true });
  });
  s.after(async () => {
    if (missing === null) await lab.close();
  });

  for (const host of ['10.9.0.1', 'fd09::1']) {
    s.testIf(missing, `answers ${host} after the delay, within 200 µs at the median`, async () => {
      let excessNs = Number.POSITIVE_INFINITY;
      for (let i = 0; i < ATTEMPTS && Math.abs(excessNs) > 200e3; i++) {
        const trips = wireTrips(await wire(() => ping(host, 100)));
        is(trips.length, 100);
        excessNs = median(trips.map(({ rttNs }) => rttNs ?? Number.NaN)) - 5e6;
      }

      ok(Math.abs(excessNs) <= 200e3, `${excessNs} ns`);
    });
  }

  for (const host of ['10.9.1.1', 'fd09::1:1']) {
    s.testIf(missing, `loses every seventh packet to ${host} and no other`, async () => {
      const seqs = answered(await ping(host, 70));

      const expected = Array.from({ length: 70 }, (_, i) => i + 1).filter((seq) => seq % 7 !== 0);
      equal(seqs, expected);
    });
  }

  for (const host of ['10.9.2.1', 'fd09::2:1']) {
    s.testIf(missing, `copies every fifth answer of ${host} twice`, async () => {
      const output = await ping(host, 52);

      match(output, /52 received, \+20 duplicates/);
    });
  }

  for (const host of ['10.9.3.1', 'fd09::3:1']) {
    s.testIf(missing, `lets every fourth answer of ${host} be overtaken`, async () => {
      const packets = await wire(() => ping(host, 41, '-W', '0.3'));

      const order = packets.filter(({ kind }) => kind === 'reply').map(({ seq }) => seq);
      const late = order.filter((seq, i) => order.slice(0, i).some((earlier) => earlier > seq));
      equal(late, [4, 8, 12, 16, 20, 24, 28, 32, 36, 40]);
      is(order.length, 41);
    });
  }

  s.testIf(missing, 'writes wrong checksums, which the kernel rejects over v6', async () => {
    const packets = await wire(() => ping('10.9.4.1', 6));
    const seqs = answered(await ping('fd09::4:1', 6));

    const replies = packets.filter(({ kind }) => kind === 'reply');
    equal(
      replies.map(({ isIntact }) => isIntact),
      [true, false, true, false, true, false],
    );
    equal(seqs, [1, 3, 5]);
  });

  for (const host of ['10.9.5.1', 'fd09::5:1']) {
    s.testIf(
      missing,
      `flips the byte that was named, under a right checksum (${host})`,
      async () => {
        const output = await ping(host, 10);

        is(output.match(/wrong data byte #20 should be 0x14 but was 0x41/g)?.length, 5);
        is(output.includes('BAD CHECKSUM'), false);
      },
    );
  }

  s.testIf(missing, 'flips one of the first sixteen bytes for a wrong cookie', async () => {
    const packets = await wire(() => ping('10.9.11.1', 20));

    const requests = new Map(
      packets.filter(({ kind }) => kind === 'request').map((p) => [p.seq, p.payload]),
    );
    const replies = packets.filter(({ kind }) => kind === 'reply');
    is(replies.length, 20);
    for (const { seq, payload } of replies) {
      const flipped = [...payload.keys()].filter((i) => payload[i] !== requests.get(seq)?.[i]);
      is(flipped.length, 1);
      ok((flipped[0] ?? 16) < 16);
    }
  });

  s.testIf(missing, 'cuts answers to the bytes that were told', async () => {
    const packets = await wire(() => ping('10.9.6.1', 10));

    const lengths = packets.filter(({ kind }) => kind === 'reply').map((p) => p.payload.length);
    equal(lengths, [56, 32, 56, 32, 56, 32, 56, 32, 56, 32]);
  });

  for (const [host, source] of [
    ['10.9.7.1', '10.9.200.1'],
    ['fd09::7:1', 'fd09::c8:1'],
  ] as const) {
    s.testIf(missing, `answers for ${host} from ${source} with the TTL that was told`, async () => {
      const packets = await wire(() => ping(host, 1));

      const reply = packets.find(({ kind }) => kind === 'reply');
      is(reply?.source, source);
      is(reply?.ttl, 9);
    });
  }

  s.testIf(missing, 'spreads delays as the jitter says', async () => {
    const trips = wireTrips(
      await wire(() =>
        Promise.all(['10.9.8.1', '10.9.9.1'].map((host) => ping(host, 300, '-i', '0.002'))),
      ),
    );
    const uniform = trips.filter(({ address }) => address === '10.9.8.1');
    const normal = trips.filter(({ address }) => address === '10.9.9.1');

    const spread = uniform.map(({ rttNs }) => (rttNs ?? 0) / 1e6).sort((a, b) => a - b);
    ok((spread[0] ?? 0) >= 1 && (spread[0] ?? 9) < 2, `${spread[0]}`);
    ok((spread[150] ?? 0) > 4.5 && (spread[150] ?? 0) < 7.7, `${spread[150]}`);
    ok((spread[299] ?? 0) > 10 && (spread[285] ?? 99) < 11.5, `${spread[285]}`);
    const around = normal.map(({ rttNs }) => (rttNs ?? 0) / 1e6 - 20);
    const deviation = Math.sqrt(around.reduce((sum, x) => sum + x * x, 0) / 300);
    ok(Math.abs(median(around)) < 0.6, `${median(around)}`);
    ok(deviation > 1.5 && deviation < 2.7, `${deviation}`);
  });

  s.testIf(missing, 'draws the same from the same seed, whatever else is sent', async () => {
    const runs: number[][] = [];
    for (const [seed, others] of [
      [1, false],
      [1, true],
      [2, false],
    ]) {
      await reflector.command(`seed ${seed}`);
      const [output] = await Promise.all([
        ping('10.9.10.1', 200, '-i', '0.002'),
        others ? ping('10.9.10.2', 150, '-i', '0.002') : null,
      ]);
      runs.push(answered(output));
    }

    equal(runs[1], runs[0]);
    ok(JSON.stringify(runs[2]) !== JSON.stringify(runs[0]));
    const lost = 200 - (runs[0]?.length ?? 0);
    ok(lost > 15 && lost < 85 && lost % 3 <= 2, `${lost} of 200`);
  });

  for (const [family, network, length] of [
    ['v4', '10.9.20.', 32],
    ['v6', 'fd09::20:', 128],
  ] as const) {
    s.testIf(missing, `sends each ICMP error over ${family}, as ping reads it`, async () => {
      for (const [i, { kind }] of ERRORS.entries()) {
        await reflector.command(`dst ${network}${i}/${length} error always ${kind} min`);
      }
      let outputs: string[] = [];

      const packets = await wire(async () => {
        outputs = await Promise.all(ERRORS.map((_, i) => ping(`${network}${i}`, 2)));
      });

      for (const [i, error] of ERRORS.entries()) {
        const [type, code, text] = error[family];
        const sent = packets.filter(({ source }) => source === `${network}${i}`);
        equal(
          sent.map((p) => [p.type, p.code]),
          [
            [type, code],
            [type, code],
          ],
        );
        match(outputs[i] ?? '', text);
        match(outputs[i] ?? '', /2 packets transmitted, 0 received, \+2 errors/);
      }
    });
  }

  s.testIf(missing, 'quotes as many bytes of the packet as were told', async () => {
    for (const [quote, v4, v6] of [
      ['min', 28, 48],
      ['full', 84, 104],
      ['8', 8, 8],
      ['36', 36, 36],
    ] as const) {
      await reflector.command(`dst 10.9.21.0/24 error always ttl-exceeded ${quote}`);
      await reflector.command(`dst fd09::21:0/112 error always ttl-exceeded ${quote}`);

      const packets = await wire(() =>
        Promise.all(['10.9.21.1', 'fd09::21:1'].map((host) => ping(host, 1))),
      );

      const errors = packets.filter(({ kind }) => kind === 'other');
      const quoted = (wanted: string) =>
        errors.filter(({ family }) => family === wanted).map(({ payload }) => payload.length);
      equal([quoted('v4'), quoted('v6')], [[v4], [v6]]);
    }
  });

  s.testIf(missing, 'changes on cue and on command, and keeps what was not named', async () => {
    await reflector.command('dst 10.9.30.0/24 default delay 3ms');
    await reflector.command('at 300ms dst 10.9.30.1 loss always');
    await reflector.command('at 600ms dst 10.9.30.1 loss never');
    const startNs = BigInt(Date.now()) * 1_000_000n;

    const trips = wireTrips(await wire(() => ping('10.9.30.1', 200)));

    const lost = trips.map(({ rttNs }) => rttNs === null);
    const first = lost.indexOf(true);
    const last = lost.lastIndexOf(true);
    const atMs = trips.map(({ sentNs }) => Number(sentNs - startNs) / 1e6);
    is(lost.slice(first, last).includes(false), false);
    for (const [index, dueMs] of [
      [first, 300],
      [last + 1, 600],
    ] as const) {
      const beforeMs = atMs[index - 1] ?? Number.NaN;
      const afterMs = atMs[index] ?? Number.NaN;
      const isBetween = beforeMs < dueMs + 5 && afterMs > dueMs - 25;
      ok(isBetween, `the change due at ${dueMs} ms came from ${beforeMs} to ${afterMs} ms`);
    }
    const rtts = trips.map(({ rttNs }) => rttNs).filter((rttNs) => rttNs !== null);
    ok(Math.abs(median(rtts) - 3e6) < 1e6);
  });

  s.testIf(
    missing,
    'refuses a line that it does not wholly understand, and changes nothing',
    async () => {
      for (const line of [
        'dst 10.9.0.1 delay 5',
        'dst 10.9.0.1 loss 1.5',
        'dst 10.9.0.1 loss every 0',
        'dst 10.9.0.1/33 loss always',
        'dst 10.9.0.1 loss always twice',
        'dst 10.9.0 loss always',
        'dst 10.9.0.1',
        'at 1s dst 10.9.0.1 los always',
        'at soon dst 10.9.0.1 loss always',
        'forget 10.9.0.1',
      ]) {
        let reason = '';
        await reflector.command(line).catch((error: Error) => {
          reason = error.message;
        });
        match(reason, /refused .*: error: ./, line);
      }
      equal(answered(await ping('10.9.0.1', 3)), [1, 2, 3]);
    },
  );

  s.testIf(missing, 'logs what the capture saw', async () => {
    const before = (await reflector.log()).length;
    const packets = await wire(() => ping('10.9.1.9', 14));
    const entries = (await reflector.log()).slice(before);

    const trips = wireTrips(packets);
    is(trips.length, 14);
    equal(
      entries.map(({ seq, action }) => [seq, action]).sort(([a], [b]) => Number(a) - Number(b)),
      trips.map(({ seq, rttNs }) => [seq, rttNs === null ? 'lost' : 'replied']),
    );
    for (const { id, seq, arrivedNs, writtenNs, destination } of entries) {
      const trip = trips.find((candidate) => candidate.seq === seq);
      is(destination, '10.9.1.9');
      is(id, trip?.id);
      ok(trip !== undefined && arrivedNs >= trip.sentNs);
      if (writtenNs !== null) ok(Number(writtenNs - trip.sentNs) <= (trip.rttNs ?? 0) + 20_000);
    }
  });

  s.testIf(
    missing,
    'ends when its standard input closes, with its counters and its device',
    async () => {
      const other = await openReflector(lab, 'dst 10.10.0.0/16 loss every 2', {
        prefixes: ['10.10.0.0/16'],
        addresses: ['10.8.0.2'],
      });
      await ping('10.10.0.1', 10);
      const live = await other.counters();

      const last = await other.close();

      is(live.requests, 10);
      equal([last.requests, last.lost, last.replied, last.malformed], [10, 5, 5, 0]);
      const links = await lab.ip('-brief link');
      is(links.includes(other.device), false);
    },
  );
});

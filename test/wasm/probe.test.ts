// The ring of probes: room, time, generations, and paths that are closed and opened again.
import * as assert from 'uvu/assert';
import {
  FLOWS_MAX,
  INFLIGHT_MAX,
  PROBES_MAX,
  STAMP_BYTES,
  TRACES_MAX,
} from '../../src/engine/limits.ts';
import { buildProbe } from '../../src/engine/probes.ts';
import { errorOf, tcpAnswer } from '../fake/icmp-error.ts';
import {
  counted,
  openPath,
  openPaths,
  PATHS,
  type PathRig,
  PROBE_TIMEOUT_MS,
  ROUTERS,
  requestOf,
} from '../fake/paths.ts';
import { answerAfter, IDENTIFIER, PORT, PROBE_IDENTIFIER, specOf } from '../fake/rig.ts';
import { replyTo, type SentPacket, type Verdict } from '../fake/transport.ts';
import { suite } from '../helper.ts';

const SLACK_MS = 20;

/** Builds and sends without looking at each; returns how many there were. */
function flood(rig: PathRig, trace: number, n: number): number {
  let sent = 0;
  while (sent < n) {
    const most = Math.min(64, n - sent);
    let built = 0;
    while (built < most && buildProbe(rig.hot, requestOf(trace, { tag: sent + built }), built)) {
      built++;
    }
    rig.engine.send(built);
    sent += built;
    if (built < most) break;
  }
  return sent;
}

/** An error of a router about each probe, after `ms`. */
function errorsAfter(ms: number): (packet: SentPacket) => Verdict {
  return (packet) => ({
    arrivals: [
      {
        delayNs: BigInt(Math.round(ms * 1e6)),
        bytes: errorOf(packet),
        source: ROUTERS[packet.family],
      },
    ],
  });
}

/** Where the entries of the ring begin. */
function tableOf({ hot }: PathRig): { from: number; rowBytes: number } {
  const { FLIGHT, FLIGHT_BYTES } = hot.call as unknown as Record<string, { value: number }>;
  const rowBytes = FLIGHT_BYTES?.value ?? 0;
  return { from: (FLIGHT?.value ?? 0) + INFLIGHT_MAX * rowBytes, rowBytes };
}

suite('wasm/probe', ({ test }) => {
  test('counts what a full ring does not take, and goes on when it has room', () => {
    const rig = openPaths();
    const trace = openPath(rig, 4, 'icmp');

    assert.is(flood(rig, trace, PROBES_MAX + 100), PROBES_MAX);
    assert.is(rig.engine.figures().drops['probes'], 1);
    assert.equal([rig.hot.call.probeRoom(), rig.hot.call.inflightCount()], [0, PROBES_MAX]);

    rig.clock.advanceMs(PROBE_TIMEOUT_MS + SLACK_MS);
    rig.engine.tick(0);
    const lost = rig.outcomes();
    assert.is(lost.length, PROBES_MAX);
    assert.ok(lost.every(({ kind, tag }, i) => kind === 'lost' && tag === i));
    assert.equal([rig.hot.call.probeRoom(), rig.hot.call.inflightCount()], [PROBES_MAX, 0]);
    assert.is(flood(rig, trace, 1000), 1000);
  });

  test('frees what was answered behind what still waits only when that has ended', () => {
    const rig = openPaths();
    const trace = openPath(rig, 4, 'icmp');
    rig.probe(trace);
    const second = rig.probe(trace);
    rig.take(4, { bytes: errorOf(second), source: ROUTERS[4] });
    assert.is(rig.hot.call.probeRoom(), PROBES_MAX - 2);
    assert.is(rig.hot.call.inflightCount(), 1);

    rig.clock.advanceMs(PROBE_TIMEOUT_MS + SLACK_MS);
    assert.equal(counted(rig), ['lost']);
    assert.is(rig.hot.call.probeRoom(), PROBES_MAX);
  });

  test('calls a probe lost at its timeout and no earlier, and tells when that will be', () => {
    const rig = openPaths();
    const trace = openPath(rig, 6, 'udp');
    assert.is(rig.engine.nextExpiryMs(), null);
    rig.probe(trace);
    assert.is(rig.engine.nextExpiryMs(), PROBE_TIMEOUT_MS + SLACK_MS);
    rig.clock.advanceMs(PROBE_TIMEOUT_MS + SLACK_MS - 1);
    assert.equal(counted(rig), []);
    assert.is(rig.engine.nextExpiryMs(), 1);
    rig.clock.advanceMs(1);
    assert.equal(counted(rig), ['lost']);
    assert.is(rig.engine.nextExpiryMs(), null);
  });

  test('takes the earlier end of echoes and probes for its next', () => {
    const rig = openPaths();
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 60_000 }));
    rig.engine.tick(64);
    const echoes = rig.engine.nextExpiryMs();
    assert.is(echoes, 5000 + SLACK_MS);
    rig.probe(openPath(rig, 4, 'tcp'));
    assert.is(rig.engine.nextExpiryMs(), PROBE_TIMEOUT_MS + SLACK_MS);
  });

  test('tells the errno of what the kernel refused, and waits for no answer to it', () => {
    for (const { family, protocol } of PATHS) {
      const rig = openPaths();
      const trace = openPath(rig, family, protocol);
      let refused: SentPacket | undefined;
      rig.transport.network = (packet) => {
        refused = packet;
        return { refused: 101, arrivals: [] };
      };
      assert.ok(buildProbe(rig.hot, requestOf(trace, { ttl: 9, flow: 5, tag: 0xffff_ffff }), 0));
      rig.engine.send(1);

      const [outcome, ...more] = rig.outcomes();
      assert.equal([outcome?.kind, outcome?.info, more.length], ['refused', 101, 0]);
      assert.equal([outcome?.ttl, outcome?.flow, outcome?.tag], [9, 5, 0xffff_ffff]);
      assert.equal([outcome?.rttNs, outcome?.quality, outcome?.answerTtl], [null, null, null]);
      assert.is(rig.hot.call.inflightCount(), 0);
      const bytes = errorOf(refused as SentPacket);
      assert.equal(rig.take(family, { bytes, source: ROUTERS[family] }), ['stale']);
      rig.clock.advanceMs(2000);
      assert.equal(counted(rig), []);
    }
  });

  test('knows a use of a slot from the one before, by all that a packet can show', () => {
    for (const { family, protocol } of PATHS) {
      const rig = openPaths();
      const trace = openPath(rig, family, protocol);
      const first = rig.probe(trace);
      flood(rig, trace, PROBES_MAX - 1);
      rig.clock.advanceMs(PROBE_TIMEOUT_MS + SLACK_MS);
      rig.engine.tick(0);
      rig.outcomes();
      const again = rig.probe(trace);

      assert.is(again.key & 0x1f_ffff, first.key & 0x1f_ffff, 'the same slot');
      assert.is((again.key >>> 21) - (first.key >>> 21), 1, 'a new generation');
      const source = ROUTERS[family];
      const reason = protocol === 'tcp' ? 'cookie' : 'stale';
      for (const quotedBytes of [8, first.bytes.length]) {
        const bytes = errorOf(first, { quotedBytes });
        assert.equal(rig.take(family, { bytes, source }), [reason], `${quotedBytes} bytes`);
      }
      assert.equal(rig.take(family, { bytes: errorOf(again), source }), ['error']);
    }
  });

  test('forgets a path that was closed, though the next one has its number', () => {
    for (const { family, protocol } of PATHS) {
      const rig = openPaths();
      const trace = openPath(rig, family, protocol);
      const [early, late] = [rig.probe(trace), rig.probe(trace)];
      rig.hot.call.closeTrace(trace);
      const source = ROUTERS[family];
      assert.equal(rig.take(family, { bytes: errorOf(early), source }), ['stale']);
      assert.is(openPath(rig, family, protocol), trace);
      for (const quotedBytes of [8, 28]) {
        const bytes = errorOf(late, { quotedBytes });
        assert.equal(rig.take(family, { bytes, source }), ['stale'], `${quotedBytes} bytes`);
      }

      rig.clock.advanceMs(PROBE_TIMEOUT_MS + SLACK_MS);
      assert.equal(counted(rig), [], 'nobody asks any more what became of its probes');
      assert.is(rig.hot.call.inflightCount(), 0);
    }
  });

  test('opens as many paths as there are, and gives a closed one out again', () => {
    const rig = openPaths();
    const { call, layout, bytes } = rig.hot;
    for (let i = 0; i < TRACES_MAX; i++) assert.is(call.openTrace(), i);
    assert.is(call.openTrace(), TRACES_MAX);
    bytes.fill(0xee, layout.TRACES + 77 * 64 + 4, layout.TRACES + 77 * 64 + 24);
    call.closeTrace(77);

    assert.is(call.openTrace(), 77);
    const block = bytes.subarray(layout.TRACES + 77 * 64, layout.TRACES + 78 * 64);
    assert.ok(block.subarray(4, 24).every((byte) => byte === 0));
  });

  test('builds nothing along a path that is not open, nor with numbers that have no place', () => {
    const part: [Parameters<typeof requestOf>[1], string][] = [
      [{ trace: 3 }, 'a path that was never opened'],
      [{ trace: TRACES_MAX }, 'a path beyond the last'],
      [{ ttl: 0 }, 'a TTL of 0'],
      [{ flow: FLOWS_MAX }, 'a flow beyond the last port'],
    ];
    for (const [wrong, says] of part) {
      const rig = openPaths();
      const trace = openPath(rig, 4, 'udp');
      assert.throws(() => buildProbe(rig.hot, requestOf(trace, wrong), 0), /unreachable/, says);
    }
  });

  test('believes a transmit stamp only under the generation that it names', () => {
    const rig = openPaths();
    rig.transport.network = (packet) => ({ ...errorsAfter(1)(packet), stampDelayNs: null });
    const { key } = rig.probe(openPath(rig, 4, 'icmp'));
    const { layout, view, call } = rig.hot;
    const right = rig.clock.realNow() + 400_000n;
    const stamps = [
      [(key + (1 << 21)) >>> 0, right + 7n],
      [key, right],
      [(key ^ (0x7ff << 21)) >>> 0, right + 9n],
      // A slot behind the last.
      [INFLIGHT_MAX + PROBES_MAX, right + 11n],
      [0x1f_ffff, right + 11n],
    ] as const;
    stamps.forEach(([name, ns], i) => {
      const at = layout.STAMPS + i * STAMP_BYTES;
      view.setUint32(at, name, true);
      view.setUint32(at + 4, 0, true);
      view.setBigUint64(at + 8, ns, true);
    });
    call.fold(0, stamps.length);
    rig.clock.advanceMs(1);
    rig.engine.tick(0);

    const [outcome] = rig.outcomes();
    assert.equal([outcome?.rttNs, outcome?.quality], [600_000, 'kernel']);
  });

  test('knows its stamps past 2048 generations, which is all that a key holds', () => {
    for (const generation of [2045, 2046, 2047, 2048, 4095, 0x7fff_ffff, 0xffff_fffe]) {
      const rig = openPaths();
      const trace = openPath(rig, 6, 'icmp');
      // The first place leaves out generations whose number on the wire would be 0.
      rig.probe(trace);
      rig.hot.view.setUint32(tableOf(rig).from + tableOf(rig).rowBytes, generation, true);
      rig.transport.network = errorsAfter(2);
      const { key } = rig.probe(trace);
      rig.clock.advanceMs(2);
      rig.engine.tick(0);

      const [outcome] = rig.outcomes();
      assert.is(key >>> 21, (generation + 1) % 2048, `after ${generation}`);
      assert.equal([outcome?.rttNs, outcome?.quality], [2_000_000, 'kernel']);
    }
  });

  test('gives up what is out with the engine, without an outcome', () => {
    const rig = openPaths();
    const trace = openPath(rig, 4, 'udp');
    const packet = rig.probe(trace);
    rig.probe(trace);
    rig.engine.finish();

    assert.equal(rig.outcomes(), []);
    assert.equal([rig.hot.call.inflightCount(), rig.hot.call.probeRoom()], [0, PROBES_MAX]);
    assert.equal(rig.take(4, { bytes: errorOf(packet), source: ROUTERS[4] }), []);
  });

  test('knows nothing any more of probes and paths from before it was configured anew', () => {
    const rig = openPaths();
    const trace = openPath(rig, 4, 'icmp');
    const packet = rig.probe(trace);
    rig.hot.call.configure(IDENTIFIER, 4096, 30e9, 5e9, 0);
    rig.hot.call.configureProbes(PORT, 1e9);

    assert.equal([rig.hot.call.inflightCount(), rig.hot.call.probeRoom()], [0, PROBES_MAX]);
    assert.throws(() => rig.probe(trace), /unreachable/);
    const other = openPaths();
    const lost = other.probe(openPath(other, 4, 'icmp'));
    other.hot.call.configure(IDENTIFIER, 4096, 30e9, 5e9, 0);
    other.hot.call.configureProbes(PORT, 1e9);
    assert.is(openPath(other, 4, 'icmp'), 0);
    assert.equal(other.take(4, { bytes: errorOf(lost), source: ROUTERS[4] }), ['stale']);
    assert.equal(packet.bytes, lost.bytes, 'the same slot, generation and cookie');
  });

  test('writes to no page of its table before a probe is sent', () => {
    const rig = openPaths();
    const { from, rowBytes } = tableOf(rig);
    const table = rig.hot.bytes.subarray(from, from + PROBES_MAX * rowBytes);
    assert.is(from + table.length, rig.hot.layout.SERIES);
    assert.ok(table.every((byte) => byte === 0));
  });

  test('goes beside echoes, neither knowing of the other', () => {
    const rig = openPaths();
    const series = [4, 6].map((family) =>
      rig.engine.addSeries(specOf(family as 4 | 6, 1, { intervalMs: 20 })),
    );
    const traces = PATHS.map(({ family, protocol }) => openPath(rig, family, protocol));
    const isProbe = ({ key }: SentPacket) => (key & 0x1f_ffff) >= INFLIGHT_MAX;
    rig.transport.network = (packet) =>
      isProbe(packet) ? errorsAfter(7)(packet) : answerAfter(5)(packet);
    let left = 600;
    rig.engine.setProbeSource({
      build(from, room) {
        let n = 0;
        for (; n < Math.min(room, 3) && left > 0; n++, left--) {
          const trace = traces[left % traces.length] ?? 0;
          const request = requestOf(trace, {
            ttl: 1 + (left % 20),
            flow: left % FLOWS_MAX,
            tag: left,
          });
          assert.ok(buildProbe(rig.hot, request, from + n));
        }
        return n;
      },
      nextMs: () => (left > 0 ? 0 : null),
    });
    rig.run(3990, 5);
    for (const one of series) rig.engine.stopSeries(one);
    rig.run(20, 5);

    const outcomes = rig.outcomes();
    assert.is(outcomes.length, 600);
    assert.ok(outcomes.every(({ kind, rttNs }) => kind === 'error' && rttNs === 7_000_000));
    assert.is(new Set(outcomes.map(({ tag }) => tag)).size, 600);
    for (const one of series) {
      const { sent, received, icmpErrors, quality } = rig.engine.state(one);
      assert.equal([sent, received, icmpErrors, quality.kernel], [200, 200, 0, 200]);
    }
    assert.equal(Object.values(rig.engine.figures().alien), [0, 0, 0, 0, 0, 0]);
  });

  test('takes an echo of the one kind for none of the other', () => {
    const rig = openPaths();
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 60_000 }));
    rig.engine.tick(64);
    const echo = rig.transport.sent[0] as SentPacket;
    const probe = rig.probe(openPath(rig, 4, 'icmp'));
    const source = probe.destination;
    const renamed = (packet: SentPacket, identifier: number): SentPacket => {
      const bytes = packet.bytes.slice();
      new DataView(bytes.buffer).setUint16(4, identifier);
      return { ...packet, bytes };
    };
    // A reply that has the other's identifier does not have its cookie.
    const asProbe = renamed(echo, PROBE_IDENTIFIER);
    const asEcho = renamed(probe, IDENTIFIER);
    for (const packet of [asProbe, asEcho]) {
      assert.equal(rig.take(4, { bytes: replyTo(packet), source }), ['cookie']);
      assert.equal(rig.take(4, { bytes: errorOf(packet), source }), ['cookie']);
    }
    // The sequence number of the probe names no echo, nor the other way round.
    assert.equal(rig.take(4, { bytes: errorOf(asProbe, { quotedBytes: 8 }), source }), ['stale']);
    assert.equal(rig.take(4, { bytes: errorOf(asEcho, { quotedBytes: 8 }), source }), ['stale']);
    assert.is(rig.hot.call.inflightCount(), 2);
    assert.is(rig.engine.state(0).icmpErrors, 0);

    assert.equal(rig.take(4, { bytes: replyTo(probe), source }), ['echo']);
    assert.equal(rig.take(4, { bytes: replyTo(echo), source }), []);
    assert.is(rig.engine.state(0).received, 1);
  });

  test('takes an error about an echo for no outcome of a probe', () => {
    const rig = openPaths();
    rig.engine.addSeries(specOf(6, 1, { intervalMs: 60_000 }));
    rig.engine.tick(64);
    const echo = rig.transport.sent[0] as SentPacket;

    assert.equal(rig.take(6, { bytes: errorOf(echo), source: ROUTERS[6] }), []);
    assert.is(rig.engine.state(0).icmpErrors, 1);
  });

  test('has an end for each probe and no more than one, whatever comes twice', () => {
    for (const { family, protocol } of PATHS) {
      const rig = openPaths();
      const trace = openPath(rig, family, protocol);
      const packet = rig.probe(trace);
      const error = { bytes: errorOf(packet), source: ROUTERS[family] };
      assert.equal(rig.take(family, error), ['error']);
      assert.equal(rig.take(family, error), []);
      if (protocol === 'tcp') {
        const bytes = tcpAnswer(packet, { flags: 0x12 });
        assert.equal(rig.take(family, { protocol, bytes, source: packet.destination }), []);
      }
      rig.clock.advanceMs(2000);
      assert.equal(counted(rig), []);
    }
  });
});

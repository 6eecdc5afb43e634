// Probes from the side of TypeScript: what a source builds, when it is asked, and what it reads.
import * as assert from 'uvu/assert';
import type { ProbeError } from '../../src/core/error.ts';
import type { ProbeSource } from '../../src/engine/engine.ts';
import {
  FLOWS_MAX,
  INFLIGHT_MAX,
  OUTBOX_MAX,
  PROBES_MAX,
  TRACES_MAX,
} from '../../src/engine/limits.ts';
import { buildProbe, openTrace } from '../../src/engine/probes.ts';
import { errorOf, objectOf, SYN_ACK, tcpAnswer, udpAnswer } from '../fake/icmp-error.ts';
import { openPath, openPaths, PATHS, type PathRig, pathOf, requestOf } from '../fake/paths.ts';
import { addressOf, openRig, PORT, silence, specOf } from '../fake/rig.ts';
import { type Arrival, replyTo, type SentPacket, type Verdict } from '../fake/transport.ts';
import { suite } from '../helper.ts';

const HOPS = 8;

/** A chain of routers: a probe dies at the hop of its TTL, or comes to the target. */
function chain(packet: SentPacket): Verdict {
  const { family, protocol, ttl, destination } = packet;
  const delayNs = BigInt(Math.min(ttl, HOPS)) * 1_000_000n;
  if (ttl < HOPS) {
    return {
      arrivals: [{ delayNs, bytes: errorOf(packet), source: addressOf(family, 100 + ttl) }],
    };
  }
  const answers: Record<typeof protocol, () => Uint8Array> = {
    icmp: () => replyTo(packet),
    tcp: () => tcpAnswer(packet, { flags: SYN_ACK }),
    udp: () => errorOf(packet, family === 4 ? { type: 3, code: 3 } : { type: 1, code: 4 }),
  };
  const arrival: Arrival = { delayNs, bytes: answers[protocol](), source: destination };
  return { arrivals: [protocol === 'tcp' ? { ...arrival, protocol } : arrival] };
}

/** Sends `count` probes of ascending TTL as soon as it may. */
function sourceOf(rig: PathRig, trace: number, count: number): ProbeSource & { built: number } {
  const source = {
    built: 0,
    build(from: number, room: number): number {
      let n = 0;
      for (; n < room && source.built < count; n++, source.built++) {
        const ttl = 1 + (source.built % 30);
        if (!buildProbe(rig.hot, requestOf(trace, { ttl, tag: source.built }), from + n)) break;
      }
      return n;
    },
    nextMs: () => (source.built < count ? 0 : null),
  };
  return source;
}

suite('engine/probes', ({ test }) => {
  for (const { family, protocol } of PATHS) {
    test(`sees every hop by ${protocol} over IPv${family}, in order`, () => {
      const rig = openPaths();
      rig.transport.network = chain;
      const trace = openPath(rig, family, protocol);
      rig.engine.setProbeSource(sourceOf(rig, trace, HOPS + 2));
      rig.run(60, 5);

      const outcomes = rig.outcomes().toSorted((a, b) => a.tag - b.tag);
      assert.equal(
        outcomes.map(({ ttl }) => ttl),
        Array.from({ length: HOPS + 2 }, (_, i) => i + 1),
      );
      const last = { icmp: 'echo', tcp: 'tcp', udp: 'error' }[protocol];
      for (const { ttl, kind, address, rttNs, quality, trace: path, flow } of outcomes) {
        const hop = Math.min(ttl, HOPS);
        assert.is(kind, ttl < HOPS ? 'error' : last);
        assert.equal(address, addressOf(family, ttl < HOPS ? 100 + ttl : 1));
        assert.equal([rttNs, quality, path, flow], [hop * 1e6, 'kernel', trace, 0]);
      }
      assert.equal(Object.values(rig.engine.figures().alien), [0, 0, 0, 0, 0, 0]);
    });
  }

  test('takes an answer by UDP for the target', () => {
    const rig = openPaths();
    rig.transport.network = (packet) => ({
      arrivals: [
        { delayNs: 1n, protocol: 'udp', bytes: udpAnswer(packet), source: packet.destination },
      ],
    });
    rig.probe(openPath(rig, 6, 'udp'), { tag: 5 });
    rig.clock.advanceMs(1);
    rig.engine.tick(0);

    assert.equal(
      rig.outcomes().map(({ kind, tag, info }) => [kind, tag, info]),
      [['udp', 5, 0]],
    );
  });

  test('refuses more paths than there are, and says how many that is', () => {
    const rig = openPaths();
    for (let i = 0; i < TRACES_MAX; i++) openTrace(rig.hot, pathOf(4, 'icmp'));
    let error: ProbeError | undefined;
    try {
      openTrace(rig.hot, pathOf(4, 'icmp'));
    } catch (thrown) {
      error = thrown as ProbeError;
    }

    assert.is(error?.code, 'ERR_LIMIT_EXCEEDED');
    assert.is(error?.message, 'more than 4096 paths: remove targets');
  });

  test('takes addresses of four bytes and of sixteen, and none for a source', () => {
    const rig = openPaths();
    const short = { address: addressOf(4, 1).slice(0, 4), source: addressOf(4, 7).slice(0, 4) };
    const [four, sixteen] = [short, { source: addressOf(4, 7) }].map((part) =>
      rig.probe(openPath(rig, 4, 'udp', part)),
    );
    assert.equal(four?.source, sixteen?.source);
    assert.equal(four?.destination, sixteen?.destination);
    assert.equal(rig.probe(openPath(rig, 6, 'icmp')).source, new Uint8Array(16));
  });

  test('never sends less than its own payload', () => {
    const rig = openPaths();
    for (const payloadBytes of [0, 1, 19, 20]) {
      assert.is(rig.probe(openPath(rig, 4, 'udp'), { payloadBytes }).bytes.length, 28);
    }
  });

  test('gives back any tag, TTL and flow as they were given', () => {
    const rig = openPaths();
    const trace = openPath(rig, 4, 'tcp');
    for (const [ttl, flow, tag] of [
      [1, 0, 0],
      [255, FLOWS_MAX - 1, 0xffff_ffff],
      [128, 32, 0x8000_0000],
    ] as const) {
      const packet = rig.probe(trace, { ttl, flow, tag, dontFragment: true });
      const source = new DataView(packet.bytes.buffer, packet.bytes.byteOffset).getUint16(0);
      assert.equal([packet.ttl, packet.dontFragment, source], [ttl, true, PORT + flow]);
      rig.clock.advanceMs(1100);
      rig.engine.tick(0);
      assert.equal(
        rig.outcomes().map((one) => [one.kind, one.ttl, one.flow, one.tag]),
        [['lost', ttl, flow, tag]],
      );
    }
  });

  test('reads labels as RFC 3032 lays them out', () => {
    const rig = openPaths();
    const packet = rig.probe(openPath(rig, 4, 'icmp'));
    const data = Uint8Array.of(0xff, 0xff, 0xfe, 0xff, 0, 0, 0, 0, 0x12, 0x34, 0x5b, 0x40);
    const bytes = errorOf(packet, { objects: [objectOf(1, 1, data)] });
    rig.transport.inject(4, { delayNs: 0n, bytes, source: addressOf(4, 2) });
    rig.engine.tick(0);

    assert.equal(rig.outcomes()[0]?.labels, [
      { label: 0xfffff, trafficClass: 7, ttl: 255 },
      { label: 0, trafficClass: 0, ttl: 0 },
      { label: 0x12345, trafficClass: 5, ttl: 64 },
    ]);
  });

  test('sends echoes first, and probes in the places behind them', () => {
    const rig = openPaths();
    for (let i = 0; i < 10; i++) rig.engine.addSeries(specOf(4, i, { intervalMs: 1000 }));
    const source = sourceOf(rig, openPath(rig, 4, 'icmp'), 20);
    rig.engine.setProbeSource(source);

    assert.is(rig.engine.tick(4), 24);
    const isProbe = rig.transport.sent.map(({ key }) => (key & 0x1f_ffff) >= INFLIGHT_MAX);
    assert.equal(isProbe, [...Array(4).fill(false), ...Array(20).fill(true)]);
    assert.is(rig.engine.tick(64), 6);
    rig.engine.setProbeSource(null);
    source.built = 0;
    assert.is(rig.engine.tick(64), 0, 'nothing of a source that was taken away');
  });

  test('asks a source that fills the outbox again, and stops at a full ring', () => {
    const rig = openPaths();
    const source = sourceOf(rig, openPath(rig, 4, 'icmp'), 2 * PROBES_MAX);
    rig.engine.setProbeSource(source);
    assert.ok(rig.engine.tick(4) >= OUTBOX_MAX);
    for (let i = 0; i < 200; i++) rig.engine.tick(4);

    assert.is(rig.transport.sent.length, PROBES_MAX);
    assert.is(source.built, PROBES_MAX);
    assert.is(rig.hot.call.probeRoom(), 0);
    rig.clock.advanceMs(1100);
    for (let i = 0; i < 200; i++) rig.engine.tick(4);
    assert.is(rig.transport.sent.length, 2 * PROBES_MAX);
  });

  test('is due when an echo or the source is', () => {
    const rig = openPaths();
    assert.is(rig.engine.nextDueMs(), null);
    let wish: number | null = 500;
    rig.engine.setProbeSource({ build: () => 0, nextMs: () => wish });
    assert.is(rig.engine.nextDueMs(), 500);
    rig.engine.addSeries(specOf(4, 1, { intervalMs: 1000, phaseMs: 200 }));
    const echo = rig.engine.nextDueMs() ?? Number.NaN;
    assert.ok(echo > 195 && echo <= 203, `${echo}`);
    wish = 7;
    assert.is(rig.engine.nextDueMs(), 7);
    wish = null;
    assert.is(rig.engine.nextDueMs(), echo);
  });

  test('waits three seconds for an answer unless told otherwise', () => {
    for (const [options, ms] of [
      [{}, 3000],
      [{ probeTimeoutMs: 250 }, 250],
      [{ probeTimeoutMs: 60_000 }, 60_000],
    ] as const) {
      const rig = openRig(silence, options);
      assert.ok(buildProbe(rig.hot, requestOf(openPath(rig, 4, 'icmp')), 0));
      rig.engine.send(1);
      assert.is(rig.engine.nextExpiryMs(), ms + 20);
    }
  });
});

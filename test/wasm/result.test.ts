// The ring of outcomes: what TypeScript reads, and what happens while it does not.
import * as assert from 'uvu/assert';
import { RESULTS_MAX } from '../../src/engine/limits.ts';
import { buildProbe, takeOutcomes } from '../../src/engine/probes.ts';
import { errorOf, stackOf } from '../fake/icmp-error.ts';
import { openPath, openPaths, type PathRig, ROUTERS, requestOf } from '../fake/paths.ts';
import { suite } from '../helper.ts';

const RING_RESULTS = 6;

/** `n` probes that the kernel refuses, in the order of their tags. */
function refuse(rig: PathRig, trace: number, n: number, from = 0): void {
  rig.transport.network = () => ({ refused: 1, arrivals: [] });
  for (let i = 0; i < n; ) {
    let built = 0;
    for (; built < 64 && i < n; built++, i++) {
      assert.ok(buildProbe(rig.hot, requestOf(trace, { tag: from + i }), built));
    }
    rig.engine.send(built);
    rig.engine.tick(0);
  }
}

suite('wasm/result', ({ test }) => {
  test('keeps the order, and gives out as many as are asked for', () => {
    const rig = openPaths();
    refuse(rig, openPath(rig, 4, 'udp'), 10);

    assert.equal(
      takeOutcomes(rig.hot, 4).map(({ tag }) => tag),
      [0, 1, 2, 3],
    );
    assert.equal(takeOutcomes(rig.hot, 0), []);
    assert.equal(
      takeOutcomes(rig.hot, 100).map(({ tag }) => tag),
      [4, 5, 6, 7, 8, 9],
    );
    assert.equal(takeOutcomes(rig.hot, 100), []);
  });

  test('drops and counts the newest where nobody reads, and goes on once somebody does', () => {
    const rig = openPaths();
    const trace = openPath(rig, 4, 'icmp');
    refuse(rig, trace, RESULTS_MAX);
    assert.is(rig.engine.figures().drops['results'], 0);
    refuse(rig, trace, 77, RESULTS_MAX);
    assert.is(rig.engine.figures().drops['results'], 77);
    // Ways to an end beside a refusal.
    rig.transport.network = () => ({ arrivals: [] });
    const answered = rig.probe(trace, { tag: 1 });
    rig.probe(trace, { tag: 2 });
    const source = ROUTERS[4];
    rig.transport.inject(4, { delayNs: 0n, bytes: errorOf(answered), source });
    rig.engine.tick(0);
    rig.clock.advanceMs(1100);
    rig.engine.tick(0);
    assert.is(rig.engine.figures().drops['results'], 79);
    assert.is(rig.hot.call.inflightCount(), 0, 'a probe ends though nobody is told');

    const taken = rig.outcomes();
    assert.is(taken.length, RESULTS_MAX);
    assert.ok(taken.every(({ tag, kind }, i) => tag === i && kind === 'refused'));
    refuse(rig, trace, 3, 500);
    assert.equal(
      rig.outcomes().map(({ tag }) => tag),
      [500, 501, 502],
    );
  });

  test('counts on though its counters wrap', () => {
    const rig = openPaths();
    const trace = openPath(rig, 6, 'tcp');
    const cursor = rig.hot.layout.RINGS / 4 + RING_RESULTS;
    // Half a ring before the end of 32 bits.
    rig.hot.u32.fill(0xffff_ffff - RESULTS_MAX / 2, cursor, cursor + 2);
    refuse(rig, trace, RESULTS_MAX + 5);

    assert.is(rig.engine.figures().drops['results'], 5);
    const taken = rig.outcomes();
    assert.is(taken.length, RESULTS_MAX);
    assert.ok(taken.every(({ tag }, i) => tag === i));
  });

  test('leaves nothing of the outcome that had the place before', () => {
    const rig = openPaths();
    const trace = openPath(rig, 4, 'icmp');
    for (let i = 0; i < 2; i++) {
      rig.transport.network = () => ({ arrivals: [] });
      const bytes = errorOf(rig.probe(trace), {
        type: 3,
        code: 4,
        word: 1400,
        objects: [stackOf(8)],
      });
      rig.transport.inject(4, { delayNs: 0n, bytes, source: ROUTERS[4] });
      rig.engine.tick(0);
      refuse(rig, trace, RESULTS_MAX - 1);
      rig.outcomes();
    }
    refuse(rig, trace, 1);
    const [refused] = rig.outcomes();

    assert.equal(
      [refused?.mtu, refused?.quotedTtl, refused?.answerTtl, refused?.rttNs, refused?.quality],
      [null, null, null, null, null],
    );
    assert.equal(refused?.labels, []);
    assert.equal(refused?.address, new Uint8Array(16));
    const { layout, bytes } = rig.hot;
    const place = bytes.subarray(layout.RESULTS, layout.RESULTS + layout.RESULT_BYTES);
    assert.ok(place.subarray(104).every((byte) => byte === 0));
  });

  test('says when the probe was sent, by the clock of the send', () => {
    const rig = openPaths();
    rig.probe(openPath(rig, 4, 'icmp'));
    const sentMs = Number(rig.clock.realNow() / 1_000_000n);
    rig.clock.advanceMs(1100);
    rig.engine.tick(0);

    assert.is(rig.outcomes()[0]?.sentMs, sentMs);
  });
});

import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { createPacer, tokenBucket } from '../../src/core/token-bucket.ts';
import { suite } from '../helper.ts';

suite('core/token-bucket', ({ test }) => {
  test('a burst goes at once, then one at a time', () => {
    const bucket = tokenBucket({ perSecond: 10, burst: 3 });

    assert.equal([bucket.take(0).ok, bucket.take(0).ok, bucket.take(0).ok], [true, true, true]);
    assert.equal(bucket.take(0), { ok: false, atMs: 100 });
    assert.equal(bucket.take(100), { ok: true });
    assert.equal(bucket.take(150), { ok: false, atMs: 200 });
  });

  test('a long rest saves no more than a burst', () => {
    const bucket = tokenBucket({ perSecond: 10, burst: 2 });
    const taken = [0, 0, 1e9, 1e9, 1e9].map((nowMs) => bucket.take(nowMs).ok);

    assert.equal(taken, [true, true, true, true, false]);
  });

  test('no pace at all is no limit', () => {
    const bucket = tokenBucket({ perSecond: Number.POSITIVE_INFINITY, burst: 1 });
    for (let i = 0; i < 1000; i++) assert.is(bucket.take(0).ok, true);
  });

  test('whoever comes when told gets a token, and no span holds more than rate and burst', () => {
    const rate = fc.record({
      perSecond: fc.integer({ min: 1, max: 2000 }),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(rate, fc.array(fc.nat(50), { minLength: 50, maxLength: 200 }), (pace, waits) => {
        const bucket = tokenBucket(pace);
        const sent: number[] = [];
        let nowMs = 0;
        for (const wait of waits) {
          nowMs += wait;
          const first = bucket.take(nowMs);
          if (!first.ok) {
            assert.ok(first.atMs > nowMs);
            nowMs = first.atMs;
            assert.is(bucket.take(nowMs).ok, true);
          }
          sent.push(nowMs);
        }
        for (let i = 0; i < sent.length; i++) {
          const last = sent[sent.length - 1] ?? 0;
          const span = last - (sent[i] ?? 0);
          const most = pace.burst + (span * pace.perSecond) / 1000;
          assert.ok(sent.length - i <= most + 1e-6, `${sent.length - i} in ${span} ms`);
        }
      }),
    );
  });

  test('one router is asked no faster than it may be, others are not held up', () => {
    const pacer = createPacer({
      global: { perSecond: 1000, burst: 100 },
      perAddress: { perSecond: 10, burst: 1 },
      addressesMax: 8,
    });

    assert.is(pacer.take('a', 0).ok, true);
    assert.equal(pacer.take('a', 0), { ok: false, atMs: 100 });
    assert.is(pacer.take('b', 0).ok, true);
    assert.is(pacer.take(null, 0).ok, true);
  });

  test('a refusal by one bucket takes nothing from the other', () => {
    const pacer = createPacer({
      global: { perSecond: 10, burst: 2 },
      perAddress: { perSecond: 1, burst: 1 },
      addressesMax: 8,
    });
    pacer.take('a', 0);
    for (let i = 0; i < 5; i++) assert.is(pacer.take('a', 0).ok, false);

    assert.is(pacer.take('b', 0).ok, true);
    assert.equal(pacer.take('c', 0), { ok: false, atMs: 100 });
    assert.is(pacer.take('c', 100).ok, true);
  });

  test('addresses beyond the bound are forgotten, the one asked longest ago first', () => {
    const pacer = createPacer({
      global: { perSecond: Number.POSITIVE_INFINITY, burst: 1 },
      perAddress: { perSecond: 1, burst: 1 },
      addressesMax: 2,
    });
    for (const address of ['a', 'b', 'a', 'c']) pacer.take(address, 0);

    assert.is(pacer.size(), 2);
    assert.is(pacer.take('a', 0).ok, false);
    assert.is(pacer.take('b', 0).ok, true);
  });
});

import { equal, is, ok, throws } from 'uvu/assert';
import { createBuckets, throttleOf } from '../../../src/control/request/rate-limit.ts';
import { ProbeError } from '../../../src/core/error.ts';
import { suite } from '../../helper.ts';
import { openLab } from '../lab.ts';

suite('control/request/rate-limit', (s) => {
  s.test('a bucket gives its burst, then one each refill, and never more than the burst', () => {
    const clock = { nowMs: 1_000_000 };
    const buckets = createBuckets({
      burst: 3,
      refillMs: 1_000,
      entriesMax: 8,
      nowMs: () => clock.nowMs,
    });
    for (let n = 0; n < 3; n++) {
      is(buckets.waitMs('a'), 0);
      buckets.take('a');
    }
    is(buckets.waitMs('a'), 1_000);
    is(buckets.waitMs('b'), 0);
    clock.nowMs += 400;
    is(buckets.waitMs('a'), 600);
    clock.nowMs -= 500_000;
    is(buckets.waitMs('a'), 1_000);
    clock.nowMs += 9_000_000;
    for (let n = 0; n < 3; n++) buckets.take('a');
    is(buckets.waitMs('a'), 1_000);
  });

  s.test('memory is bounded, and the one longest untouched makes room', () => {
    const buckets = createBuckets({ burst: 1, refillMs: 1_000, entriesMax: 100, nowMs: () => 0 });
    buckets.take('first');
    for (let n = 0; n < 1_000; n++) buckets.take(`k${n}`);
    is(buckets.size, 100);
    equal([buckets.waitMs('first'), buckets.waitMs('k999')], [0, 1_000]);
  });

  s.test('a whole network is counted, and told how long to wait', async () => {
    const lab = await openLab();
    const throttle = throttleOf(lab.context);
    for (let n = 0; n < 60; n++) throttle.failed(`192.0.2.${n}`);
    try {
      throttle.check('192.0.2.200');
      ok(false, 'not throttled');
    } catch (error) {
      ok(error instanceof ProbeError);
      is(error.code, 'ERR_THROTTLED');
      is((error as unknown as { retryAfterS: number }).retryAfterS, 2);
    }
    throttle.check('192.0.3.1');
    throws(() => throttle.check('::ffff:192.0.2.9'), /wait 2 s/);
    is(throttleOf(lab.context), throttle);
    await lab.close();
  });
});

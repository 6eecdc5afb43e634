import { equal } from 'uvu/assert';
import * as v from 'valibot';
import { METRIC_JOBS, METRIC_JOBS_PLANNED } from '../../src/core/metric-jobs.ts';
import { isBearer, PUSH_BEARER } from '../../src/core/push-wire.ts';
import { METRIC_GROUPS, METRIC_GROUPS_PLANNED } from '../../src/probe/metrics/metrics.ts';
import { suite } from '../helper.ts';

suite('push-wire', ({ test }) => {
  test('a token is one word of the alphabet of RFC 6750', () => {
    for (const good of ['tok-A-12345678', 'a.b_c~d+e/f==', 'A'.repeat(512)]) {
      equal(isBearer(good), true, good);
    }
    for (const bad of [
      '',
      'short',
      'two words here',
      'line\nbreak-of-it',
      'A'.repeat(520),
      '%{HOME}xx',
    ]) {
      equal(isBearer(bad), false, bad);
    }
  });

  test('what a script makes of a missing value is no token', () => {
    for (const word of ['null', 'NULL', 'undefined', 'None']) equal(isBearer(word), false, word);
  });

  test('the control may say where it thinks that the metrics go', () => {
    equal(v.is(PUSH_BEARER, { bearer: 'tok-A-12345678' }), true);
    equal(v.is(PUSH_BEARER, { bearer: 'tok-A-12345678', url: 'http://[fd00::1]/' }), true);
    equal(v.is(PUSH_BEARER, { bearer: null }), false);
  });

  test('every group that the daemon serves has a job, and no other', () => {
    const served = METRIC_GROUPS.filter((group) => group !== 'all');
    equal(METRIC_JOBS.map(({ group }) => group).sort(), [...served].sort());
    equal(METRIC_JOBS_PLANNED.map(({ group }) => group).sort(), [...METRIC_GROUPS_PLANNED].sort());
  });
});

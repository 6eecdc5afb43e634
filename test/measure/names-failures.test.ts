import * as assert from 'uvu/assert';
import { trackFailures } from '../../src/measure/names-failures.ts';
import { suite } from '../helper.ts';

suite('measure/names-failures', ({ test }) => {
  test('a failure before its time is no further one, and says what is left to wait', () => {
    let nowMs = 0;
    const failures = trackFailures(() => nowMs);
    const first = failures.failed('a');

    nowMs = 2000;
    assert.is(failures.failed('a'), first - 2000);
    nowMs = first - 1;
    assert.is(failures.failed('a'), 1000);
    nowMs = first;
    assert.ok(failures.failed('a') >= 8000);
  });

  test('the wait is spread by a fifth either way', () => {
    const failures = trackFailures(() => 0);
    const waits = Array.from({ length: 2000 }, (_, i) => failures.failed(`${i}`));

    assert.ok(Math.min(...waits) >= 4000 && Math.min(...waits) < 4200);
    assert.ok(Math.max(...waits) <= 6000 && Math.max(...waits) > 5800);
  });

  test('success forgets the failures of that key alone', () => {
    const failures = trackFailures(() => 0);
    failures.failed('a');
    failures.failed('b');
    failures.succeeded('a');

    assert.is(failures.isFailing('a'), false);
    assert.is(failures.isFailing('b'), true);
  });

  test('of more than 4096 names the oldest are forgotten', () => {
    const failures = trackFailures(() => 0);
    for (let i = 0; i <= 4096; i++) failures.failed(`${i}`);

    assert.is(failures.isFailing('0'), false);
    assert.is(failures.isFailing('1'), true);
    assert.is(failures.isFailing('4096'), true);
  });
});

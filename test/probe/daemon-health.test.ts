import { equal, is } from 'uvu/assert';
import { isTicking, watchHealth } from '../../src/probe/daemon-health.ts';
import { suite } from '../helper.ts';

/** A store whose errors and a clock whose time the test sets. */
function watched(errorsAtStart = 0) {
  const now = { ms: 1000, errors: errorsAtStart };
  const health = watchHealth({
    stats: () => ({ errors: now.errors, lastError: now.errors === 0 ? null : 'no space' }),
    monoMs: () => now.ms,
  });
  return { now, health };
}

suite('daemon-health', (s) => {
  s.test('is good while it ticks and stores', () => {
    const { health } = watched();
    equal(health.judge(1100), { ok: true, reason: null });
  });

  s.test('is bad when nothing ticks for more than five seconds', () => {
    const { health } = watched();
    equal(health.judge(7400), { ok: false, reason: 'no measurement for 7 s' });
    is(health.judge(20).ok, true);
  });

  s.test('is bad for two minutes after the store failed, and again after the next time', () => {
    const { now, health } = watched();
    now.errors = 1;
    health.look();
    now.ms += 119_000;
    const during = health.judge(0);
    now.ms += 2000;
    const after = health.judge(0);
    now.errors = 2;

    equal(during, { ok: false, reason: 'the store fails: no space' });
    equal([after.ok, health.judge(0).ok], [true, false]);
  });

  s.test('a store that fails does not mean that nothing ticks', () => {
    const { now, health } = watched();
    now.errors = 1;
    equal([health.judge(20).ok, isTicking(20)], [false, true]);
    equal([isTicking(5000), isTicking(5001)], [true, false]);
  });

  s.test('what was found damaged at the start is no failure of now', () => {
    const { health } = watched(3);
    health.look();
    is(health.judge(0).ok, true);
  });

  s.test('a store that fails between two looks is noticed by who asks', () => {
    const { now, health } = watched();
    now.errors = 1;
    is(health.judge(0).ok, false);
  });
});

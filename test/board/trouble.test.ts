import { equal } from 'uvu/assert';
import type { Agent } from '../../src/board/agent-state.ts';
import { troubleOf } from '../../src/board/trouble.ts';
import { suite } from '../helper.ts';

const BEFORE = { sinceMs: 5, reason: 'the disk is full' };

function agent(state: Partial<Agent['state']>, nowMs = 100): Agent {
  const still = { lastError: null, controlAway: null, refusedEtag: null };
  return { state: { ...still, ...state }, clock: { nowMs: () => nowMs } } as unknown as Agent;
}

suite('board/trouble', ({ test }) => {
  test('a failure is told with when it began, also after the control was told', () => {
    const failing = agent({ lastError: 'the disk is full' });
    equal(troubleOf(failing, false, null), { sinceMs: 100, reason: 'the disk is full' });
    equal(troubleOf(failing, false, BEFORE), BEFORE);
    equal(troubleOf(agent({}), false, BEFORE), BEFORE);
    equal(troubleOf(agent({ refusedEtag: '"a"' }), true, BEFORE), BEFORE);
    equal(troubleOf(agent({}), true, BEFORE), null);
  });

  test('a control that does not answer is not told of twice', () => {
    const away = agent({
      lastError: 'no answer',
      controlAway: { sinceMs: 1, reason: 'no answer' },
    });
    equal(troubleOf(away, false, null), null);
    equal(troubleOf(away, false, BEFORE), BEFORE);
  });

  test('a clock before 1970 makes no time that cannot be written', () => {
    equal(troubleOf(agent({ lastError: 'x' }, -5), false, null)?.sinceMs, 0);
  });
});

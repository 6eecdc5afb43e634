import { equal, is } from 'uvu/assert';
import { safeParse } from 'valibot';
import {
  AGENT_TROUBLE,
  type AgentSaid,
  type Heard,
  hearAgent,
  NOTHING_HEARD,
} from '../../src/core/agent-trouble.ts';
import { suite } from '../helper.ts';

const FULL = 'the new configuration cannot be kept: ENOSPC';

function hear(...said: readonly Partial<AgentSaid>[]): Heard {
  return said.reduce<Heard>(
    (before, one) => hearAgent(before, { lastError: null, isBehind: false, nowMs: 0, ...one }),
    NOTHING_HEARD,
  );
}

suite('core/agent-trouble', ({ test }) => {
  test('an agent that is well, or about to fetch something new, is in no trouble', () => {
    equal(hear({}), NOTHING_HEARD);
    equal(hear({ isBehind: true, nowMs: 5 }), { behindSinceMs: 5, trouble: null });
  });

  test('a failure is told with when it was heard first, and is over when it is not said', () => {
    const lasting = hear({ lastError: 'a', nowMs: 5 }, { lastError: 'b', nowMs: 60_005 });
    equal(lasting.trouble, { message: 'b', sinceMs: 5, isBehind: false });
    is(hear({ lastError: 'a' }, { nowMs: 60_000 }).trouble, null);
  });

  test('what keeps the newest configuration away is remembered until it is there', () => {
    const first = { lastError: FULL, isBehind: true, nowMs: 1000 };
    // Tried again every five minutes, it is said in one report of five.
    const quiet = [61_000, 121_000].map((nowMs) => ({ isBehind: true, nowMs }));

    equal(hear(first).trouble, { message: FULL, sinceMs: 1000, isBehind: false });
    equal(hear(first, ...quiet), {
      behindSinceMs: 1000,
      trouble: { message: FULL, sinceMs: 1000, isBehind: true },
    });
    equal(hear(first, ...quiet, { nowMs: 181_000 }), NOTHING_HEARD);
  });

  test('a clock that is set back makes nobody late', () => {
    const told = hear(
      { lastError: FULL, isBehind: true, nowMs: 9e9 },
      { lastError: FULL, isBehind: true, nowMs: 1 },
    );
    is(told.trouble?.isBehind, false);
  });

  test('it is a line of bounded length', () => {
    const judge = (message: string) =>
      safeParse(AGENT_TROUBLE, { message, sinceMs: 1, isBehind: true }).success;
    equal([judge(FULL), judge('x'.repeat(501)), judge('\u001b[2J')], [true, false, false]);
  });
});

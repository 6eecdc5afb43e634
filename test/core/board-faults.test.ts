import { equal, is, match } from 'uvu/assert';
import { boardFaults, isAboutBoard } from '../../src/core/board-faults.ts';
import { MESH_STATES } from '../../src/core/board-state.ts';
import { TROUBLE } from '../../src/core/report-judge.ts';
import { boardState, lockdownState, meshState, pushState } from '../board/boards.ts';
import { suite } from '../helper.ts';

suite('core/board-faults', ({ test }) => {
  test('a board that is well, and one without parts, have none', () => {
    equal(boardFaults(boardState()), []);
    equal(boardFaults(boardState({ mesh: null, lockdown: null, push: null })), []);
    equal(boardFaults(null), []);
  });

  test('the worst comes first, with its reason', () => {
    const faults = boardFaults(
      boardState({
        mesh: meshState({ state: 'needs-key', reason: 'the key has expired.' }),
        lockdown: lockdownState({ state: 'drifted' }),
        push: pushState({ state: 'stalled', reason: 'no answer for 12 min' }),
      }),
    );
    equal(
      faults.map(({ part }) => part),
      ['lockdown', 'push', 'mesh'],
    );
    match(faults[2]?.reason ?? '', /no key to join its mesh with: the key has expired$/);
    is(
      faults.every(({ badness }) => badness >= TROUBLE),
      true,
    );
  });

  test('what is under way troubles nobody', () => {
    const faults = boardFaults(
      boardState({
        mesh: meshState({ state: 'joining', isVersionOld: true, version: '1.70' }),
        push: pushState({ state: 'waiting' }),
      }),
    );
    is(faults.length, 3);
    is(
      faults.every(({ badness }) => badness < TROUBLE),
      true,
    );
  });

  test('what works with a doubt is told, and is no trouble', () => {
    const faults = boardFaults(
      boardState({
        mesh: meshState({ state: 'joined', reason: 'the login server is out of reach' }),
        push: pushState({ state: 'pushing', reason: 'connect ECONNREFUSED' }),
      }),
    );
    equal(
      faults.map(({ part }) => part),
      ['push', 'mesh'],
    );
    match(faults[0]?.reason ?? '', /wait on the board for the moment: connect ECONNREFUSED$/);
    match(faults[1]?.reason ?? '', /not all is well there: the login server is out of reach$/);
    for (const { badness, reason } of faults) {
      is(badness < TROUBLE, true);
      is(isAboutBoard(reason), true);
    }
  });

  test('a mesh that was switched off on purpose is no fault', () => {
    equal(boardFaults(boardState({ mesh: meshState({ state: 'stopped' }) })), []);
  });

  test('what is measured is not about the board', () => {
    is(isAboutBoard('a400 (v4): down'), false);
  });

  test('every state but the good one has advice', () => {
    for (const state of MESH_STATES) {
      const reason = state === 'joined' ? null : 'a cause';
      const [fault] = boardFaults(boardState({ mesh: meshState({ state, reason }) }));
      is(fault === undefined, state === 'joined', state);
      if (fault !== undefined) is(isAboutBoard(fault.reason), true);
      if (fault !== undefined) match(fault.advice, /^[A-Z].*\.$/);
    }
  });
});

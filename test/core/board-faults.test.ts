import { equal, is, match } from 'uvu/assert';
import { agentFaults, boardFaults } from '../../src/core/board-faults.ts';
import { TROUBLE } from '../../src/core/report-judge.ts';
import { fakeBoard, fakeLockdown, fakeMesh, fakePush } from '../fake/board.ts';
import { suite } from '../helper.ts';

suite('core/board-faults', ({ test }) => {
  test('a board that is well, and one without parts, have none', () => {
    equal(boardFaults(fakeBoard()), []);
    equal(boardFaults(fakeBoard({ mesh: null, lockdown: null, push: null })), []);
    equal(boardFaults(null), []);
  });

  test('the worst comes first, with its reason', () => {
    const faults = boardFaults(
      fakeBoard({
        mesh: fakeMesh({ state: 'needs-key', reason: 'the key has expired.' }),
        lockdown: fakeLockdown({ state: 'drifted' }),
        push: fakePush({ state: 'stalled', reason: 'no answer for 12 min' }),
      }),
    );
    equal(
      faults.map(({ part }) => part),
      ['lockdown', 'push', 'mesh'],
    );
    match(faults[2]?.reason ?? '', /no WireGuard key of its own: the key has expired$/);
    is(
      faults.every(({ badness }) => badness >= TROUBLE),
      true,
    );
  });

  test('what is under way troubles nobody', () => {
    const faults = boardFaults(
      fakeBoard({
        mesh: fakeMesh({ state: 'joining', isVersionOld: true, version: '1.70' }),
        push: fakePush({ state: 'waiting' }),
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
      fakeBoard({
        mesh: fakeMesh({ state: 'joined', reason: 'the login server is out of reach' }),
        push: fakePush({ state: 'pushing', reason: 'connect ECONNREFUSED' }),
      }),
    );
    equal(
      faults.map(({ part }) => part),
      ['push', 'mesh'],
    );
    match(faults[0]?.reason ?? '', /did not take what .* last: connect ECONNREFUSED$/);
    match(faults[1]?.reason ?? '', /not all is well there: the login server is out of reach$/);
    is(
      faults.every(({ badness }) => badness < TROUBLE),
      true,
    );
  });

  test('an agent that cannot take its configuration is in trouble, another failure is news', () => {
    const faults = (isBehind: boolean) =>
      agentFaults({ message: 'no room: ENOSPC', sinceMs: 1, isBehind });
    equal(agentFaults(null), []);
    match(faults(true)[0]?.reason ?? '', /measures by an older configuration.*: no room: ENOSPC$/);
    equal(
      [true, false].map((isBehind) => (faults(isBehind)[0]?.badness ?? 0) >= TROUBLE),
      [true, false],
    );
  });

  test('a mesh that was switched off on purpose is no fault', () => {
    equal(boardFaults(fakeBoard({ mesh: fakeMesh({ state: 'stopped' }) })), []);
  });
});

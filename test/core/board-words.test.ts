import { equal, is, match, not, ok } from 'uvu/assert';
import { boardFaults } from '../../src/core/board-faults.ts';
import { LOCKDOWN_STATE, MESH_STATES, PUSH_STATE } from '../../src/core/board-state.ts';
import {
  agentWords,
  type BoardWords,
  isAboutBoard,
  lockdownWords,
  meshVersionWords,
  meshWords,
  pushWords,
} from '../../src/core/board-words.ts';
import { fakeBoard, fakeLockdown, fakeMesh, fakePush } from '../fake/board.ts';
import { suite } from '../helper.ts';

function allWords(reason: string | null): BoardWords[] {
  return [
    ...(['tailscale', 'wireguard'] as const).flatMap((kind) =>
      MESH_STATES.map((state) => meshWords(fakeMesh({ kind, state, reason }))),
    ),
    ...LOCKDOWN_STATE.entries.state.options.map((state) =>
      lockdownWords(fakeLockdown({ state, reason })),
    ),
    ...[true, false].map((isBehind) => agentWords({ message: reason ?? '', sinceMs: 1, isBehind })),
    ...PUSH_STATE.entries.state.options.map((state) => pushWords(fakePush({ state, reason }))),
  ];
}

suite('core/board-words', ({ test }) => {
  test('every state has a sentence to go on with, and advice when it is a fault', () => {
    for (const { says, why, todo, badness, tone, short } of allWords('a cause.')) {
      match(says, /^[a-z][^:]*[^.]$/);
      is(why, 'a cause');
      ok(short.length > 2);
      if (badness > 0) match(todo, /^[A-Z].*\.$/);
      is(tone === 'good', badness === 0, says);
    }
  });

  test('without a reason one that is switched off is news and no fault', () => {
    const { tone, badness, short, why } = meshWords(fakeMesh({ state: 'stopped' }));
    equal([tone, badness, short, why], ['info', 0, 'off', null]);
  });

  test('each kind of mesh has its own advice', () => {
    const todo = (kind: 'tailscale' | 'wireguard') =>
      meshWords(fakeMesh({ kind, state: 'absent', reason: 'x' })).todo;
    match(todo('tailscale'), 'tailscaled');
    match(todo('wireguard'), 'wireguard-tools');
    not.match(todo('wireguard'), 'tailscale');
  });

  test('an old client is told with its version and with the one that would do', () => {
    is(meshVersionWords(fakeMesh()), null);
    const old = { isVersionOld: true, version: '1.70', versionMin: '1.80' };
    is(
      meshVersionWords(fakeMesh(old))?.why,
      '1.70, and 1.80 is the oldest that is known to be sound',
    );
    const unknown = fakeMesh({ isVersionOld: true, version: null, versionMin: null });
    is(meshVersionWords(unknown)?.why, 'it does not tell its version');
  });

  test('every reason that a probe may have by its board is known to be about it', () => {
    const mesh = fakeMesh({ isVersionOld: true, version: '1.70', versionMin: '1.80' });
    const old = boardFaults(fakeBoard({ mesh, push: null, lockdown: null }));
    is(old.length, 1);
    const reasons = [
      ...allWords('a cause').map(({ says }) => says),
      ...old.map((one) => one.reason),
    ];
    for (const reason of reasons) {
      is(isAboutBoard(`${reason}: 100.64.0.7`), true, reason);
      is(isAboutBoard(`maintenance for 5 min more; ${reason}: 100.64.0.7`), true, reason);
    }
    is(isAboutBoard('a400 (v4): down'), false);
    is(isAboutBoard('all 6 are measured'), false);
  });
});

import { equal, is, match, ok } from 'uvu/assert';
import { LOCKDOWN_STATE, MESH_STATES, PUSH_STATE } from '../../../src/core/board-state.ts';
import { partsOf } from '../../../src/probe/page/board-words.ts';
import {
  BOARD_NOW_MS,
  fakeBoardSnapshot,
  fakeLockdown,
  fakeMesh,
  fakePush,
} from '../../fake/board.ts';
import { suite } from '../../helper.ts';

function partOf(change: Parameters<typeof fakeBoardSnapshot>[0], rest = {}) {
  const only = { mesh: null, lockdown: null, push: null, ...change };
  const [part, ...more] = partsOf(fakeBoardSnapshot(only, rest), BOARD_NOW_MS);
  equal(more, []);
  if (part === undefined) throw new Error('no part');
  return part;
}

suite('probe/page/board-words', (s) => {
  s.test('a board that is well has nothing to do', () => {
    const parts = partsOf(fakeBoardSnapshot(), BOARD_NOW_MS);
    equal(
      parts.map(({ part, tone, short, todo }) => [part, tone, short, todo]),
      [
        ['mesh', 'good', 'joined', ''],
        ['lockdown', 'good', 'in force', ''],
        ['push', 'good', 'pushing', ''],
      ],
    );
    equal(partsOf(fakeBoardSnapshot({}, { state: null, reason: 'x' }), BOARD_NOW_MS), []);
  });

  s.test('every state has a sentence, and what is not well says what to do', () => {
    const all = [
      ...(['tailscale', 'wireguard'] as const).flatMap((kind) =>
        MESH_STATES.map((state) => partOf({ mesh: fakeMesh({ kind, state, reason: 'why' }) })),
      ),
      ...LOCKDOWN_STATE.entries.state.options.map((state) =>
        partOf({ lockdown: fakeLockdown({ state, reason: 'why' }) }),
      ),
      ...PUSH_STATE.entries.state.options.map((state) =>
        partOf({ push: fakePush({ state, reason: 'why' }) }),
      ),
    ];
    for (const { says, why, todo, tone, short } of all) {
      match(says, /^[A-Z].*\.$/);
      is(why, 'Why.');
      ok(short.length > 2);
      if (tone === 'bad') match(todo, /^[A-Z].*\.$/);
    }
    ok(all.filter(({ tone }) => tone === 'bad').length > 5);
  });

  s.test('what works with a doubt is not said to be well', () => {
    const push = partOf({ push: fakePush({ state: 'pushing', reason: 'connect ECONNREFUSED' }) });
    equal([push.tone, push.why], ['info', 'Connect ECONNREFUSED.']);
    match(
      push.says,
      /^The metrics server did not take what the board measured last\. The server took/,
    );
    const mesh = partOf({ mesh: fakeMesh({ reason: 'the login server is out of reach' }) });
    equal([mesh.tone, mesh.says], ['info', 'The board is on the mesh, but not all is well there.']);
  });

  s.test('a control that does not answer is told, and warned of once it calls us silent', () => {
    const away = (awayMs: number) =>
      partOf({ controlAway: { sinceMs: BOARD_NOW_MS - awayMs, reason: 'connect ECONNREFUSED' } });
    equal([away(60_000).part, away(60_000).tone], ['control', 'info']);
    match(away(240_000).says, /^The control has not answered for 4\smin\.$/);
    equal([away(240_000).tone, away(240_000).why], ['warn', 'Connect ECONNREFUSED.']);
    equal(partsOf(fakeBoardSnapshot({ controlAway: null }), BOARD_NOW_MS).length, 3);
  });

  s.test('a mesh that is switched off is no trouble', () => {
    is(partOf({ mesh: fakeMesh({ state: 'stopped' }) }).tone, 'info');
    is(partOf({ mesh: fakeMesh({ state: 'stopped', reason: 'x' }) }).tone, 'bad');
  });

  s.test('an old version of the mesh is a warning with what to do', () => {
    const old = { isVersionOld: true, version: '1.2', versionMin: '1.80' };
    const { tone, why, todo } = partOf({ mesh: fakeMesh(old) });
    is(tone, 'warn');
    is(why, '1.2, and 1.80 is the oldest that is known to be sound.');
    match(todo, /^Update it/);
    const both = partOf({ mesh: fakeMesh({ ...old, reason: 'no login server' }) });
    match(both.why, /known to be sound\. No login server\.$/);
  });

  s.test('a board that is on the mesh and not heard there says why', () => {
    const listener = { address: null, port: 9740, reason: 'EADDRINUSE', refusedPeers: 0 };
    const { tone, why } = partOf({ mesh: fakeMesh() }, { listener });
    is(tone, 'warn');
    is(why, 'Not served there: EADDRINUSE.');
    // Nobody wants to read there: well.
    is(partOf({ mesh: fakeMesh({ readers: [] }) }, { listener }).tone, 'good');
  });

  s.test('what waits to be pushed is told by size and age', () => {
    const { says } = partOf({ push: fakePush({ state: 'stalled', queueBytes: 2048 }) });
    match(says.replaceAll('\u202f', ' '), /last 9 s ago\. 2\.00 KiB wait on the board\./);
    match(partOf({ push: fakePush({ state: 'down', acceptedMs: null }) }).says, 'nothing yet');
  });
});

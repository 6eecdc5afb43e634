import { equal, is } from 'uvu/assert';
import * as v from 'valibot';
import { BOARD_STATE, BOARD_STATE_BYTES_MAX, MESH_PEERS_MAX } from '../../src/core/board-state.ts';
import { fakeBoard, fakeMesh, fakePeer, fakePush } from '../fake/board.ts';
import { suite } from '../helper.ts';

suite('core/board-state', ({ test }) => {
  test('a whole one and an empty one are valid', () => {
    equal(v.parse(BOARD_STATE, fakeBoard()), fakeBoard());
    const empty = fakeBoard({ mesh: null, lockdown: null, push: null });
    equal(v.parse(BOARD_STATE, empty), empty);
  });

  test('what a hostile board would say is refused', () => {
    const wrong = [
      fakeBoard({ mesh: fakeMesh({ peers: Array(MESH_PEERS_MAX + 1).fill(fakePeer()) }) }),
      fakeBoard({ mesh: fakeMesh({ address: '<script>' }) }),
      fakeBoard({ mesh: fakeMesh({ reason: 'x'.repeat(501) }) }),
      fakeBoard({ mesh: fakeMesh({ reason: 'a\u001b[2Jb' }) }),
      fakeBoard({ push: fakePush({ queueBytes: -1 }) }),
      fakeBoard({ push: fakePush({ state: 'fine' as 'pushing' }) }),
    ];
    for (const state of wrong) is(v.is(BOARD_STATE, state), false, JSON.stringify(state));
  });

  test('the largest fits into its file and into a report', () => {
    const words = 'x'.repeat(500);
    const peer = fakePeer({ name: 'n'.repeat(253), relay: 'r'.repeat(64) });
    const largest = fakeBoard({
      mesh: fakeMesh({ peers: Array(MESH_PEERS_MAX).fill(peer), reason: words }),
      push: fakePush({ reason: words }),
    });
    is(v.is(BOARD_STATE, largest), true);
    is(JSON.stringify(largest).length < BOARD_STATE_BYTES_MAX, true);
  });
});

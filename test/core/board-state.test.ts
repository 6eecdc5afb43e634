import { equal, is } from 'uvu/assert';
import * as v from 'valibot';
import { BOARD_STATE, BOARD_STATE_BYTES_MAX, MESH_PEERS_MAX } from '../../src/core/board-state.ts';
import { boardState, meshPeer, meshState, pushState } from '../board/boards.ts';
import { suite } from '../helper.ts';

suite('core/board-state', ({ test }) => {
  test('a whole one and an empty one are valid', () => {
    equal(v.parse(BOARD_STATE, boardState()), boardState());
    const empty = boardState({ mesh: null, lockdown: null, push: null });
    equal(v.parse(BOARD_STATE, empty), empty);
  });

  test('what a hostile board would say is refused', () => {
    const wrong = [
      boardState({ mesh: meshState({ peers: Array(MESH_PEERS_MAX + 1).fill(meshPeer()) }) }),
      boardState({ mesh: meshState({ address: '<script>' }) }),
      boardState({ mesh: meshState({ reason: 'x'.repeat(501) }) }),
      boardState({ mesh: meshState({ reason: 'a\u001b[2Jb' }) }),
      boardState({ push: pushState({ queueBytes: -1 }) }),
      boardState({ push: pushState({ state: 'fine' as 'pushing' }) }),
    ];
    for (const state of wrong) is(v.is(BOARD_STATE, state), false, JSON.stringify(state));
  });

  test('the largest fits into its file and into a report', () => {
    const words = 'x'.repeat(500);
    const peer = meshPeer({ name: 'n'.repeat(253), relay: 'r'.repeat(64) });
    const largest = boardState({
      mesh: meshState({ peers: Array(MESH_PEERS_MAX).fill(peer), reason: words }),
      push: pushState({ reason: words }),
    });
    is(v.is(BOARD_STATE, largest), true);
    is(JSON.stringify(largest).length < BOARD_STATE_BYTES_MAX, true);
  });
});

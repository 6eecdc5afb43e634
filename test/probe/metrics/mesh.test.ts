import { equal, is } from 'uvu/assert';
import type { BoardSnapshot } from '../../../src/probe/mesh-watch.ts';
import { renderMetrics } from '../../../src/probe/metrics/metrics.ts';
import {
  BOARD_NOW_MS,
  fakeBoardSnapshot,
  fakeLockdown,
  fakeMesh,
  fakePeer,
  fakePush,
} from '../../fake/board.ts';
import { suite } from '../../helper.ts';
import { findValue, parseMetrics } from '../metrics-parse.ts';
import { makeSnapshot } from '../metrics-snapshot.ts';

async function scrape(board: BoardSnapshot | null) {
  const samples = parseMetrics(
    await renderMetrics('self', makeSnapshot({ board, nowMs: BOARD_NOW_MS })),
  );
  const names = new Set(samples.map(({ name }) => name));
  return {
    names: [...names].filter((name) => /^flint_(mesh|lockdown|push|board)_/.test(name)),
    value: (name: string, labels = {}) => findValue(samples, name, labels),
    samples,
  };
}

suite('probe/metrics/mesh', (s) => {
  s.test('a machine without an agent has none of them', async () => {
    equal((await scrape(null)).names, []);
  });

  s.test('a silent agent is told, and nothing that it said before', async () => {
    const { names, value } = await scrape(fakeBoardSnapshot({}, { state: null, reason: 'why' }));
    equal(names, ['flint_board_heard', 'flint_mesh_refused_connections_total']);
    is(value('flint_board_heard'), 0);
  });

  s.test('a part that the board does not have has no line', async () => {
    const { names } = await scrape(fakeBoardSnapshot({ mesh: null, lockdown: null, push: null }));
    equal(names, ['flint_board_heard', 'flint_mesh_refused_connections_total']);
  });

  s.test('the mesh: state, version, handshakes, transfer by peer', async () => {
    const peers = [
      fakePeer(),
      fakePeer({ name: 'relay', via: 'relayed', handshakeMs: null, sentBytes: 0 }),
      fakePeer({ name: 'idle', via: 'idle' }),
    ];
    const { value } = await scrape(fakeBoardSnapshot({ mesh: fakeMesh({ peers }) }));

    const labels = { kind: 'wireguard', state: 'joined', version: 'wireguard-go 0.0.20220316' };
    is(value('flint_mesh_info', labels), 1);
    equal([value('flint_mesh_joined'), value('flint_mesh_version_ok')], [1, 1]);
    is(value('flint_mesh_handshake_age_seconds', { peer: 'monitor' }), 42);
    is(value('flint_mesh_handshake_age_seconds', { peer: 'relay' }), undefined);
    equal(
      ['monitor', 'relay', 'idle'].map((peer) => value('flint_mesh_peer_direct', { peer })),
      [1, 0, undefined],
    );
    is(value('flint_mesh_received_bytes_total', { peer: 'monitor' }), 4096);
    is(value('flint_mesh_sent_bytes_total', { peer: 'monitor' }), 123_456);
    equal([value('flint_mesh_listening'), value('flint_mesh_refused_connections_total')], [1, 2]);
  });

  s.test('two peers of one name are two series, and never the same twice', async () => {
    const peers = [fakePeer(), fakePeer({ address: 'fd57::2' }), fakePeer({ address: 'fd57::2' })];
    const { samples } = await scrape(fakeBoardSnapshot({ mesh: fakeMesh({ peers }) }));
    const told = samples.filter(({ name }) => name === 'flint_mesh_sent_bytes_total');
    equal(
      told.map(({ labels }) => labels['peer']),
      ['monitor', 'monitor fd57::2'],
    );
  });

  s.test('what is not known of the mesh has no line', async () => {
    const mesh = fakeMesh({ version: null, state: 'joining', isVersionOld: true });
    const { value } = await scrape(fakeBoardSnapshot({ mesh }));
    equal([value('flint_mesh_version_ok'), value('flint_mesh_joined')], [undefined, 0]);
    const old = await scrape(fakeBoardSnapshot({ mesh: fakeMesh({ isVersionOld: true }) }));
    is(old.value('flint_mesh_version_ok'), 0);
  });

  s.test('lockdown and push, in seconds and bytes', async () => {
    const lockdown = fakeLockdown({ state: 'drifted', drifts: 3, verifiedMs: null });
    const push = fakePush({ state: 'stalled', queueBytes: 99, queueAgeMs: 1500, droppedBlocks: 7 });
    const { value } = await scrape(fakeBoardSnapshot({ lockdown, push }));

    equal([value('flint_lockdown_in_force'), value('flint_lockdown_drifts_total')], [0, 3]);
    is(value('flint_lockdown_verified_timestamp_seconds'), undefined);
    is(value('flint_push_up'), 0);
    is(value('flint_push_state', { state: 'stalled' }), 1);
    is(value('flint_push_state', { state: 'pushing' }), 0);
    equal([value('flint_push_queue_bytes'), value('flint_push_queue_age_seconds')], [99, 1.5]);
    is(value('flint_push_queue_bytes_max'), 67_108_864);
    is(value('flint_push_dropped_blocks_total'), 7);
    is(value('flint_push_accepted_timestamp_seconds'), (BOARD_NOW_MS - 9000) / 1000);
    equal([value('flint_push_sent_bytes_total'), value('flint_push_restarts_total')], [987_654, 0]);
  });
});

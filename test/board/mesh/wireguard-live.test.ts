import { equal, is, match, ok } from 'uvu/assert';
import type { DumpedPeer } from '../../../src/board/mesh/wireguard-dump.ts';
import { clipped, noMesh, openLiveness } from '../../../src/board/mesh/wireguard-live.ts';
import type { PlannedPeer } from '../../../src/board/mesh/wireguard-plan.ts';
import { suite } from '../../helper.ts';

const NOW_MS = 1_795_305_600_000;

const planned = (keepaliveS = 25): PlannedPeer => ({
  ...{ name: 'm', publicKey: 'K', presharedKey: null, endpoint: null, allowed: [], keepaliveS },
});

function rig() {
  const time = { nowMs: NOW_MS, monoMs: 1000 };
  const liveness = openLiveness({ nowMs: () => time.nowMs, monoMs: () => time.monoMs });
  function see(handshakeMs: number): DumpedPeer {
    const peer = {
      ...{ publicKey: 'K', presharedKey: null, endpoint: null, allowed: [], keepaliveS: 25 },
      ...{ handshakeS: Math.floor(handshakeMs / 1000), receivedBytes: 0, sentBytes: 0 },
    };
    liveness.see({ publicKey: 'O', listenPort: 1, peers: [peer] });
    return peer;
  }
  return { time, liveness, see };
}

suite('board/mesh/wireguard-live', (s) => {
  s.test('a peer is there while its handshake is younger than its keys last', () => {
    const { liveness, see } = rig();
    const ages = [0, 134, 136, 200, 209, 211, 100_000];
    const judged = ages.map((ageS) => {
      const found = see(NOW_MS - 1000 * ageS);
      const fresh = rig().liveness;
      return [fresh.isLive(planned(), found), fresh.isSilent(planned(), found)];
    });
    equal(judged, [
      [true, false],
      [true, false],
      [true, true],
      [true, true],
      [true, true],
      [false, true],
      [false, true],
    ]);
    ok(liveness.isSilent(planned(), null) && !liveness.isLive(planned(), null));
    const never = see(0);
    ok(rig().liveness.isSilent(planned(), never) && !rig().liveness.isLive(planned(), never));
  });

  s.test('one without keepalives is looked for only when its keys are gone', () => {
    for (const [ageMs, isSilent] of [[170_000, false] as const, [190_000, true] as const]) {
      const { liveness, see } = rig();
      is(liveness.isSilent(planned(0), see(NOW_MS - ageMs)), isSilent);
    }
  });

  s.test('a handshake that was seen to come is young, whatever the clock says', () => {
    const { time, liveness, see } = rig();
    see(0);
    // The board has no battery: it is 1970 until somebody sets the clock.
    const found = see(5000);
    time.nowMs = NOW_MS;
    is(liveness.isLive(planned(), found), true);
    time.monoMs += 300_000;
    is(liveness.isLive(planned(), see(5000)), false);
  });

  s.test('a handshake of a time to come is not believed', () => {
    const { liveness, see } = rig();
    is(liveness.isLive(planned(), see(NOW_MS + 86_400_000)), false);
  });

  s.test('a reason is one line that the report takes', () => {
    const reason = noMesh('stopped', `a\n\u001b[31m${'x'.repeat(600)}`).reason ?? '';
    match(reason, /^[ -~]{500}$/);
    is(clipped('plain'), 'plain');
  });
});

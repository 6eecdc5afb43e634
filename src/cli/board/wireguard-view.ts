import type { WireguardSettings } from '../../board/mesh/settings.ts';
import type { MeshState } from '../../core/board-state.ts';
import type { Output } from '../ping/view.ts';
import { showTailnet } from './tailnet-view.ts';

// What `flint wireguard` shows: facts and a table of peers as for any mesh, and what to tell the
// other side, ready to be copied.

export interface WireguardView {
  publicKey: string | null;
  settings: WireguardSettings;
  state: MeshState;
  nowMs: number;
}

export function showWireguard(output: Output, view: WireguardView): void {
  const { publicKey, settings, state, nowMs } = view;
  showTailnet(output, state, nowMs);
  if (publicKey === null) return;
  const bits = settings.address.includes(':') ? 128 : 32;
  output.write(
    ['', 'For the other side, as `wg` has it:', '', '[Peer]', `PublicKey = ${publicKey}`]
      .concat(`AllowedIPs = ${settings.address}/${bits}`, '')
      .join('\n'),
  );
}

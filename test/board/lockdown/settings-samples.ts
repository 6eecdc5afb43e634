// Settings for the tests of the lockdown.
import * as v from 'valibot';
import type { AgentSettings } from '../../../src/board/agent-config.ts';
import { LOCKDOWN_SETTINGS, type LockdownSettings } from '../../../src/board/lockdown/settings.ts';
import { MESH_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { PUSH_SETTINGS } from '../../../src/board/push/settings.ts';

export function lockdownSettings(settings: Record<string, unknown> = {}): LockdownSettings {
  return v.parse(LOCKDOWN_SETTINGS, settings);
}

export const TAILNET = {
  kind: 'tailscale',
  loginServer: 'https://headscale.example:8443',
  address: 'fd12:3:4::7',
  readers: ['fd12:3:4::9'],
};

export const WIREGUARD_KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

export function agentSettings({
  tailnet,
  lockdown,
  push,
  control = 'https://control.example',
}: {
  tailnet?: object;
  lockdown?: object;
  push?: object;
  control?: string;
}): AgentSettings {
  return {
    ...{ control, claimToken: null, claimTokenFile: null, hardware: null, mac: null },
    ...{ interface: null, caFile: null, pins: [], setClock: false, probeUser: null },
    tailnet: tailnet === undefined ? null : v.parse(MESH_SETTINGS, tailnet),
    lockdown: lockdown === undefined ? null : v.parse(LOCKDOWN_SETTINGS, lockdown),
    push: push === undefined ? null : v.parse(PUSH_SETTINGS, push),
  };
}

import { formatAddress, parseAddress } from '../core/address.ts';
import type { AgentSettings } from './agent-config.ts';
import type { LockdownSettings } from './lockdown/settings.ts';
import type { MeshSettings, WireguardSettings } from './mesh/settings.ts';
import { planWireguard } from './mesh/wireguard-plan.ts';
import type { PushSettings } from './push/settings.ts';

// What each section of agent.json cannot see alone: who is named twice, who could never come in,
// and what would open the board to its LAN.

/** What is wrong, each with its key; empty when all fits together. */
export function faultsOf(settings: AgentSettings): string[] {
  const { tailnet, lockdown, push } = settings;
  return [
    ...(tailnet === null ? [] : meshFaults(tailnet, settings.interface)),
    ...(lockdown === null ? [] : lockdownFaults(lockdown, tailnet)),
    ...(push === null ? [] : pushFaults(push, tailnet)),
  ];
}

function meshFaults(mesh: MeshSettings, ownInterface: string | null): string[] {
  const { address, readers } = mesh;
  const faults = [...twice('tailnet.readers', readers)];
  if (mesh.interface === ownInterface) {
    faults.push(
      `tailnet.interface: ${mesh.interface} is the interface of the LAN ("interface"): ` +
        'the LAN would be let in as the mesh',
    );
  }
  if (address !== null && readers.some((reader) => isSame(reader, address))) {
    faults.push(`tailnet.readers: ${address} is this board's own address`);
  }
  return mesh.kind === 'wireguard' ? [...faults, ...wireguardFaults(mesh)] : faults;
}

/** Neither its key nor its secrets are known here. */
function wireguardFaults(mesh: WireguardSettings): string[] {
  const planned = planWireguard(mesh, '', () => ANY_KEY);
  return planned.ok ? [] : [`tailnet: ${planned.reason}`];
}

const ANY_KEY = `${'A'.repeat(43)}=`;

function lockdownFaults(lockdown: LockdownSettings, mesh: MeshSettings | null): string[] {
  const { jumpHosts, sshPort, pagePort } = lockdown;
  const faults = [...twice('lockdown.jumpHosts', jumpHosts)];
  if (sshPort === pagePort) {
    faults.push(`lockdown.pagePort: ${pagePort} is sshPort already: readers would reach SSH`);
  }
  if (mesh === null) return faults;
  const { address } = mesh;
  if (address !== null && jumpHosts.some((host) => isSame(host, address))) {
    faults.push(`lockdown.jumpHosts: ${address} is this board's own address`);
  }
  return mesh.kind === 'wireguard' ? [...faults, ...strangerFaults(mesh, jumpHosts)] : faults;
}

function strangerFaults(mesh: WireguardSettings, jumpHosts: readonly string[]): string[] {
  const planned = planWireguard({ ...mesh, readers: [...jumpHosts] }, '', () => ANY_KEY);
  const strangers = planned.ok ? planned.plan.strangers : [];
  return strangers.map(
    (host) => `lockdown.jumpHosts: ${host} is behind no peer of "tailnet", and never comes in`,
  );
}

function pushFaults(push: PushSettings, mesh: MeshSettings | null): string[] {
  const { port, relayPort, daemon, nodeExporter, url } = push;
  const ports = [daemon, ...(nodeExporter === null ? [] : [nodeExporter])].flatMap(loopbackPort);
  const faults = twice('push.port, relayPort, daemon and nodeExporter', [
    ...[port, relayPort, ...ports].map(String),
  ]);
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const address = mesh?.address ?? null;
  if (address !== null && isSame(host, address)) {
    faults.push(`push.url: ${address} is this board's own address`);
  }
  return faults;
}

function loopbackPort(written: string): string[] {
  const found = /^(?:127\.[0-9.]+|\[::1\]|localhost):([0-9]+)$/.exec(written);
  return found === null ? [] : [String(Number(found[1]))];
}

function twice(key: string, texts: readonly string[]): string[] {
  const plain = texts.map(canonical);
  const again = texts.find((_, at) => plain.indexOf(plain[at] ?? '') < at);
  return again === undefined ? [] : [`${key}: ${again} is there twice`];
}

function isSame(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

function canonical(text: string): string {
  const address = parseAddress(text);
  return address === null ? text : formatAddress(address.family, address.bytes);
}

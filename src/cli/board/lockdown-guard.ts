import type { networkInterfaces } from 'node:os';
import type { LockdownSettings } from '../../board/lockdown/settings.ts';
import type { LockdownWanted } from '../../board/lockdown/wanted.ts';
import { type Address, isLoopback, parseAddress } from '../../core/address.ts';

// Whether the lockdown would cut off the very session it is asked for in.

export interface SshRequest {
  /** SSH_CONNECTION: client, its port, server, its port. */
  connection: string | undefined;
  settings: LockdownSettings;
  wanted: LockdownWanted;
  interfaces: ReturnType<typeof networkInterfaces>;
}

/** Why the session would end; null when it would not, or when there is none. */
export function sshFault({ connection, settings, wanted, interfaces }: SshRequest): string | null {
  const [client = '', , server = '', port = ''] = (connection ?? '').trim().split(/\s+/);
  const from = parseAddress(client);
  if (from === null || isLoopback(from)) return null;
  const to = parseAddress(server);
  const { mesh } = wanted;
  const onMesh = mesh === null ? [] : (interfaces[mesh.interface] ?? []);
  const isByMesh = onMesh.some(({ address }) => to !== null && isSame(address, to));
  const isJumpHost = settings.jumpHosts.some((address) => isSame(address, from));
  if (isByMesh && isJumpHost && Number(port) === settings.sshPort) return null;
  const why = isByMesh
    ? isJumpHost
      ? `not by port ${port}`
      : 'it is not among the jumpHosts'
    : 'it does not come by the mesh';
  return `this would cut off your SSH session from ${client}: ${why}`;
}

function isSame(text: string, { family, bytes }: Address): boolean {
  const other = parseAddress(text);
  return other?.family === family && other.bytes.every((byte, at) => byte === bytes[at]);
}

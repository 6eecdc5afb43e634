// The listener on the mesh: there while the board's address is on an interface of this machine,
// gone when it goes, and deaf to everybody but those who are named as readers. Whether the address
// is there is looked up in the kernel, not taken from what the agent said a minute ago.
const os = process.getBuiltinModule('node:os');

import { formatAddress, isLoopback, parseAddress } from '../core/address.ts';
import type { MeshState } from '../core/board-state.ts';
import type { Log } from '../host/log.ts';
import { type Server, type ServerOptions, startServer } from './api/api.ts';

export interface MeshListening {
  /** Where it listens; null while it does not. */
  address: string | null;
  port: number;
  /** Why it does not listen; null while it does, and on a machine without a mesh. */
  reason: string | null;
  /** Connections of others that were closed unread. */
  refusedPeers: number;
}

export interface MeshListener {
  /** Follows the address and the readers; null for what is not known. Call about once a second. */
  look(mesh: MeshState | null): void;
  state(): MeshListening;
  close(): Promise<void>;
}

export interface MeshListenerOptions {
  /** Of the listener on loopback, whose port it takes. */
  server: Omit<ServerOptions, 'address' | 'peers'>;
  log: Pick<Log, 'info' | 'warn'>;
  /** Addresses of this machine, as the kernel writes them. */
  ownAddresses?: () => readonly string[];
}

/** An address is often taken over, or still examined (RFC 4862 §5.4), for a moment. */
const QUIET_LOOKS = 10;

type Wanted = { address: string } | { reason: string | null };

export function openMeshListener(options: MeshListenerOptions): MeshListener {
  const { server, log, ownAddresses = addressesOfMachine } = options;
  const { port } = server;
  let readers: ReadonlySet<string> = new Set();
  let current: { address: string; server: Server } | null = null;
  let opening: Promise<void> | null = null;
  let wanted: Wanted = { reason: null };
  let refusedPeers = 0;
  const failed = { reason: null as string | null, looks: 0 };
  const peers = {
    admits: (address: string) => readers.has(canonical(address)),
    refused: () => void refusedPeers++,
  };

  function isWanted(address: string): boolean {
    return 'address' in wanted && wanted.address === address;
  }

  async function open(address: string): Promise<void> {
    try {
      const opened = await startServer({ ...server, address, peers });
      if (!isWanted(address)) return opened.drop();
      current = { address, server: opened };
      Object.assign(failed, { reason: null, looks: 0 });
      log.info(`listening on the mesh: ${urlOf(address, port)}`, { readers: [...readers].join() });
    } catch (error) {
      failed.reason = error instanceof Error ? error.message : String(error);
      failed.looks++;
      if (failed.looks === QUIET_LOOKS) log.warn(`not on the mesh yet: ${failed.reason}`);
    } finally {
      opening = null;
    }
  }

  function look(mesh: MeshState | null): void {
    readers = new Set((mesh?.readers ?? []).map(canonical));
    wanted = wantedOf(mesh, ownAddresses);
    if (current !== null && !isWanted(current.address)) {
      log.info(`no longer listening on the mesh: ${urlOf(current.address, port)}`);
      current.server.drop();
      current = null;
    }
    if (!('address' in wanted)) Object.assign(failed, { reason: null, looks: 0 });
    else if (current === null) opening ??= open(wanted.address);
  }

  return {
    look,
    state() {
      const address = current?.address ?? null;
      const reason = 'address' in wanted ? failed.reason : wanted.reason;
      return { address, port, reason: address === null ? reason : null, refusedPeers };
    },
    async close() {
      wanted = { reason: null };
      await opening;
      await current?.server.close();
      current = null;
    },
  };
}

/** Where to listen now, or why nowhere. */
function wantedOf(mesh: MeshState | null, ownAddresses: () => readonly string[]): Wanted {
  if (mesh === null) return { reason: null };
  const parsed = mesh.address === null ? null : parseAddress(mesh.address);
  if (parsed === null) return { reason: 'the board has no address on the mesh' };
  // It is answered there anyway, and everybody on this machine would be a peer.
  if (isLoopback(parsed)) return { reason: `${mesh.address} is loopback, and no mesh` };
  if (mesh.readers.length === 0) return { reason: 'nobody is named who may read there' };
  const address = formatAddress(parsed.family, parsed.bytes);
  if (ownAddresses().map(canonical).includes(address)) return { address };
  return { reason: `${address} is on no interface of this machine` };
}

/** As RFC 5952 has it, without a zone; the text itself where it is no address. */
function canonical(text: string): string {
  const parsed = parseAddress(text);
  return parsed === null ? text : formatAddress(parsed.family, parsed.bytes);
}

function addressesOfMachine(): string[] {
  return Object.values(os.networkInterfaces()).flatMap((all) =>
    (all ?? []).map(({ address }) => address),
  );
}

function urlOf(address: string, port: number): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}/`;
}

// The board in the daemon: what its agent says of mesh, lockdown and push, and the listener on the
// mesh that follows it.
import type { BoardState } from '../core/board-state.ts';
import type { Log } from '../host/log.ts';
import type { ServerOptions } from './api/api.ts';
import { type MeshListener, type MeshListening, openMeshListener } from './mesh-listener.ts';
import { boardFile, openBoardReader } from './mesh-state.ts';

export interface BoardSnapshot {
  /** Null while unknown. */
  state: BoardState | null;
  /** Why it is not known; null while it is, and on a machine without an agent. */
  reason: string | null;
  listener: MeshListening;
}

export interface MeshWatch {
  /** Listens on the mesh from now on, as this server does on loopback. */
  serve(server: Omit<ServerOptions, 'address' | 'peers'>): void;
  /** Call about once a second. */
  look(): void;
  /** Null on a machine without an agent. */
  snapshot(): BoardSnapshot | null;
  close(): Promise<void>;
}

export interface MeshWatchOptions {
  /** Null where no agent can be heard. */
  runDirectory: string | null;
  /** Whose words are believed there. */
  owners: readonly number[];
  log: Log;
  nowMs?: () => number;
  monoMs?: () => number;
}

const NOT_LISTENING: MeshListening = { address: null, port: 0, reason: null, refusedPeers: 0 };

export function openMeshWatch(options: MeshWatchOptions): MeshWatch {
  const { runDirectory, owners, log } = options;
  const { nowMs = Date.now, monoMs = () => performance.now() } = options;
  const reader =
    runDirectory === null
      ? null
      : openBoardReader({ file: boardFile(runDirectory), owners, nowMs, monoMs });
  let listener: MeshListener | null = null;
  let read = reader?.look() ?? { kind: 'none' as const };

  function look(): void {
    if (reader === null) return;
    const before = read;
    read = reader.look();
    if (read.kind === 'unknown' && before.kind !== 'unknown') log.warn(read.reason);
    listener?.look(read.kind === 'known' ? read.state.mesh : null);
  }

  return {
    look,
    serve(server) {
      listener = openMeshListener({ server, log });
      look();
    },
    snapshot() {
      if (read.kind === 'none') return null;
      return {
        state: read.kind === 'known' ? read.state : null,
        reason: read.kind === 'unknown' ? read.reason : null,
        listener: listener?.state() ?? NOT_LISTENING,
      };
    },
    close: async () => listener?.close(),
  };
}

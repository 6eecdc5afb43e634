// Where the daemon is read: on its own address, and on that of the mesh once the board is there.
import type { Log } from '../host/log.ts';
import { type Server, startServer } from './api/api.ts';
import { type DaemonParts, sourceOf } from './daemon-source.ts';
import type { MeshWatch } from './mesh-watch.ts';
import type { ProbeFacts } from './snapshot.ts';

export interface ListenerParts extends Pick<DaemonParts, 'store' | 'snapshot' | 'health'> {
  facts: Pick<ProbeFacts, 'startedWith'>;
  /** By the local file, never what the control calls us: a name of its choice would open the
   * page to its site. Null for the machine's own. */
  hostname: string | null;
  mesh: Pick<MeshWatch, 'serve' | 'close'>;
  log: Log;
}

/** Rejects with ERR_SOCKET_OPEN when its own address or port is not to be had. */
export async function startListener(parts: ListenerParts): Promise<Omit<Server, 'drop'>> {
  const { store, snapshot, health, mesh, log } = parts;
  const { listen, measurements } = parts.facts.startedWith;
  const machine = process.getBuiltinModule('node:os').hostname();
  const { roundMs, timeoutMs } = measurements.smokeping;
  const rest = {
    hostnames: [parts.hostname ?? machine, machine],
    log,
    ...sourceOf({ store, snapshot, health, roundMs, timeoutMs }),
  };
  const server = await startServer({ ...listen, ...rest });
  const { address, port } = server;
  mesh.serve({ ...rest, port });
  return {
    address,
    port,
    async close() {
      await Promise.all([server.close(), mesh.close()]);
    },
  };
}

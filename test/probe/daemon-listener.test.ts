import { request } from 'node:http';
import { hostname } from 'node:os';
import { equal, is, ok } from 'uvu/assert';
import { parseProbeConfig } from '../../src/core/config.ts';
import { startListener } from '../../src/probe/daemon-listener.ts';
import type { MeshWatch } from '../../src/probe/mesh-watch.ts';
import { suite } from '../helper.ts';
import { makeSnapshot } from './metrics-snapshot.ts';

type Served = Parameters<MeshWatch['serve']>[0];

function parts(change: { port?: number; hostname?: string | null } = {}) {
  const listen = { address: '127.0.0.1', port: change.port ?? 0 };
  const parsed = parseProbeConfig({ schema: 1, listen }, 'local');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const mesh = { served: [] as Served[], closed: 0 };
  const nothing = (): void => undefined;
  return {
    mesh,
    parts: {
      facts: { startedWith: parsed.config },
      hostname: change.hostname ?? null,
      mesh: {
        serve: (server: Served) => void mesh.served.push(server),
        close: async () => void mesh.closed++,
      },
      log: { info: nothing, warn: nothing, error: nothing, flush: nothing },
      store: { page: async () => ({ rounds: [], next: null }), rounds: none, events: none },
      snapshot: async () => makeSnapshot({}),
      health: () => ({ ok: true, reason: null }),
    },
  };
}

async function none(): Promise<never[]> {
  return [];
}

function statusOf(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path: '/healthz', headers: { host } },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

suite('probe/daemon-listener', (s) => {
  s.test('the mesh is served as the own address is, with the same port and names', async () => {
    const { mesh, parts: given } = parts({ hostname: 'probe07' });
    const server = await startListener(given);
    equal(
      mesh.served.map(({ port, hostnames }) => [port, hostnames]),
      [[server.port, ['probe07', hostname()]]],
    );
    equal([await statusOf(server.port, 'probe07'), server.address], [200, '127.0.0.1']);
    ok((await statusOf(server.port, 'evil.example')) >= 400);
    await server.close();
    is(mesh.closed, 1);
  });

  s.test('where its own port is taken it does not listen on the mesh either', async () => {
    const first = parts();
    const server = await startListener(first.parts);
    const second = parts({ port: server.port });
    const code = await startListener(second.parts).then(
      () => null,
      (error: { code?: string }) => error.code,
    );
    equal([code, second.mesh.served.length], ['ERR_SOCKET_OPEN', 0]);
    await server.close();
  });
});

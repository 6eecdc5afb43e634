import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { equal, is, match, ok } from 'uvu/assert';
import type { MeshState } from '../../src/core/board-state.ts';
import { type MeshListener, openMeshListener } from '../../src/probe/mesh-listener.ts';
import { fakeMesh } from '../fake/board.ts';
import { suite } from '../helper.ts';
import { get } from './api-client.ts';
import { makeSnapshot } from './metrics-snapshot.ts';

// A mesh is an address of the machine that is not loopback; the reader is then this machine itself.
const own = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.internal === false && !one.address.startsWith('fe80'))?.address;
const missing = own === undefined ? 'this machine has loopback alone' : null;
const HERE = own ?? '192.0.2.1';

interface Rig {
  listener: MeshListener;
  log: string[];
  port: number;
  /** What the kernel would say. */
  addresses: string[];
  /** Looks until it stands as wished. */
  until(mesh: MeshState | null, isThere: boolean): Promise<void>;
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return await new Promise((resolve) => {
    const server = createServer().listen(0, HERE, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

async function open(): Promise<Rig> {
  const log: string[] = [];
  const addresses = [HERE];
  const port = await freePort();
  const tell = (message: string): void => void log.push(message);
  const listener = openMeshListener({
    server: {
      port,
      hostnames: ['probe07'],
      snapshot: async () => makeSnapshot(),
      rounds: async () => ({ rounds: [], next: null }),
      events: async () => [],
      health: () => ({ ok: true, reason: null }),
      page: async () => null,
      log: { error: tell },
    },
    log: { info: tell, warn: tell },
    ownAddresses: () => addresses,
  });
  async function until(mesh: MeshState | null, isThere: boolean): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      listener.look(mesh);
      await new Promise((resolve) => setTimeout(resolve, 10));
      if ((listener.state().address !== null) === isThere) return;
    }
    throw new Error(JSON.stringify(listener.state()));
  }
  return { listener, log, port, addresses, until };
}

const mesh = (change: Partial<MeshState> = {}): MeshState =>
  fakeMesh({ address: HERE, readers: [HERE], ...change });

/** Whether anything is answered there at all. */
function isAnswered({ port }: Rig, text = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n') {
  return new Promise<boolean>((resolve) => {
    const socket = connect(port, HERE, () => socket.write(text));
    socket.on('data', () => resolve(true)).on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
    socket.setTimeout(2000, () => socket.destroy());
  });
}

suite('probe/mesh-listener', (s) => {
  let rig: Rig;
  s.before(async () => {
    rig = await open();
  });
  s.after(() => rig.listener.close());

  s.testIf(missing, 'is not there before there is a mesh, nor before its address is', async () => {
    rig.listener.look(null);
    equal(rig.listener.state(), { address: null, port: rig.port, reason: null, refusedPeers: 0 });

    rig.addresses.length = 0;
    await rig.until(mesh(), false);

    match(rig.listener.state().reason ?? '', 'is on no interface');
    is(await isAnswered(rig), false);
  });

  s.testIf(missing, 'is there as soon as the address is, under that address alone', async () => {
    rig.addresses.push(HERE);
    await rig.until(mesh(), true);
    const server = { address: HERE, port: rig.port } as Parameters<typeof get>[0];

    const host = HERE.includes(':') ? `[${HERE}]` : HERE;
    is((await get(server, '/healthz', { headers: { host } })).status, 200);
    is((await get(server, '/healthz', { headers: { host: `${host}:9740` } })).status, 200);
    is((await get(server, '/healthz', { headers: { host: 'probe07' } })).status, 200);
    is((await get(server, '/healthz', { headers: { host: 'evil.example' } })).status, 421);
    is((await get(server, '/', { headers: { host }, method: 'POST' })).status, 405);
    is(rig.listener.state().reason, null);
  });

  s.testIf(missing, 'closes those unread who are no readers, and counts them', async () => {
    const before = rig.listener.state().refusedPeers;
    rig.listener.look(mesh({ readers: ['192.0.2.77', '2001:db8::1'] }));
    for (let n = 0; n < 100; n++) is(await isAnswered(rig), false);
    is(rig.listener.state().refusedPeers - before, 100);

    rig.listener.look(mesh());
    is(await isAnswered(rig), true);
  });

  s.testIf(missing, 'one who was a reader is not answered on an old connection', async () => {
    const text = 'GET /healthz HTTP/1.1\r\nHost: probe07\r\n\r\n';
    const parts: string[] = [];
    const socket = connect(rig.port, HERE, () => socket.write(text));
    await new Promise((resolve) => socket.on('data', (part) => resolve(parts.push(String(part)))));
    match(parts.join(''), '200 OK');

    rig.listener.look(mesh({ readers: ['192.0.2.77'] }));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    const count = parts.length;
    socket.write(text);
    await closed;
    is(parts.length, count);
    rig.listener.look(mesh());
  });

  s.testIf(missing, 'goes with the address, ends its connections, and comes again', async () => {
    const socket = connect(rig.port, HERE);
    await new Promise((resolve) => socket.on('connect', resolve));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);

    rig.addresses.length = 0;
    await rig.until(mesh(), false);
    await closed;
    is(await isAnswered(rig), false);

    rig.addresses.push(HERE);
    await rig.until(mesh(), true);
    is(await isAnswered(rig), true);
  });

  s.testIf(missing, 'with nobody named, or nothing known, it is not there', async () => {
    await rig.until(mesh({ readers: [] }), false);
    match(rig.listener.state().reason ?? '', 'nobody is named');
    await rig.until(mesh(), true);
    await rig.until(null, false);
    is(rig.listener.state().reason, null);
    await rig.until(mesh({ address: null }), false);
    match(rig.listener.state().reason ?? '', 'no address');
  });

  s.testIf(missing, 'a port that another has is tried again, and told once', async () => {
    const other = await open();
    const { createServer } = await import('node:net');
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(other.port, HERE, resolve));
    for (let looks = 0; looks < 15; looks++) {
      other.listener.look(mesh());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    match(other.listener.state().reason ?? '', 'EADDRINUSE');
    is(other.log.filter((line) => line.includes('not on the mesh yet')).length, 1);

    await new Promise((resolve) => squatter.close(resolve));
    await other.until(mesh(), true);
    is(await isAnswered(other), true);
    await other.listener.close();
  });

  s.testIf(missing, 'loopback and wildcards are no mesh', async () => {
    const other = await open();
    for (const address of ['127.0.0.1', '::1', '::', '0.0.0.0', '::ffff:127.0.0.1']) {
      await other.until(mesh({ address }), false);
      ok(other.listener.state().reason !== null, address);
    }
    await other.listener.close();
  });

  s.testIf(missing, 'closed while it opens, it leaves nothing open', async () => {
    const other = await open();
    other.listener.look(mesh());
    await other.listener.close();
    is(await isAnswered(other), false);
  });
});

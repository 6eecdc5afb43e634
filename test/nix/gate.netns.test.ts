// timeout: 60 s
// The gate and the packet filter of a metrics server as the module makes them, with a real nginx
// and a real kernel: a probe, a reader and a stranger call on every port that one might forget.
import { equal } from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '../helper.ts';
import { type Namespace, openNamespace, requireLab } from '../lab/namespace.ts';
import {
  evaluate,
  type Machine,
  missingEvaluation,
  missingPrograms,
  ROOT,
  scratch,
} from './lab.ts';

const OWN = 'fd00:1:2:2::1';
const PROBE = 'fd00:1:2:3::7';
const READER = 'fd00:1:2:2::2';
const STRANGER = 'fd00:1:2:9::1';
const JUMP = 'fd00:1:2:1::1';
const PUSH_PORT = 8400;
const QUERY_PORT = 8482;

/** Stands for vmauth, VictoriaMetrics, sshd and a forgotten port: says who was asked for what. */
const BACKEND = `
  const { createServer } = require('node:http');
  for (const [host, port] of [['127.0.0.1', 8427], ['127.0.0.1', 8428], ['::', 22], ['::', 9999]]) {
    createServer((q, a) => {
      q.resume();
      a.end(port + ' ' + q.method + ' ' + q.url + ' ' + (q.headers.authorization ?? '-'));
    }).listen(port, host, () => console.log('listening ' + port));
  }
`;

suite('nix: gate', (s) => {
  const missing =
    missingEvaluation() ?? missingPrograms('nginx', 'nft', 'curl') ?? requireLab('nft');
  const files = scratch();
  let machine: Machine | undefined;
  let server: Namespace;
  let caller: Namespace;
  let conf = '';

  s.before(async () => {
    if (missing !== null) return;
    machine = evaluate(`${ROOT}test/nix/infra.nix`)['metrics-other-settings'];
    if (machine === undefined) throw new Error('there is no such configuration');
    [server, caller] = [await openNamespace(), await openNamespace()];
    await connect('mesh-0', 'mesh');
    await connect('lan', 'lan');
    for (const address of [PROBE, READER, STRANGER, JUMP]) {
      await caller.ip(`address add ${address}/128 dev mesh`);
    }
    conf = join(files.directory, 'gate.conf');
    const run = join(files.directory, 'run');
    mkdirSync(run);
    const text = readFileSync(machine.files.gate, 'utf8')
      .replaceAll('/run/flint-gate', run)
      .replace(/auth_basic_user_file [^;]+/, `auth_basic_user_file ${join(run, 'readers')}`);
    // Plain passwords as nginx reads them; workers are another user than the master here.
    writeFileSync(join(run, 'readers'), 'grafana:{PLAIN}secret\n');
    writeFileSync(conf, `user root;\n${text}`);
  });

  s.after(async () => {
    await server?.close();
    await caller?.close();
    files.remove();
  });

  async function connect(here: string, there: string): Promise<void> {
    await server.ip(`link add ${here} type veth peer name ${there} netns ${caller.name}`);
    await server.ip(`link set ${here} up`);
    await caller.ip(`link set ${there} up`);
  }

  /** Status and body, or 000 where nothing answers. */
  async function call(from: string, port: number, path: string, ...words: string[]) {
    const url = `http://[${OWN}]:${port}${path}`;
    const given = ['-gs', '-m', '0.3', '--interface', from, '-w', '\n%{http_code}', ...words, url];
    const { stdout } = await caller.exec('curl', given);
    return stdout.trim().split('\n').reverse().join(' ');
  }

  s.testIf(missing, 'without the address of the mesh the gate does not start', async () => {
    const { code, stderr } = await server.exec('nginx', ['-e', 'stderr', '-c', conf]);
    equal(code === 0, false);
    equal(/Cannot assign requested address/.test(stderr), true, stderr);
  });

  s.testIf(missing, 'with it, it does', async () => {
    await server.ip(`address add ${OWN}/128 dev mesh-0`);
    await server.ip('route add fd00:1:2::/48 dev mesh-0');
    await caller.ip(`route add ${OWN}/128 dev mesh`);
    await server.run('nft', ['-f', '-'], { input: machine?.nftables ?? '' });
    const backend = server.spawn('node', ['-e', BACKEND]);
    await backend.waitFor('listening 9999');
    server.spawn('nginx', ['-e', 'stderr', '-c', conf]);
    const push = ['-X', 'POST', '-d', 'x', '-H', 'Authorization: Bearer t'];
    for (let attempt = 0; attempt < 20; attempt++) {
      if ((await call(PROBE, PUSH_PORT, '/remote_write', ...push)) !== '000') break;
    }
    equal(
      await call(PROBE, PUSH_PORT, '/remote_write', ...push),
      '200 8427 POST / Bearer t',
      'the path is gone, the bearer is not',
    );
  });

  s.testIf(missing, 'a probe reaches nothing but the push', async () => {
    const status = async (port: number, path: string, ...words: string[]) =>
      (await call(PROBE, port, path, ...words)).slice(0, 3);
    equal(await status(PUSH_PORT, '/remote_write'), '403');
    for (const path of ['/', '/-/reload', '/metrics', '/debug/pprof/', '/api/v1/query?query=up']) {
      equal(await status(PUSH_PORT, path), '404', path);
    }
    for (const path of ['/remote_write/../metrics', '/remote_write/x', '//remote_write/%2e%2e/x']) {
      equal(await status(PUSH_PORT, path, '--path-as-is', '-d', 'x'), '404', path);
    }
    for (const port of [22, QUERY_PORT, 8427, 8428, 9999]) {
      equal(await status(port, '/'), '000', `port ${port}`);
    }
  });

  s.testIf(missing, 'a reader asks, and changes nothing', async () => {
    const asReader = ['-u', 'grafana:secret'];
    equal(
      await call(READER, QUERY_PORT, '/api/v1/query?query=up', ...asReader),
      '200 8428 GET /api/v1/query?query=up -',
    );
    equal((await call(READER, QUERY_PORT, '/api/v1/query?query=up')).slice(0, 3), '401');
    for (const path of [
      '/api/v1/admin/tsdb/delete_series?match[]=up',
      '/api/v1/import',
      '/api/v1/write',
      '/api/v1/query/../import',
      '/internal/force_flush',
      '/metrics',
    ]) {
      const answer = await call(READER, QUERY_PORT, path, '--path-as-is', ...asReader);
      equal(answer.slice(0, 3), '404', path);
    }
    equal(await call(READER, PUSH_PORT, '/remote_write', '-d', 'x'), '000');
  });

  s.testIf(missing, 'others of the mesh reach nothing, the jump host SSH alone', async () => {
    for (const port of [22, PUSH_PORT, QUERY_PORT, 9999]) {
      equal(await call(STRANGER, port, '/'), '000', `port ${port}`);
    }
    equal((await call(JUMP, 22, '/')).slice(0, 3), '200');
    equal(await call(JUMP, PUSH_PORT, '/'), '000');
  });

  s.testIf(missing, 'who claims the address of a probe on the LAN reaches nothing', async () => {
    const linkOf = async (namespace: Namespace) =>
      /fe80::[0-9a-f:]+/.exec(await namespace.ip('-6 address show dev lan'))?.[0] ?? '';
    await caller.ip(`route replace ${OWN}/128 via ${await linkOf(server)} dev lan`);
    await server.ip(`route replace ${PROBE}/128 via ${await linkOf(caller)} dev lan`);
    for (const port of [22, PUSH_PORT, QUERY_PORT]) {
      equal(await call(PROBE, port, '/'), '000', `port ${port}`);
    }
    // Without our table, and with a firewall that lets in, it would.
    await server.run('nft', ['delete', 'table', 'inet', 'nixos-fw']);
    equal(await call(PROBE, 22, '/'), '000');
    await server.run('nft', ['delete', 'table', 'inet', 'flint-member']);
    equal((await call(PROBE, 22, '/')).slice(0, 3), '200');
  });
});

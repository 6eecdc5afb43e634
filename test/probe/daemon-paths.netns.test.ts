// Paths as the daemon measures them through kernels that forward: what it tells when the route is
// switched, falls silent, or changes while it is off, and what a dashboard of SPARKY's then shows.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { ProbeEvent } from '../../src/core/round.ts';
import type { PathSnapshot } from '../../src/core/snapshot.ts';
import { suite } from '../helper.ts';
import { openSwitch, type Switch } from '../lab/net.ts';
import {
  attachDaemon,
  type Fetcher,
  MAIN,
  missingDaemonLab,
  openFetcher,
  type RunningDaemon,
} from './daemon-lab.ts';
import { findValue, parseMetrics } from './metrics-parse.ts';
import { missingVictoria, startVictoria, type Victoria } from './victoria.ts';

const missing = missingDaemonLab('nft');
const missingStore = missing ?? missingVictoria();
const missingPromtool = missing ?? (hasPromtool() ? null : 'promtool is not on the PATH');

const GONE = '10.90.0.77';
type ListedPath = Omit<PathSnapshot, 'target'> & { id: string };

suite('daemon-paths', (s) => {
  let network: Switch;
  let fetcher: Fetcher;
  let directory = '';
  let daemon: RunningDaemon;
  let proxy: Server;
  let victoria: Victoria | null = null;

  async function start(): Promise<RunningDaemon> {
    const places = ['--state', directory, '--run', join(directory, 'run')];
    const words = ['probe', '--config', join(directory, 'probe.json'), ...places];
    const started = network.prober.spawn(process.execPath, [MAIN, ...words]);
    await started.waitFor(' measuring ', 10_000);
    return attachDaemon(started, fetcher, 9740);
  }

  async function paths(): Promise<Map<string, ListedPath>> {
    const { body } = await daemon.get('/api/v1/paths');
    const { paths: all } = JSON.parse(body) as { paths: ListedPath[] };
    return new Map(all.map((path) => [path.id, path]));
  }

  /** Each was looked at, and those that answer were traced. */
  function isBegun(all: Map<string, ListedPath>): boolean {
    const isTraced = ['near', 'six'].every((id) => (all.get(id)?.traces ?? 0) > 0);
    return isTraced && ['nowhere', 'nowhere6'].every((id) => all.get(id)?.lastRound !== null);
  }

  /** Of the two targets that answer, the path of another may take longer to be sure of. */
  async function changed(): Promise<ProbeEvent[]> {
    const events = await daemon.events('path');
    return events.filter(({ target }) => target !== 'gone');
  }

  const textOf = (number: 0 | 1, family: 'v4' | 'v6') =>
    network.paths[number]?.[family].join(' ') ?? '';

  s.before(async () => {
    if (missing !== null) return;
    network = await openSwitch({ before: 2, after: 1 });
    fetcher = openFetcher(network.prober);
    directory = mkdtempSync(join(tmpdir(), 'flint-paths-'));
    chmodSync(directory, 0o755);
    writeFileSync(join(directory, 'probe.json'), JSON.stringify(configuration(network)));
    const rules = `add table inet f
      add chain inet f in { type filter hook input priority 0; }
      add rule inet f in ip daddr ${GONE} drop`;
    await network.target.run('nft', ['-f', '-'], { input: rules });
    daemon = await start();
    if (missingStore === null) {
      proxy = await startProxy(fetcher);
      const { port } = proxy.address() as AddressInfo;
      victoria = await startVictoria([{ job: 'path', url: `http://127.0.0.1:${port}/` }], 1000);
    }
    await daemon.until(paths, isBegun);
  });

  s.after(async () => {
    await victoria?.stop();
    proxy?.close();
    proxy?.closeAllConnections();
    await network?.close();
    if (directory !== '') rmSync(directory, { recursive: true, force: true });
  });

  s.testIf(
    missing,
    'finds every hop of both families, and says what cannot be traced',
    async () => {
      const all = await paths();
      for (const [id, family] of [['near', 'v4'] as const, ['six', 'v6'] as const]) {
        const path = all.get(id);
        equal(
          path?.path?.hops.map(({ ip }) => ip),
          [...(network.paths[0]?.[family] ?? [])],
        );
        equal([path?.end, path?.state, path?.path?.reached], ['target', 'tracing', true]);
        ok(
          path?.lastRound?.hops.every(({ lossKind }) => lossKind === 'none'),
          id,
        );
      }
      for (const id of ['nowhere', 'nowhere6']) {
        equal(all.get(id)?.state, 'unavailable');
        match(all.get(id)?.reason ?? '', 'no route');
      }
      equal(await daemon.events('path'), []);
    },
  );

  s.testIf(missing, 'targets that cannot be reached have samples, too', async () => {
    const samples = parseMetrics(await daemon.metrics('/metrics/path'));
    const value = (name: string, dest: string, hop: number) =>
      findValue(samples, name, { dest, hop: String(hop), host: 'pd', db: 'telegraf' });
    is(value('mtr_v4_loss', '198.51.100.1', 1), 100);
    is(value('mtr_v4_snt', '198.51.100.1', 1), 0);
    is(value('mtr_v6_loss', '2001:db8::1', 1), 100);
    is(value('mtr_v4_avg', '198.51.100.1', 1), 0);
  });

  s.testIf(
    missing,
    'a route that is switched is one event for each path, right in both',
    async () => {
      const fromMs = Date.now();
      await network.switchRoute(1);
      const events = await daemon.until(changed, ({ length }) => length >= 2);

      equal(events.map(({ target }) => target).sort(), ['near', 'six']);
      for (const { family, detail, fromMs: atMs, untilMs, scope } of events) {
        const known = family ?? 'v4';
        equal([detail['before'], detail['after']], [textOf(0, known), textOf(1, known)]);
        equal([detail['ttl'], scope], [network.ttl, 'target']);
        ok(atMs >= fromMs - 1000 && (untilMs ?? 0) >= atMs && (untilMs ?? 0) <= Date.now());
      }
      match(daemon.log(), / path to near \(v4\) changed from=/);
    },
  );

  s.testIf(missing, 'a hop that falls silent is none', async () => {
    await network.setSilent({ ttl: 2 });
    const isSilent = (all: Map<string, ListedPath>) =>
      ['near', 'six'].every((id) => all.get(id)?.lastRound?.hops[1]?.received === 0);
    const all = await daemon.until(paths, isSilent, 15_000);

    is((await changed()).length, 2);
    const gone = all.get('gone');
    equal([gone?.end, gone?.path?.reached, gone?.lastRound?.reached], ['silence', false, false]);
    const samples = parseMetrics(await daemon.metrics('/metrics/path'));
    is(findValue(samples, 'mtr_v4_loss', { dest: GONE, hop: '1', ip: '10.80.0.2' }), 0);
    equal(
      all.get('near')?.path?.hops.map(({ ip }) => ip),
      [...(network.paths[1]?.v4 ?? [])],
    );
    const hop = all.get('near')?.lastRound?.hops[1];
    ok(hop?.lossKind === 'silent' || hop?.pathLossPercent === 0, hop?.lossKind);
  });

  s.testIf(missingPromtool, 'promtool has nothing to say', async () => {
    const input = await daemon.metrics();
    const result = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    equal([result.stdout + result.stderr, result.status], ['', 0]);
  });

  s.testIf(
    missingStore,
    'the query of the dashboard gives the path, each run with one time',
    async () => {
      if (victoria === null) return;
      const dest = network.targets.v4[0] ?? '';
      const isScraped = (hops: { labels: Record<string, string> }[]) =>
        // What has vanished from a scrape ends with it, in a message of its own.
        hops.length === 7 && hops.some(({ labels }) => labels['ip'] === '???');
      const all = await victoria.until(`mtr_v4_avg{db="telegraf",dest="${dest}"}`, isScraped);
      const inOrder = all.sort((a, b) => Number(a.labels['hop']) - Number(b.labels['hop']));

      equal(
        inOrder.map(({ labels }) => labels['ip']),
        (network.paths[1]?.v4 ?? []).map((ip, i) => (i === 1 ? '???' : ip)),
      );
      const names = ['__name__', 'db', 'dest', 'hop', 'host', 'instance', 'ip', 'job'];
      for (const { labels } of all) equal(Object.keys(labels).sort(), names);
      const dests = await victoria.labelValues('mtr_v4_avg', 'dest');
      equal(dests.sort(), ['10.90.0.1', GONE, '198.51.100.1']);
      const last = `max by(hop) (timestamp(mtr_v4_snt{dest="${dest}"}))`;
      const times = (await victoria.query(last)).map(({ value }) => value);
      equal([times.length, new Set(times).size], [7, 1]);
      const [age = { value: 0 }] = await victoria.query(`time() - ${times[0]}`);
      ok(age.value > 0 && age.value < 10, `${age.value} s`);
    },
  );

  s.testIf(
    missing,
    'a path that changed while the probe was off is one event of the next',
    async () => {
      const text = readFileSync(join(directory, 'rounds', 'paths.json'), 'utf8');
      match(text, textOf(1, 'v4').split(' ')[3] ?? 'none');
      await daemon.stop('SIGKILL');
      await network.switchRoute(0);
      await network.setSilent({ ttl: 2 }, false);
      daemon = await start();
      const events = await daemon.until(changed, ({ length }) => length >= 4);

      is(events.length, 4);
      for (const { family, detail } of events.slice(2)) {
        const known = family ?? 'v4';
        equal([detail['before'], detail['after']], [textOf(1, known), textOf(0, known)]);
      }
      not.match(daemon.log(), /left aside|Error/);
    },
  );
});

function configuration({ targets }: Switch): unknown {
  const [v4, v6] = [targets.v4[0], targets.v6[0]];
  return {
    schema: 1,
    hostname: 'pd',
    measurements: {
      smokeping: { targets: [{ id: 'near', host: v4 }] },
      path: {
        interval: '5s',
        targets: [
          { id: 'near', host: v4 },
          { id: 'six', host: v6, protocol: 'udp' },
          { id: 'gone', host: GONE },
          { id: 'nowhere', host: '198.51.100.1' },
          { id: 'nowhere6', host: '2001:db8::1', protocol: 'udp' },
        ],
      },
    },
  };
}

async function startProxy(fetcher: Fetcher): Promise<Server> {
  const server = createServer((_, response) => {
    fetcher.get(9740, '/metrics/path').then(
      ({ body, type }) => response.setHeader('content-type', type || 'text/plain').end(body),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}

function hasPromtool(): boolean {
  return spawnSync('promtool', ['--version']).error === undefined;
}

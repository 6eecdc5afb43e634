// The whole of a board (daemon, agent, vmagent), enrolled at a control over TLS and pushing to a
// VictoriaMetrics, beside the programs of a SPARKY probe under the same load (README.md, board).
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FleetLab, missingFleetLab, openFleetLab, TARGETS } from '../test/fleet/lab.ts';
import type { LabBoard } from '../test/fleet/lab-board.ts';
import { type LabProcess, type Namespace, sleep } from '../test/lab/net.ts';
import { MAIN } from './daemon.ts';
import { missingOf, runTimed } from './inside.ts';
import { absent, type Length, type Row, type RunOptions } from './row.ts';
import { figure } from './table.ts';
import { childrenOf, cpuSeconds, readMemory } from './usage.ts';

export const name = 'board';
export const goal = 'what a whole board costs, beside the programs of a SPARKY probe';

const STEADY_MS: Record<Length, number> = { quick: 10_000, normal: 120_000, long: 600_000 };
/** Until enrolled, configured, pushing; the clock of the control is adopted after a minute. */
const START_MS = 150_000;
const SERVER = '10.50.0.1:8428';
const PEERS = ['prometheus-smokeping-prober', 'prometheus-blackbox-exporter', 'vmagent', 'mtr'];
const MTR_EVERY_MS = 30_000;
const UNITS = fileURLToPath(new URL('../nix/units.json', import.meta.url));

interface Part {
  what: string;
  pid: number;
}

interface Usage {
  what: string;
  rss: number;
  private: number;
  cpuSeconds: number;
}

export async function run(options: RunOptions): Promise<Row[]> {
  const missing = missingFleetLab('vmagent', 'victoria-metrics');
  if (missing !== null) return [absent(name, goal, missing)];
  const lab = await openFleetLab();
  try {
    const server = ['-storageDataPath', join(lab.directory, 'vm'), '-httpListenAddr', SERVER];
    lab.namespace.spawn('victoria-metrics', server);
    const own = await openOwn(lab);
    const peers = await openPeers(lab);
    options.say(`board: ${START_MS / 1000} s to start`);
    await sleep(START_MS);
    return await measure([...own.parts(), ...peers.parts], { ...options, peers });
  } finally {
    await lab.close();
  }
}

/** What stands behind @node@ in a unit. */
export function flagsOf(unit: string): string[] {
  const { units } = JSON.parse(readFileSync(UNITS, 'utf8'));
  const command: string = units[unit].Service.ExecStart;
  return (/@node@ (.*?) ?@flint@/.exec(command)?.[1] ?? '').split(' ').filter((one) => one !== '');
}

async function openOwn(lab: FleetLab): Promise<{ parts(): Part[] }> {
  const claim = await lab.fleet('claim add --label bench --uses 1 --for 1d');
  const board = await lab.board({ claimToken: claim.stdout.trim() });
  await lab.api('POST', '/api/v1/probes', { mac: board.mac, name: 'probe01' });
  await saveSet(lab);
  const push = { url: `http://${SERVER}/api/v1/write`, supervise: 'child', nodeExporter: null };
  board.configure({ push: { ...push, user: 'nobody' } });
  mkdirSync(join(board.directory, 'secrets.d'));
  writeFileSync(join(board.directory, 'secrets.d', 'push-bearer'), 'b'.repeat(43), { mode: 0o600 });
  const daemon = spawnFlint(board, 'flint-probe.service', [
    ...['probe', '--config', join(board.directory, 'probe.json')],
  ]);
  const agent = spawnFlint(board, 'flint-agent.service', [
    ...['agent', '--config', join(board.directory, 'agent.json')],
  ]);
  return {
    parts: () => [
      { what: 'flint probe', pid: daemon.pid },
      { what: 'flint agent', pid: agent.pid },
      ...childrenOf(agent.pid).map((pid) => ({ what: 'vmagent', pid })),
    ],
  };
}

/** What a SPARKY probe measures, as far as it is built: echoes each second, a path each 30 s. */
async function saveSet(lab: FleetLab): Promise<void> {
  const targets = [...TARGETS];
  const measurements = {
    smokeping: { interval: '1s', targets },
    path: { interval: '30s', targets },
  };
  const set = { id: 'all', measurements, assignments: [{ scope: 'all' }] };
  const { code, stderr } = await lab.fleet('set save - --yes', JSON.stringify(set));
  if (code !== 0) throw new Error(stderr);
}

function spawnFlint(board: LabBoard, unit: string, words: readonly string[]): LabProcess {
  const places = ['--state', board.state, '--run', board.run];
  const command = [...flagsOf(unit), MAIN, ...words, ...places];
  return board.namespace.spawn(process.execPath, command);
}

interface Peers {
  parts: Part[];
  namespace: Namespace;
  /** Those that are not installed. */
  missing: string[];
}

async function openPeers(lab: FleetLab): Promise<Peers> {
  const missing = missingOf(...PEERS);
  const { namespace, directory } = await lab.board();
  const parts: Part[] = [];
  const start = (program: string, words: readonly string[]): void => {
    if (missing.includes(program)) return;
    parts.push({
      what: program.replace('prometheus-', ''),
      pid: namespace.spawn(program, words).pid,
    });
  };
  start('prometheus-smokeping-prober', [
    ...['--config.file=', '--privileged', '--web.listen-address=127.0.0.1:9374', ...TARGETS],
  ]);
  const config = join(directory, 'peers.json');
  writeFileSync(config, JSON.stringify({ modules: { http: { prober: 'http', timeout: '5s' } } }));
  start('prometheus-blackbox-exporter', [
    ...[`--config.file=${config}`, '--web.listen-address=127.0.0.1:9115'],
  ]);
  const scrape = join(directory, 'scrape.json');
  writeFileSync(scrape, JSON.stringify({ scrape_configs: [jobOf('smokeping', 9374)] }));
  start('vmagent', [
    ...[`-promscrape.config=${scrape}`, `-remoteWrite.url=http://${SERVER}/api/v1/write`],
    ...[`-remoteWrite.tmpDataPath=${join(directory, 'queue')}`, '-httpListenAddr=127.0.0.1:8429'],
  ]);
  return { parts, namespace, missing };
}

function jobOf(job: string, port: number) {
  return {
    job_name: job,
    scrape_interval: '30s',
    static_configs: [{ targets: [`127.0.0.1:${port}`] }],
  };
}

async function measure(
  parts: readonly Part[],
  { length, say, peers }: RunOptions & { peers: Peers },
): Promise<Row[]> {
  const steadyMs = STEADY_MS[length];
  const before = parts.map(({ pid }) => cpuSeconds(pid));
  say(`board: ${steadyMs / 1000} s`);
  const mtrSeconds = peers.missing.includes('mtr') ? 0 : await cpuOfMtr(peers.namespace);
  await sleep(steadyMs);
  const usages = parts.map(({ what, pid }, i): Usage => {
    const { rss, private: own } = readMemory(pid);
    return { what, rss, private: own, cpuSeconds: cpuSeconds(pid) - (before[i] ?? Number.NaN) };
  });
  const count = parts.length - peers.parts.length;
  const mtr = (mtrSeconds * steadyMs) / MTR_EVERY_MS;
  return toRows(usages.slice(0, count), usages.slice(count), { steadyMs, mtr, peers });
}

/** As telegraf has it run every half minute. */
async function cpuOfMtr(namespace: Namespace): Promise<number> {
  const words = ['sh', '-c', 'for t; do mtr -C -n "$t" & done; wait', 'sh', ...TARGETS];
  return (await runTimed(namespace, words, { timeoutMs: 60_000 })).cpuSeconds;
}

interface Circumstances {
  steadyMs: number;
  mtr: number;
  peers: Peers;
}

function toRows(
  own: readonly Usage[],
  others: readonly Usage[],
  { steadyMs, mtr, peers }: Circumstances,
): Row[] {
  const without =
    'without telegraf and iperf3-exporter, which Debian lacks; no HTTP check yet, on either side';
  const note = peers.missing.length > 0 ? `not here: ${peers.missing.join(', ')}` : without;
  const memory = (list: readonly Usage[]): string =>
    `${figure(sum(list, 'rss'))} MiB, private ${figure(sum(list, 'private'))} (${list
      .map((one) => `${one.what} ${figure(one.rss)}, ${figure(one.private)}`)
      .join('; ')})`;
  const cpu = (list: readonly Usage[], more = 0): string =>
    `${(sum(list, 'cpuSeconds') + more).toFixed(2)} s (${list
      .map((one) => `${one.what} ${one.cpuSeconds.toFixed(2)}`)
      .join(', ')}${more > 0 ? `, mtr ${more.toFixed(2)}` : ''})`;
  return [
    {
      what: 'memory of a whole board, RSS',
      goal: '–',
      flint: memory(own),
      peers: `${memory(others)}; ${note}`,
      verdict: 'info',
      figures: { own, others },
    },
    {
      what: `CPU time of a whole board in ${figure(steadyMs / 1000)} s`,
      goal: '–',
      flint: cpu(own),
      peers: `${cpu(others, mtr)}; ${note}`,
      verdict: 'info',
      figures: { own, others, mtr },
    },
  ];
}

function sum(list: readonly Usage[], key: 'rss' | 'private' | 'cpuSeconds'): number {
  return list.reduce((total, one) => total + one[key], 0);
}

// The control with ten thousand probes (README.md, control).
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sha256Of } from '../src/control/request/credential.ts';
import { controlFile, openSqlite } from '../src/control/store/db.ts';
import type { ChildReady } from './control-child.ts';
import {
  type Client,
  enrollRequest,
  makeBoard,
  nameOf,
  openClient,
  reportOf,
} from './control-fleet.ts';
import { TSX } from './inside.ts';
import { absent, judge, type Length, type Row, type RunOptions } from './row.ts';
import { median, quantile } from './statistics.ts';
import { figure, percent } from './table.ts';

export const name = 'control';
export const goal = 'ten thousand probes enrol, report and are listed';

const PROBES: Record<Length, number> = { quick: 300, normal: 10_000, long: 10_000 };
const REPORT_S: Record<Length, number> = { quick: 3, normal: 60, long: 180 };
const PAGES: Record<Length, number> = { quick: 10, normal: 100, long: 300 };
const ENROLMENTS_MIN = 300;
const CPU_SHARE_MAX = 0.3;
const PAGE_MS_MAX = 200;
const SOCKETS = 64;
const START_MS = 60_000;
const CHILD = fileURLToPath(new URL('./control-child.ts', import.meta.url));
/** Of the kernel's accounting of CPU time. */
const TICKS_PER_SECOND = 100;

interface Stage {
  child: ChildProcess;
  ready: ChildReady;
  client: Client;
  folder: string;
  probes: number;
  options: RunOptions;
}

export async function run(options: RunOptions): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
  const probes = PROBES[options.length];
  const argument = JSON.stringify({ stateDirectory: folder, probes });
  const child = spawn(process.execPath, [...TSX, CHILD, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const ready = await readyLine(child);
    const client = openClient(ready.port, SOCKETS);
    const stage: Stage = { child, ready, client, folder, probes, options };
    const { row, keys } = await enrolAll(stage);
    const rows = [row, await reportAll(stage, keys)];
    rows.push(await listAll(stage, 'API'), await listAll(stage, 'page'), memory(stage));
    client.close();
    return rows;
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function enrolAll(stage: Stage): Promise<{ row: Row; keys: string[] }> {
  const { client, probes, options, folder } = stage;
  options.say(`control: ${probes} keys`);
  const boards = Array.from({ length: probes }, (_, index) => makeBoard(index));
  const keys: string[] = new Array(probes).fill('');
  options.say('control: enrolments');
  const cpuBegin = cpuSeconds(stage.child);
  const startMs = performance.now();
  await inParallel(boards, async (board) => {
    const asked = await client.ask('POST', '/api/v1/enroll/challenge', {});
    const { nonce } = JSON.parse(asked.text) as { nonce: string };
    const body = enrollRequest(board, { ...stage.ready, nonce });
    const answer = await client.ask('POST', '/api/v1/enroll', body);
    if (answer.status === 200) keys[board.index] = JSON.parse(answer.text).apiKey;
  });
  const seconds = (performance.now() - startMs) / 1000;
  const cpuMs = ((cpuSeconds(stage.child) - cpuBegin) * 1000) / probes;
  const lost = lostKeys(folder, keys);
  const rate = probes / seconds;
  return {
    keys,
    row: {
      what: `${probes} boards enrol over HTTP, signatures verified, each on disk`,
      goal: `≥ ${ENROLMENTS_MIN}/s, none lost`,
      flint: `${figure(rate)}/s, ${lost} lost, ${figure(cpuMs)} ms of CPU each`,
      peers: '–',
      verdict: judge(rate >= ENROLMENTS_MIN && lost === 0),
      figures: { rate, lost, seconds, cpuMs },
    },
  };
}

/** Those that got no key, or one that is not in the database as the key of their probe. */
function lostKeys(folder: string, keys: readonly string[]): number {
  const db = openSqlite(controlFile(folder, 'control.db'), { readonly: false });
  const owner = db
    .prepare('select name from probe_keys join probes on probes.id = probeId where keySha256 = ?')
    .pluck();
  const lost = keys.filter((key, index) => owner.get(sha256Of(key)) !== nameOf(index)).length;
  db.close();
  return lost;
}

async function reportAll(stage: Stage, keys: readonly string[]): Promise<Row> {
  const { client, probes, options, child } = stage;
  // The first use of a key ends the one before it: once a board, not once a minute.
  options.say('control: first use of the keys');
  await inParallel([...keys], async (key) => {
    await client.ask('GET', '/api/v1/config', undefined, key);
  });
  const seconds = REPORT_S[options.length];
  const perSecond = probes / 60;
  options.say(`control: reports for ${seconds} s`);
  const cpuBegin = cpuSeconds(child);
  const startMs = performance.now();
  const spentMs: number[] = [];
  let failed = 0;
  const under: Promise<void>[] = [];
  for (let sent = 0; sent < perSecond * seconds; sent++) {
    await sleepUntil(startMs + (sent * 1000) / perSecond);
    const index = sent % probes;
    const beginMs = performance.now();
    const report = reportOf(index, Date.now());
    under.push(
      client.ask('POST', '/api/v1/report', report, keys[index]).then(({ status }) => {
        spentMs.push(performance.now() - beginMs);
        if (status !== 200) failed++;
      }),
    );
  }
  await Promise.all(under);
  const share = (cpuSeconds(child) - cpuBegin) / ((performance.now() - startMs) / 1000);
  const [p50, p99] = [median(spentMs), quantile(spentMs, 0.99)];
  return {
    what: `${figure(perSecond)} reports a second of 12 rounds for ${seconds} s`,
    goal: `< ${percent(CPU_SHARE_MAX)} of one core, none refused`,
    flint: `${percent(share)}, ${failed} refused, p50 ${figure(p50)} p99 ${figure(p99)} ms`,
    peers: '–',
    verdict: judge(share < CPU_SHARE_MAX && failed === 0),
    figures: { share, failed, sent: spentMs.length, p50, p99 },
  };
}

async function listAll({ client, ready, options }: Stage, kind: 'API' | 'page'): Promise<Row> {
  const what = `100 of them, searched and sorted, over HTTP (${kind})`;
  const place = kind === 'API' ? '/api/v1/probes' : '/probes';
  const text = `p95 ≤ ${PAGE_MS_MAX} ms`;
  const spentMs: number[] = [];
  for (let i = 0; i < PAGES[options.length]; i++) {
    const sort = ['worst', 'seen', 'name', 'location'][i % 4];
    const search = ['street', 'probe0', `site${i % 100}`, '02:00:5e'][(i >> 2) % 4] ?? '';
    const path = `${place}?search=${encodeURIComponent(search)}&sort=${sort}&limit=100`;
    const startMs = performance.now();
    const answer = await client.ask('GET', path, undefined, ready.apiToken);
    if (answer.status !== 200) return absent(what, text, `status ${answer.status}`);
    spentMs.push(performance.now() - startMs);
  }
  const [p50, p95] = [median(spentMs), quantile(spentMs, 0.95)];
  return {
    ...{ what, goal: text, flint: `p50 ${figure(p50)} p95 ${figure(p95)} ms`, peers: '–' },
    verdict: judge(p95 <= PAGE_MS_MAX),
    figures: { p50, p95, spentMs },
  };
}

function memory({ child, probes, folder }: Stage): Row {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const mib = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024;
  const [rss, peak] = [mib('VmRSS'), mib('VmHWM')];
  return {
    what: `memory of the control with ${probes} probes (run by tsx, which adds some 40 MiB)`,
    goal: '–',
    flint: `${figure(rss)} MiB, ${figure(peak)} at most`,
    peers: '–',
    verdict: 'info',
    figures: { rss, peak, folder },
  };
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: SOCKETS }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

function readyLine(child: ChildProcess): Promise<ChildReady> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('it does not start')), START_MS);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(late);
      resolve(JSON.parse(line) as ChildReady);
    });
  });
}

function cpuSeconds(child: ChildProcess): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(user) + Number(system)) / TICKS_PER_SECOND;
}

async function sleepUntil(atMs: number): Promise<void> {
  const waitMs = atMs - performance.now();
  if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
}

// A real vmagent that scrapes and a real victoria-metrics that answers, on loopback and on ports of
// their own, so that what a dashboard would show can be asked for.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ScrapeJob {
  job: string;
  /** The whole URL of the metrics. */
  url: string;
}

export interface QueryResult {
  labels: Record<string, string>;
  value: number;
}

export interface Victoria {
  url: string;
  /** An instant query at `timeMs`, now by default. */
  query(expression: string, timeMs?: number): Promise<QueryResult[]>;
  /** What `label_values(match, label)` gives a dashboard. */
  labelValues(match: string, label: string): Promise<string[]>;
  /** Repeats the query until it has a result that is accepted; fails after `timeoutMs`. */
  until(
    expression: string,
    accept: (results: QueryResult[]) => boolean,
    timeoutMs?: number,
  ): Promise<QueryResult[]>;
  stop(): Promise<void>;
}

/** What is missing here to start one, for the reason of a skip; null when all is there. */
export function missingVictoria(): string | null {
  const missing = ['victoria-metrics', 'vmagent'].filter(
    (name) => spawnSync(name, ['-version']).error !== undefined,
  );
  return missing.length === 0 ? null : `${missing.join(' and ')} not on the PATH`;
}

/** Scrapes every job each `intervalMs`; stop() ends both programs and removes their files. */
export async function startVictoria(
  jobs: readonly ScrapeJob[],
  intervalMs = 1000,
): Promise<Victoria> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-victoria-'));
  const children: ChildProcess[] = [];
  try {
    const url = await startStore(directory, children);
    await startAgent({ directory, children, jobs, intervalMs, storeUrl: url });
    return openVictoria(url, () => stopAll(children, directory));
  } catch (error) {
    await stopAll(children, directory);
    throw error;
  }
}

const START_MS_MAX = 10_000;
const STOP_MS_MAX = 5_000;

async function startStore(directory: string, children: ChildProcess[]): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  children.push(
    run('victoria-metrics', [
      `-httpListenAddr=${address}`,
      `-storageDataPath=${join(directory, 'store')}`,
      '-memory.allowedBytes=64MB',
      // Fresh samples are hidden for 30 s otherwise.
      '-search.latencyOffset=0s',
      '-retentionPeriod=1',
    ]),
  );
  await answering(`http://${address}/health`);
  return `http://${address}`;
}

async function startAgent(options: {
  directory: string;
  children: ChildProcess[];
  jobs: readonly ScrapeJob[];
  intervalMs: number;
  storeUrl: string;
}): Promise<void> {
  const { directory, children, jobs, intervalMs, storeUrl } = options;
  const address = `127.0.0.1:${await freePort()}`;
  const file = join(directory, 'scrape.yml');
  writeFileSync(file, scrapeConfig(jobs, intervalMs));
  children.push(
    run('vmagent', [
      `-httpListenAddr=${address}`,
      `-promscrape.config=${file}`,
      `-remoteWrite.url=${storeUrl}/api/v1/write`,
      `-remoteWrite.tmpDataPath=${join(directory, 'queue')}`,
      '-remoteWrite.flushInterval=200ms',
      '-memory.allowedBytes=32MB',
    ]),
  );
  await answering(`http://${address}/health`);
}

// JSON is YAML.
function scrapeConfig(jobs: readonly ScrapeJob[], intervalMs: number): string {
  const configs = jobs.map(({ job, url }) => {
    const { host, pathname } = new URL(url);
    return { job_name: job, metrics_path: pathname, static_configs: [{ targets: [host] }] };
  });
  return JSON.stringify({
    global: { scrape_interval: `${intervalMs}ms` },
    scrape_configs: configs,
  });
}

function openVictoria(url: string, stop: () => Promise<void>): Victoria {
  async function query(expression: string, timeMs = Date.now()): Promise<QueryResult[]> {
    await ask(`${url}/internal/force_flush`);
    const search = new URLSearchParams({ query: expression, time: String(timeMs / 1000) });
    const answer = JSON.parse(await ask(`${url}/api/v1/query?${search}`)) as QueryAnswer;
    return answer.data.result.map(({ metric, value }) => ({
      labels: metric,
      value: Number(value[1]),
    }));
  }
  return {
    url,
    query,
    async labelValues(match, label) {
      const search = new URLSearchParams({ 'match[]': match });
      const text = await ask(`${url}/api/v1/label/${label}/values?${search}`);
      return (JSON.parse(text) as { data: string[] }).data;
    },
    async until(expression, accept, timeoutMs = 15_000) {
      const endMs = Date.now() + timeoutMs;
      let results: QueryResult[] = [];
      while (Date.now() < endMs) {
        results = await query(expression);
        if (results.length > 0 && accept(results)) return results;
        await sleep(250);
      }
      throw new Error(`${expression} gave ${JSON.stringify(results)} after ${timeoutMs} ms`);
    },
    stop,
  };
}

interface QueryAnswer {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

function run(program: string, args: string[]): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore' });
  child.on('error', () => {});
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function stopAll(children: readonly ChildProcess[], directory: string): Promise<void> {
  await Promise.all(children.map(stopChild));
  rmSync(directory, { recursive: true, force: true });
}

function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

async function answering(url: string): Promise<void> {
  const endMs = Date.now() + START_MS_MAX;
  for (;;) {
    try {
      await ask(url);
      return;
    } catch (error) {
      if (Date.now() > endMs) throw new Error(`${url} does not answer`, { cause: error });
    }
    await sleep(50);
  }
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return text;
}

// Free at this moment: neither program tells which port it got if it is given none.
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === 'object' && address !== null ? address.port : 0),
      );
    });
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

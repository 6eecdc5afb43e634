// A metrics server as SPARKY has it, in a network namespace: victoria-metrics on loopback, and
// vmauth before it on all addresses, whose users the test sets.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LabProcess, type Namespace, sleep } from '../lab/net.ts';
import { type Fetcher, openFetcher } from '../probe/daemon-lab.ts';

export interface Series {
  labels: Record<string, string>;
  values: number[];
  timesMs: number[];
}

export interface MetricsServer {
  /** vmauth reads this file. */
  usersFile: string;
  /** Token → name of the probe; vmauth hears of it at once. */
  setUsers(users: Readonly<Record<string, string>>): Promise<void>;
  startVmauth(): Promise<void>;
  /** As a power cut would. */
  killVmauth(): Promise<void>;
  /** Everything stored for a selector. */
  export(selector: string): Promise<Series[]>;
  query(expression: string): Promise<{ labels: Record<string, string>; value: number }[]>;
  values(label: string): Promise<string[]>;
  close(): Promise<void>;
}

export const STORE_PORT = 8428;
export const VMAUTH_PORT = 8427;

/** What is missing here, or null. */
export function missingMetricsServer(): string | null {
  const programs = ['victoria-metrics', 'vmauth', 'vmagent'];
  const missing = programs.filter((name) => spawnSync(name, ['-version']).error !== undefined);
  return missing.length === 0 ? null : `${missing.join(', ')} not on the PATH`;
}

export function usersText(users: Readonly<Record<string, string>>): string {
  const entries = Object.entries({ 'nobody-has-this-token': 'none', ...users });
  return JSON.stringify({
    users: entries.map(([token, name]) => ({
      bearer_token: token,
      url_prefix: `http://localhost:${STORE_PORT}/api/v1/write?extra_label=instance=${name}`,
    })),
  });
}

export async function openMetricsServer(
  namespace: Namespace,
  users: Readonly<Record<string, string>>,
): Promise<MetricsServer> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-metrics-'));
  const usersFile = join(directory, 'users.json');
  writeFileSync(usersFile, usersText(users));
  const fetcher = openFetcher(namespace);
  namespace.spawn('victoria-metrics', [
    `-httpListenAddr=127.0.0.1:${STORE_PORT}`,
    `-storageDataPath=${join(directory, 'store')}`,
    '-memory.allowedBytes=64MB',
    '-search.latencyOffset=0s',
    '-retentionPeriod=1',
  ]);
  await answering(fetcher, STORE_PORT);
  let vmauth: LabProcess | null = null;

  async function read(path: string): Promise<string> {
    await fetcher.get(STORE_PORT, '/internal/force_flush');
    const answer = await fetcher.get(STORE_PORT, path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return answer.body;
  }

  const server: MetricsServer = {
    usersFile,
    async setUsers(others) {
      writeFileSync(usersFile, usersText(others));
      await fetcher.get(VMAUTH_PORT, '/-/reload');
    },
    async startVmauth() {
      vmauth = namespace.spawn('vmauth', [
        '-enableTCP6',
        `-httpListenAddr=:${VMAUTH_PORT}`,
        `-auth.config=${usersFile}`,
      ]);
      await answering(fetcher, VMAUTH_PORT);
    },
    async killVmauth() {
      await vmauth?.stop('SIGKILL');
      vmauth = null;
    },
    async export(selector) {
      const body = await read(`/api/v1/export?match[]=${encodeURIComponent(selector)}`);
      return body.split('\n').filter(Boolean).map(parseSeries);
    },
    async query(expression) {
      const search = new URLSearchParams({ query: expression });
      const answer = JSON.parse(await read(`/api/v1/query?${search}`)) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return answer.data.result.map(({ metric, value }) => ({
        labels: metric,
        value: Number(value[1]),
      }));
    },
    async values(label) {
      return (JSON.parse(await read(`/api/v1/label/${label}/values`)) as { data: string[] }).data;
    },
    async close() {
      await namespace.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await server.startVmauth();
  return server;
}

/** The longest time without a sample, over all series; and which one it was. */
export function largestHole(series: readonly Series[]): { holeMs: number; where: string } {
  let [holeMs, where] = [0, ''];
  for (const { labels, timesMs } of series) {
    for (const [index, timeMs] of timesMs.entries()) {
      const gapMs = timeMs - (timesMs[index - 1] ?? timeMs);
      if (gapMs <= holeMs) continue;
      [holeMs, where] = [gapMs, `${JSON.stringify(labels)} before ${timeMs}`];
    }
  }
  return { holeMs, where };
}

function parseSeries(line: string): Series {
  const { metric, values, timestamps } = JSON.parse(line) as {
    metric: Record<string, string>;
    values: number[];
    timestamps: number[];
  };
  return { labels: metric, values, timesMs: [...timestamps].sort((a, b) => a - b) };
}

async function answering(fetcher: Fetcher, port: number): Promise<void> {
  const endMs = Date.now() + 10_000;
  while ((await fetcher.get(port, '/health')).status === 0) {
    if (Date.now() > endMs) throw new Error(`nobody answers on port ${port}`);
    await sleep(50);
  }
}

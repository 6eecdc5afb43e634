// `flint fleet` as an operator runs it, against a control that is a script: what it answers, and
// what it was asked, is the test's. Nothing leaves the loopback.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommandLine } from '../../src/cli/run.ts';
import { ROOT } from '../native/copy.ts';

export interface Asked {
  method: string;
  /** With the query. */
  url: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What a test scripts: a status and a body, or whatever it likes to do with the response. */
export type Script = (asked: Asked, response: ServerResponse) => Scripted | undefined;

export interface Scripted {
  status?: number;
  headers?: Record<string, string>;
  /** JSON, unless it is text. */
  body: unknown;
}

export interface Rig {
  origin: string;
  asked: Asked[];
  script: Script;
  close(): Promise<void>;
}

export async function openRig(): Promise<Rig> {
  const asked: Asked[] = [];
  const rig: Pick<Rig, 'script'> = { script: () => ({ status: 404, body: {} }) };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: text === '' ? null : JSON.parse(text) };
      asked.push(one);
      const scripted = rig.script(one, response);
      if (scripted !== undefined) answer(response, scripted);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(rig, {
    origin: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

function answer(response: ServerResponse, { status = 200, headers = {}, body }: Scripted): void {
  const isText = typeof body === 'string';
  const type = isText ? 'text/html' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(isText ? body : JSON.stringify(body));
}

export interface Home {
  /** Where logins are kept. */
  file: string;
  kept(): unknown;
  remove(): void;
  run(words: readonly string[], options?: RunOptions): Promise<Ended>;
}

export interface RunOptions {
  env?: Record<string, string>;
  stdin?: string;
}

const RUN_MS_MAX = 18_000;

/** A place of its own for what an operator keeps. */
export function openHome(): Home {
  const directory = mkdtempSync(join(tmpdir(), 'flint-fleet-'));
  const file = join(directory, 'fleet.json');
  return {
    file,
    kept: () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null),
    remove: () => rmSync(directory, { recursive: true, force: true }),
    run: (words, { env = {}, stdin = '' } = {}) => {
      const all = { PATH: process.env['PATH'], CONFIGURATION_DIRECTORY: directory, ...env };
      return runFlint(['fleet', ...words], all, stdin);
    },
  };
}

/** `flint` from the sources, to its end. */
export function runFlint(
  words: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin: string,
): Promise<Ended> {
  const args = ['--import', 'tsx', 'src/main.ts', ...words];
  const child = spawn(process.execPath, args, { cwd: ROOT, env, timeout: RUN_MS_MAX });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ended.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ended.stderr += text;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

/** A row as the control shows it. */
export function probeRow(name: string, more: Record<string, unknown> = {}) {
  return {
    name,
    mac: '02:00:5e:10:00:05',
    hardware: 'r2s',
    address: 'fd00::5',
    groups: ['homes'],
    tags: [],
    location: 'Ulm',
    contact: '',
    note: '',
    state: 'bound',
    health: 'well',
    reason: '',
    createdMs: 1_700_000_000_000,
    boundMs: 1_700_000_100_000,
    disabledMs: null,
    seenMs: 1_700_000_200_000,
    seenFrom: '192.0.2.5',
    version: '0.1.0',
    model: 'NanoPi R2S',
    series: 4,
    ailing: 0,
    ...more,
  };
}

/** All that is known of a probe. */
export function probeDetail(name: string, more: Record<string, unknown> = {}) {
  return {
    ...probeRow(name),
    fingerprint: '1a2b 3c4d 5e6f 7081 92a3',
    sshHostKey: null,
    candidates: [],
    sets: ['basics'],
    config: { wantedEtag: '"a"', etag: '"a"', error: null, unsupported: [], capped: [] },
    clock: { state: 'synced', offsetNs: 1_200_000 },
    measured: [],
    paths: [],
    events: [],
    ...more,
  };
}

/** `flint` in this process, without its start: what it prints, and how it ends. */
export async function runHere(
  words: readonly string[],
  env: Record<string, string>,
): Promise<Ended> {
  const before = { ...process.env };
  const streams = [capture(process.stdout), capture(process.stderr)] as const;
  Object.assign(process.env, env);
  try {
    const code = await runCommandLine(words);
    return { code, stdout: streams[0].text(), stderr: streams[1].text() };
  } finally {
    for (const stream of streams) stream.restore();
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

function capture(stream: NodeJS.WriteStream): { text(): string; restore(): void } {
  const { write } = stream;
  const parts: string[] = [];
  stream.write = ((part: string) => {
    parts.push(part);
    return true;
  }) as typeof stream.write;
  return {
    text: () => parts.join(''),
    restore() {
      stream.write = write;
      // Each run of the command line adds one.
      stream.removeAllListeners('error');
    },
  };
}

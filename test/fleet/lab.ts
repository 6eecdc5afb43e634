// A fleet as it stands in the world, of the built programs alone: a control with TLS in a namespace
// that is also the boards' router to a reflector, and boards in namespaces of their own, each with
// an agent that is root and a probe that is not.
import { createHash, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnrollPayload } from '../../src/core/enroll-wire.ts';
import type { ReportedRound } from '../../src/core/report.ts';
import { makeCertificate, missingOpenssl } from '../board/certificates.ts';
import { MAIN } from '../cli/flint.ts';
import { type Board, requestOf } from '../control/enroll-lab.ts';
import {
  type LabProcess,
  type Namespace,
  openNamespace,
  openReflector,
  type Result,
  requireLab,
  sleep,
} from '../lab/net.ts';
import { type Asker, openAsker, type Question, type Reply } from './asker.ts';
import { type LabBoard, openBoard } from './lab-board.ts';

/** Where the control is; `TARGETS` answer behind it after 3 ms. */
export const CONTROL_ADDRESS = '10.50.0.1';
export const TARGETS = ['93.184.216.1', '93.184.216.2', '93.184.216.3'] as const;
const BRIDGE = 'lan0';
export const PORT = 8443;
export const PLAIN_PORT = 8740;

export interface FleetLab {
  /** Where control, reflector and operator are. */
  namespace: Namespace;
  directory: string;
  origin: string;
  /** Of the control's public key, as agent.json has it. */
  pin: string;
  certFile: string;
  keyFile: string;
  /** The control that runs, or ran last. */
  control(): LabProcess;
  startControl(): Promise<LabProcess>;
  /** Of the operator, with his token; fails for another status than 2xx unless told. */
  api<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Anybody's. */
  ask(question: Question): Promise<Reply>;
  /** `flint fleet` as the operator. */
  fleet(words: string, input?: string): Promise<Result>;
  /** `flint control …`, on the machine itself. */
  onControl(words: string, input?: string): Promise<string>;
  board(options?: BoardOptions): Promise<LabBoard>;
  /** With the operator's cookie. */
  page(path: string): Promise<Reply>;
  /** One whole enrolment of a scripted board. */
  enrol(board: Board, payload?: Partial<EnrollPayload>): Promise<Reply>;
  probe(name: string): Promise<ProbeAnswer>;
  rounds(name: string): Promise<ReportedRound[]>;
  /** A set for all probes, with rounds of five seconds. */
  saveSet(targets: readonly unknown[], more?: Record<string, unknown>): Promise<void>;
  close(): Promise<void>;
}

/** Of GET /api/v1/probes/NAME, what the tests look at. */
export interface ProbeAnswer {
  state: string;
  health: string;
  reason: string;
  seenMs: number | null;
  fingerprint: string | null;
  candidates: { fingerprint: string; tries: number }[];
  config: {
    wantedEtag: string;
    etag: string | null;
    error: string | null;
    unsupported: string[];
    capped: string[];
  };
}

export interface BoardOptions {
  /** 02:00:5e:10:00:NN of its number unless told. */
  mac?: string;
  claimToken?: string;
  policy?: Record<string, unknown>;
}

export interface FleetLabOptions {
  /** The control speaks plain HTTP on loopback, behind whatever listens in its place. */
  isBehindProxy?: boolean;
  config?: Record<string, unknown>;
}

export function missingFleetLab(...commands: string[]): string | null {
  const missing = requireLab(...commands) ?? missingOpenssl();
  if (missing !== null) return missing;
  if (!existsSync(MAIN)) return 'dist/main.js is not built';
  return existsSync('/etc/flint') ? 'there is a /etc/flint' : null;
}

export async function openFleetLab(options: FleetLabOptions = {}): Promise<FleetLab> {
  const namespace = await openNamespace({ isRouter: true });
  await namespace.ip(`link add ${BRIDGE} type bridge`);
  await namespace.ip(`address add ${CONTROL_ADDRESS}/24 dev ${BRIDGE}`);
  await namespace.ip(`link set ${BRIDGE} up`);
  await openReflector(namespace, 'dst 93.184.216.0/24 delay 3ms', {
    prefixes: ['93.184.216.0/24'],
    addresses: ['192.0.2.9'],
    isRealtime: false,
  });
  const directory = mkdtempSync(join(tmpdir(), 'flint-fleet-'));
  // Who the daemon is after root must get through.
  chmodSync(directory, 0o755);
  const parts = furnish(directory, options);
  const lab = describe({ namespace, directory, ...parts });
  await lab.startControl();
  return lab.login();
}

interface Furniture {
  origin: string;
  pin: string;
  certFile: string;
  keyFile: string;
  configFile: string;
  state: string;
}

function furnish(directory: string, { isBehindProxy = false, config }: FleetLabOptions): Furniture {
  const origin = `https://${CONTROL_ADDRESS}:${PORT}`;
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const { cert, key } = makeCertificate({ names: `IP:${CONTROL_ADDRESS}`, issuer: null });
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  const place = isBehindProxy
    ? { listen: { address: '127.0.0.1', port: PLAIN_PORT }, trustedProxies: ['127.0.0.1'] }
    : { listen: { address: CONTROL_ADDRESS, port: PORT }, tls: { certFile, keyFile } };
  const configFile = join(directory, 'control.json');
  writeFileSync(configFile, JSON.stringify({ schema: 1, origin, ...place, ...config }));
  return { origin, pin: pinOf(cert), certFile, keyFile, configFile, state: `${directory}/control` };
}

function pinOf(cert: string): string {
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256/${createHash('sha256').update(spki).digest('base64')}`;
}

interface Inside extends Furniture {
  namespace: Namespace;
  directory: string;
}

function describe(inside: Inside): FleetLab & { login(): Promise<FleetLab> } {
  const { namespace, directory, origin, certFile, configFile, state } = inside;
  const asker: Asker = openAsker(namespace, certFile);
  let running: LabProcess | null = null;
  const boards: LabBoard[] = [];
  let token = '';
  let cookie: string | null = null;

  const place = ['--config', configFile, '--state', state];
  const flint = (words: readonly string[], input: string, env: NodeJS.ProcessEnv = {}) =>
    namespace.exec(process.execPath, [MAIN, ...words], {
      ...{ input, timeoutMs: 20_000, env: { ...process.env, ...env } },
    });

  async function logIn(): Promise<string> {
    const link = /https:\S+/.exec(await lab.onControl('link anna'))?.[0] ?? '';
    const { headers, status } = await asker.ask({
      ...{ method: 'POST', url: link, body: '' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const set: unknown = headers['set-cookie'];
    const given = /[^;,\s"[\]]+=[^;]+/.exec(String(set))?.[0];
    if (given === undefined) throw new Error(`${link}: ${status} without a cookie`);
    return given;
  }

  const lab = {
    ...inside,
    control() {
      if (running === null) throw new Error('no control was started');
      return running;
    },
    async startControl() {
      running = namespace.spawn(process.execPath, [MAIN, 'control', ...place]);
      await running.waitFor(' info control ', 15_000);
      return running;
    },
    async api<T>(method: string, path: string, body?: unknown): Promise<T> {
      const reply = await asker.ask({ method, url: `${origin}${path}`, token, body });
      if (reply.status >= 200 && reply.status < 300) return JSON.parse(reply.body || 'null') as T;
      throw new Error(`${method} ${path}: ${reply.status} ${reply.body}`);
    },
    ask: asker.ask,
    fleet: (words: string, input = '') =>
      flint(['fleet', ...split(words), '--ca', certFile], input, {
        ...{ FLINT_CONTROL: origin, FLINT_TOKEN: token, XDG_CONFIG_HOME: `${directory}/home` },
      }),
    async onControl(words: string, input = '') {
      const result = await flint(['control', ...split(words), ...place], input);
      if (result.code !== 0) throw new Error(`flint control ${words}: ${result.stderr}`);
      return result.stdout;
    },
    async login() {
      await lab.onControl('user add anna --role admin --password-stdin', 'a lab for the fleet\n');
      token = (await lab.onControl('token add anna --label lab')).trim();
      return lab;
    },
    async board(options: BoardOptions = {}) {
      const number = boards.length + 1;
      const where = join(directory, `board${number}`);
      mkdirSync(where);
      const board = await openBoard({
        ...inside,
        ...options,
        number,
        directory: where,
        bridge: BRIDGE,
      });
      boards.push(board);
      return board;
    },
    async saveSet(targets: readonly unknown[], more: Record<string, unknown> = {}) {
      const smokeping = { round: '5s', timeout: '500ms', interval: '500ms', targets };
      const set = {
        id: 'all',
        measurements: { smokeping, ...more },
        assignments: [{ scope: 'all' }],
      };
      const { code, stderr } = await lab.fleet('set save - --yes', JSON.stringify(set));
      if (code !== 0) throw new Error(stderr);
    },
    async page(path: string) {
      cookie ??= await logIn();
      return await asker.ask({ method: 'GET', url: `${origin}${path}`, headers: { cookie } });
    },
    async enrol(board: Board, payload: Partial<EnrollPayload> = {}) {
      const url = `${origin}/api/v1/enroll`;
      const challenge = await asker.ask({ method: 'POST', url: `${url}/challenge`, body: {} });
      const { nonce } = JSON.parse(challenge.body) as { nonce: string };
      const body = requestOf(board, { origin, nonce, payload });
      return await asker.ask({ method: 'POST', url, body });
    },
    probe: (name: string) => lab.api<ProbeAnswer>('GET', `/api/v1/probes/${name}`),
    async rounds(name: string) {
      const path = `/api/v1/probes/${name}/rounds`;
      return (await lab.api<{ rounds: ReportedRound[] }>('GET', path)).rounds;
    },
    async close() {
      await Promise.all(boards.map((board) => board.close()));
      await namespace.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return lab;
}

function split(words: string): string[] {
  return words.split(' ').filter((word) => word !== '');
}

/** Asks until it is so; fails with the last answer. */
export async function until<T>(
  ask: () => T | Promise<T>,
  accept: (answer: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (accept(answer)) return answer;
    if (Date.now() > endMs) {
      throw new Error(`after ${timeoutMs} ms: ${JSON.stringify(answer)?.slice(0, 3000)}`);
    }
    await sleep(100);
  }
}

// The control slows down a probe that asks more than twice in ten seconds for long.
const HURRY_MS = 2500;
const hurriedMs = new WeakMap<LabBoard, number>();

/** As until, and the board's agent leaves out its waits; the probe writes its report every 15 s. */
export async function hurried<T>(
  board: LabBoard,
  ask: () => T | Promise<T>,
  accept: (answer: T) => boolean,
  timeoutMs = 25_000,
): Promise<T> {
  const hurry = (): T | Promise<T> => {
    if (Date.now() - (hurriedMs.get(board) ?? 0) > HURRY_MS) {
      hurriedMs.set(board, Date.now());
      board.hurry();
    }
    return ask();
  };
  return await until(hurry, accept, timeoutMs);
}

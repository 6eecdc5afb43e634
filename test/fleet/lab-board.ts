// A board of the lab: a namespace with one wired interface, an agent and a probe.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { PROBE_REPORT, type ProbeReport } from '../../src/core/report.ts';
import { MAIN } from '../cli/flint.ts';
import { type LabProcess, type Namespace, openNamespace } from '../lab/net.ts';
import { attachDaemon, openFetcher, type RunningDaemon } from '../probe/daemon-lab.ts';

export const BOARD_DEVICE = 'end0';

export interface LabBoard {
  namespace: Namespace;
  directory: string;
  state: string;
  run: string;
  mac: string;
  number: number;
  /** Writes agent.json anew. */
  configure(more: Record<string, unknown>): void;
  /** Waits for its first word. */
  startAgent(): Promise<LabProcess>;
  startProbe(): Promise<RunningDaemon>;
  /** What its agent printed, once it did. */
  fingerprint(): Promise<string>;
  agent(): LabProcess;
  probe(): RunningDaemon;
  /** Everything is due at once: SIGHUP. */
  hurry(): void;
  credentials(): { probe: string; apiKey: string } | null;
  identity(): string | null;
  report(): ProbeReport | null;
  /** What is in memory alone goes with a reboot. */
  forgetRun(): void;
  /** Ids of the users that its processes are now. */
  users(): { agent: number; probe: number };
  close(): Promise<void>;
}

export interface BoardPlace {
  origin: string;
  pin: string;
  /** Where the bridge is. */
  namespace: Namespace;
  bridge: string;
  directory: string;
  number: number;
  mac?: string;
  claimToken?: string;
  policy?: Record<string, unknown>;
}

export async function openBoard(place: BoardPlace): Promise<LabBoard> {
  const { number, directory } = place;
  const mac = place.mac ?? `02:00:5e:10:00:${number.toString(16).padStart(2, '0')}`;
  const namespace = await openNamespace();
  await plugIn(place, namespace, mac);
  const [state, run] = [join(directory, 'state'), join(directory, 'run')];
  mkdirSync(run);
  const agentFile = join(directory, 'agent.json');
  const policyFile = join(directory, 'policy.json');
  const probeFile = join(directory, 'probe.json');
  const fetcher = openFetcher(namespace);
  let agent: LabProcess | null = null;
  let probe: RunningDaemon | null = null;

  function configure(more: Record<string, unknown>): void {
    const { origin: control, pin, claimToken } = place;
    const base = { schema: 1, control, pins: [pin], hardware: 'r2s', interface: BOARD_DEVICE };
    const claim = claimToken === undefined ? {} : { claimToken };
    writeFileSync(agentFile, JSON.stringify({ ...base, ...claim, probeUser: 'nobody', ...more }));
  }

  const board: LabBoard = {
    ...{ namespace, directory, state, run, mac, number, configure },
    async startAgent() {
      const words = ['agent', '--config', agentFile, '--state', state, '--run', run];
      agent = namespace.spawn(process.execPath, [MAIN, ...words]);
      await agent.waitFor(/ (enrolling;|this board is probe) /, 10_000);
      return agent;
    },
    async startProbe() {
      const policy = place.policy === undefined ? [] : ['--policy', policyFile];
      const words = ['probe', '--config', probeFile, '--state', state, '--run', run, ...policy];
      const started = namespace.spawn(process.execPath, [MAIN, ...words]);
      await started.waitFor(' measuring ', 10_000);
      probe = attachDaemon(started, fetcher, 9740);
      return probe;
    },
    async fingerprint() {
      await board.agent().waitFor(/fingerprint ([0-9a-f]{4} ){4}[0-9a-f]{4}/);
      return /fingerprint ((?:[0-9a-f]{4} ){4}[0-9a-f]{4})/.exec(printed(board.agent()))?.[1] ?? '';
    },
    agent: () => present(agent, 'agent'),
    probe: () => present(probe, 'probe'),
    hurry: () => void process.kill(board.agent().pid, 'SIGHUP'),
    credentials: () => readJson(join(state, 'agent', 'credentials.json')),
    identity: () => readText(join(state, 'agent', 'identity.pem')),
    report() {
      const read = readJson<unknown>(join(run, 'probe', 'report.json'));
      return read === null ? null : v.parse(PROBE_REPORT, read);
    },
    forgetRun() {
      rmSync(run, { recursive: true });
      mkdirSync(run);
    },
    users: () => ({
      agent: userOf(board.agent().pid),
      probe: userOf(board.probe().process.pid),
    }),
    close: () => namespace.close(),
  };
  configure({});
  // Rounds have the length that they had at the start.
  const smokeping = { round: '5s', timeout: '500ms' };
  writeFileSync(probeFile, JSON.stringify({ schema: 1, measurements: { smokeping } }));
  if (place.policy !== undefined) writeFileSync(policyFile, JSON.stringify(place.policy));
  return board;
}

async function plugIn(place: BoardPlace, namespace: Namespace, mac: string): Promise<void> {
  const { number, bridge, namespace: control } = place;
  const peer = `b${number}`;
  const near = `link add ${BOARD_DEVICE} address ${mac} type veth`;
  await namespace.ip(`${near} peer name ${peer} netns ${control.name}`);
  await control.ip(`link set ${peer} master ${bridge} up`);
  await namespace.ip(`link set ${BOARD_DEVICE} up`);
  await namespace.ip(`address add 10.50.0.${10 + number}/24 dev ${BOARD_DEVICE}`);
  await namespace.ip('route add default via 10.50.0.1');
}

export function printed(started: LabProcess): string {
  return started.output().stderr;
}

function present<T>(one: T | null, what: string): T {
  if (one === null) throw new Error(`no ${what} was started`);
  return one;
}

function userOf(pid: number): number {
  return Number(/^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function readJson<T>(file: string): T | null {
  const text = readText(file);
  return text === null ? null : (JSON.parse(text) as T);
}

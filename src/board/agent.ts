import { type DirectoryLock, lockIfWritable } from '../host/lock.ts';
import type { Log } from '../host/log.ts';
import type { AgentSettings } from './agent-config.ts';
import { handStep } from './agent-configure.ts';
import { openPace, openRetry, type Pace, TIMING, type Timing } from './agent-pace.ts';
import { openParts, type PartOpeners, type Parts } from './agent-parts.ts';
import { type Agent, type AgentState, needsEnrolment } from './agent-state.ts';
import { type Board, introduction, openBoard } from './board.ts';
import { type BoardClock, openClock } from './clock.ts';
import { isTimesyncDone } from './clock-system.ts';
import { loadCredentials } from './credentials.ts';
import type { FactPlaces } from './facts.ts';
import { ensureIdentity, type Identity } from './identity.ts';
import { loadKept } from './kept-config.ts';
import { AGENT_LOCK, type AgentPlaces, makeStateDirectory, openState, reasonOf } from './places.ts';
import { trackAcknowledged } from './probe-report.ts';
import { noteTrouble } from './trouble.ts';
import { openVoice } from './voice.ts';

// The agent: enrols its board, brings it its configuration and reports once a minute, for years,
// whatever happens to the control, the network, the disk or itself. One thing at a time: each step
// says how it went, and the plan says when which step comes next, in time that never goes back.

export interface AgentRun {
  /** Reads the settings; called again for a reload. */
  loadSettings(): AgentSettings;
  places: AgentPlaces;
  version: string;
  log: Log;
  env: Readonly<Record<string, string | undefined>>;
  /** Sets the system's clock; null when that is not wanted or not possible. */
  setClock: ((ms: number) => Promise<void>) | null;
  stop: AbortSignal;
  /** One pass: enrol, fetch, report, and a step of each part. */
  isOnce: boolean;
  /** Of mesh, lockdown and push, as far as the settings ask for them. */
  openers: PartOpeners;
  timing?: Partial<Timing>;
  factPlaces?: FactPlaces;
  systemMs?: () => number;
  isTimesyncDone?: () => boolean;
}

export interface RunningAgent {
  /** True when all went well; false only of a single pass. */
  ended: Promise<boolean>;
  /** Reads the settings again; bad ones change nothing. */
  reload(): void;
  /** How long the step under way has taken, ms, of its own or of a part; 0 while none is. */
  busyMs(): number;
}

/** Throws ERR_CONFIG_INVALID, ERR_USAGE and ERR_STATE_IO. */
export async function startAgent(run: AgentRun): Promise<RunningAgent> {
  // Judged before anything is made, so that a slip of the pen leaves nothing behind.
  const outset = openOutset(run);
  makeStateDirectory(run.places);
  const lock = await lockState(run);
  try {
    openState(run.places);
    const { identity, isNew } = ensureIdentity(run.places.identity);
    if (isNew) run.log.info(`made the key of this board, fingerprint ${identity.fingerprint}`);
    const agent = openAgent(run, outset, identity);
    const wake = openWake(run.stop);
    const plan: Plan = { isReloadAsked: false, busySinceMs: null };
    const { openers, isOnce } = run;
    const parts = openParts({ agent, openers, isOnce, boardMs: timingOf(run).boardMs });
    agent.boardState = () => parts.state();
    const ended = live(run, agent, { plan, wake, parts }).finally(() => lock.release());
    return {
      ended,
      reload() {
        plan.isReloadAsked = true;
        wake.now();
      },
      busyMs() {
        const own = plan.busySinceMs === null ? 0 : performance.now() - plan.busySinceMs;
        return Math.max(own, parts.busyMs());
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface Outset {
  state: AgentState;
  clock: BoardClock;
}

function openOutset(run: AgentRun): Outset {
  const { places, log, setClock } = run;
  const timesync = run.isTimesyncDone ?? isTimesyncDone;
  const daemon = { isClockSynced: false };
  const clock = openClock({
    file: places.clock,
    systemMs: run.systemMs ?? Date.now,
    monotonicMs: () => performance.now(),
    isSynced: () => daemon.isClockSynced || timesync(),
    setClock,
    log,
  });
  const state: AgentState = {
    board: openOwnBoard(run, clock),
    credentials: null,
    kept: null,
    refusedEtag: null,
    isUnknown: false,
    hasWorked: true,
    lastError: null,
    controlAway: null,
    daemon,
  };
  return { state, clock };
}

/** A full disk has no room for a lock either, and must not end what measures. */
function lockState({ places, log }: AgentRun): Promise<DirectoryLock> {
  return lockIfWritable(places.state, AGENT_LOCK, (error) => {
    log.warn(`going on without a lock: ${reasonOf(error)}`);
  });
}

function openAgent(run: AgentRun, { state, clock }: Outset, identity: Identity): Agent {
  const { places, log, env, stop } = run;
  const monotonicMs = (): number => performance.now();
  const timing = timingOf(run);
  state.credentials = loadCredentials(places.credentials, log);
  state.kept = loadKept(places, log);
  return {
    state,
    ...{ identity, clock, places, log, env, signal: stop },
    acknowledged: trackAcknowledged(),
    enrollBackoff: openRetry(timing, timing.enrollFirstMs),
    voice: openVoice({ log, monotonicMs }),
    startedMonotonicMs: monotonicMs(),
    boardState: () => null,
  };
}

interface Plan {
  isReloadAsked: boolean;
  /** Monotonic; null while it waits. */
  busySinceMs: number | null;
}

interface Life {
  plan: Plan;
  wake: Wake;
  parts: Parts;
}

async function live(run: AgentRun, agent: Agent, life: Life): Promise<boolean> {
  greet(agent);
  handStep(agent, true);
  try {
    await life.parts.configure(agent.state.board.settings);
    return await turn(run, agent, life);
  } finally {
    await life.parts.close();
  }
}

async function turn(run: AgentRun, agent: Agent, { plan, wake, parts }: Life): Promise<boolean> {
  const pace = openPace(agent, timingOf(run));
  while (!run.stop.aborted) {
    if (plan.isReloadAsked) {
      plan.isReloadAsked = false;
      if (reload(run, agent, pace)) await parts.configure(agent.state.board.settings);
    }
    const { step, atMs } = pace.next();
    if (atMs > performance.now()) {
      if (run.isOnce) return (await parts.once()) && pace.isWell();
      await wake.sleep(atMs - performance.now());
      continue;
    }
    plan.busySinceMs = performance.now();
    await step();
    plan.busySinceMs = null;
    noteTrouble(agent, pace.isWell(), parts.state());
    agent.clock.remember();
  }
  agent.clock.remember(true);
  return true;
}

function greet({ state, identity, log }: Agent): void {
  const { settings } = state.board;
  if (!needsEnrolment(state)) {
    log.info(`this board is probe ${state.credentials?.probe} of ${settings.control}`);
    return;
  }
  log.info(`enrolling; what the operator must do: ${introduction(state.board, identity)}`);
}

function timingOf(run: AgentRun): Timing {
  return { ...TIMING, ...run.timing };
}

function reload(run: AgentRun, agent: Agent, pace: Pace): boolean {
  try {
    agent.state.board = openOwnBoard(run, agent.clock);
    agent.log.info('settings read again');
    pace.restart();
    return true;
  } catch (error) {
    agent.log.error(`settings refused, those before go on: ${reasonOf(error)}`);
    return false;
  }
}

function openOwnBoard(run: AgentRun, clock: BoardClock): Board {
  const { version, factPlaces, log } = run;
  const options = { version, clock, ...(factPlaces && { factPlaces }) };
  const board = openBoard(run.loadSettings(), options);
  const { profileFault } = board.facts;
  if (profileFault !== null) log.warn(`${profileFault}; going on without it`);
  return board;
}

interface Wake {
  /** Resolves after so long, on stop, or when woken. */
  sleep(ms: number): Promise<void>;
  now(): void;
}

function openWake(stop: AbortSignal): Wake {
  let wake = (): void => undefined;
  stop.addEventListener('abort', () => wake());
  return {
    now: () => wake(),
    sleep: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}

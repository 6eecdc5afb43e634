import { resolve } from 'node:path';
import { loadSettings } from '../../board/agent-config.ts';
import { isTimesyncDone } from '../../board/clock-system.ts';
import { loadCredentials } from '../../board/credentials.ts';
import type { PartContext } from '../../board/part.ts';
import { agentPlaces } from '../../board/places.ts';
import { openPushPart } from '../../board/push/part.ts';
import { type PushPlaces, pushPlaces } from '../../board/push/places.ts';
import { planPush } from '../../board/push/plan.ts';
import type { PushSettings } from '../../board/push/settings.ts';
import { readStatus } from '../../board/push/status.ts';
import { openVoice } from '../../board/voice.ts';
import type { PushState } from '../../core/board-state.ts';
import { ProbeError } from '../../core/error.ts';
import { isJournal, type Log, openLog } from '../../host/log.ts';
import {
  configDirectory,
  ownPlaceRequest,
  ownStateDirectory,
  runDirectory,
} from '../../host/places.ts';
import { EXIT, UsageError } from '../command.ts';
import { followSignals, type Signals } from '../signals.ts';

const fs = process.getBuiltinModule('node:fs');

interface PushCommand {
  settings: PushSettings;
  places: PushPlaces;
  state: string;
  run: string;
  /** Where secrets.d is. */
  configDirectory: string;
  log: Log;
  isJson: boolean;
}

const ONCE_MS_MAX = 60_000;
const ONCE_STEP_MS = 1_000;

/** The push by itself, in the foreground: in a container, or to try it. */
export async function runPush(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const command = pushCommand(options);
  if (options['dryRun'] === true) return printPlan(command);
  if (options['status'] === true) return await printStatus(command);
  requireNoUnit(command);
  const signals = followSignals(false);
  try {
    return await live(command, signals, options['once'] === true);
  } finally {
    signals.close();
    command.log.flush();
  }
}

function pushCommand(options: Record<string, unknown>): PushCommand {
  const request = ownPlaceRequest();
  const named = options['config'] as string | undefined;
  const directory = configDirectory(request);
  const file = resolve(named ?? `${directory}/agent.json`);
  // The push alone asks no control, so that none need be named.
  const { push } = loadSettings(file, named !== undefined, { control: 'https://control.invalid' });
  if (push === null) throw new UsageError(`there is no section "push" in ${file}`);
  const state = (options['state'] as string | undefined) ?? ownStateDirectory();
  const run = (options['run'] as string | undefined) ?? runDirectory(request);
  return {
    // A unit is the agent's affair; by hand the child of this process is meant.
    settings: push.supervise === 'auto' ? { ...push, supervise: 'child' } : push,
    places: pushPlaces(state, run),
    state,
    run,
    configDirectory: named === undefined ? directory : resolve(file, '..'),
    log: openLog({ stream: process.stderr, nowMs: Date.now, journal: isJournal(process.env) }),
    isJson: options['json'] === true,
  };
}

// Beside a unit of the same places, vmagent would want the same port and the same queue.
function requireNoUnit({ settings, places: { vmagentEnv } }: PushCommand): void {
  if (settings.supervise !== 'child' || !fs.existsSync(vmagentEnv)) return;
  throw new ProbeError(
    'ERR_CONFLICT',
    'flint-agent.service does this already, by flint-vmagent.service: `flint push --status` says ' +
      `how that goes. To push by hand, stop both, then remove ${vmagentEnv}`,
  );
}

function printPlan(command: PushCommand): number {
  const { settings, places, isJson } = command;
  const plan = planPush({ settings, places, context: contextOf(command) });
  process.stdout.write(isJson ? `${JSON.stringify(plan)}\n` : `${plan.lines.join('\n')}\n`);
  return EXIT.ok;
}

async function printStatus({ settings, places, isJson }: PushCommand): Promise<number> {
  const status = await readStatus(settings, places);
  if (isJson) process.stdout.write(`${JSON.stringify(status)}\n`);
  else process.stdout.write(`${status.lines.join('\n')}\n`);
  return status.isRunning ? EXIT.ok : EXIT.trouble;
}

async function live(command: PushCommand, signals: Signals, isOnce: boolean): Promise<number> {
  const { settings, places, isJson } = command;
  const stop = new AbortController();
  const context = contextOf(command, stop.signal);
  const part = openPushPart({
    ...{ settings, context, places, configDirectory: command.configDirectory },
    ...(isOnce ? { stepMs: ONCE_STEP_MS } : {}),
  });
  const ended = signals.ended.then(() => stop.abort());
  const endMs = isOnce ? performance.now() + ONCE_MS_MAX : Number.POSITIVE_INFINITY;
  const tell = openTeller(isJson);
  let state: PushState | null = null;
  try {
    while (!stop.signal.aborted && performance.now() < endMs) {
      const step = await part.step();
      state = step.state;
      tell(state);
      if (isOnce && isDone(state)) break;
      await pause(step.nextMs, ended);
    }
  } finally {
    stop.abort();
    await part.close();
  }
  if (isOnce && !isJson) process.stdout.write(`${describe(state)}\n`);
  return isOnce && !isDone(state) ? EXIT.trouble : EXIT.ok;
}

/** Tells a state when it is another one. */
function openTeller(isJson: boolean): (state: PushState | null) => void {
  let last = '';
  return (state) => {
    const text = JSON.stringify(state);
    if (isJson && text !== last) process.stdout.write(`${text}\n`);
    last = text;
  };
}

function describe(state: PushState | null): string {
  return state === null ? 'off' : `${state.state}: ${state.reason ?? 'no trouble'}`;
}

function isDone(state: PushState | null): boolean {
  return state?.state === 'pushing' && state.acceptedMs !== null;
}

function contextOf(
  { log, state, run }: PushCommand,
  signal = new AbortController().signal,
): PartContext {
  const credentials = loadCredentials(agentPlaces(state, run).credentials, log);
  return {
    log,
    voice: openVoice({ log, monotonicMs: () => performance.now() }),
    env: process.env,
    signal,
    board: () => ({ schema: 1, writtenMs: 0, mesh: null, lockdown: null, push: null }),
    nowMs: Date.now,
    // Whoever starts it by hand sees the clock; on a board systemd says.
    isClockSynced: () => isTimesyncDone() || process.env['INVOCATION_ID'] === undefined,
    probeName: () => credentials?.probe ?? null,
    askControl: async () => ({ ok: true, value: null }),
  };
}

async function pause(ms: number, ended: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((done) => {
    timer = setTimeout(done, ms);
  });
  await Promise.race([passed, ended]);
  clearTimeout(timer);
}

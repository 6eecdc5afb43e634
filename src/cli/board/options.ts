import { dirname, resolve } from 'node:path';
import { type AgentOptions, type AgentSettings, loadSettings } from '../../board/agent-config.ts';
import type { PartPlaces } from '../../board/agent-openers.ts';
import { type Board, openBoard } from '../../board/board.ts';
import { type BoardClock, openClock } from '../../board/clock.ts';
import { clockCommand, isTimesyncDone } from '../../board/clock-system.ts';
import { loadCredentials } from '../../board/credentials.ts';
import { FACT_PLACES, type FactPlaces } from '../../board/facts.ts';
import { hardwareFolders } from '../../board/hardware-profile.ts';
import { loadIdentity } from '../../board/identity.ts';
import { type AgentPlaces, agentPlaces } from '../../board/places.ts';
import { planLines } from '../../board/plan.ts';
import { isJournal, type Log, openLog } from '../../host/log.ts';
import {
  configDirectory,
  ownPlaceRequest,
  ownStateDirectory,
  runDirectory,
} from '../../host/places.ts';
import { version } from '../version.ts';

// What `flint agent` and `flint enroll` take alike.

export interface BoardCommand {
  places: AgentPlaces;
  partPlaces: PartPlaces;
  /** agent.json. */
  file: string;
  factPlaces: FactPlaces;
  /** Reads agent.json again, and puts the command line over it. Throws ERR_CONFIG_INVALID. */
  settings(): AgentSettings;
  log: Log;
}

export function boardCommand(options: Record<string, unknown>): BoardCommand {
  const request = ownPlaceRequest();
  const named = textOf(options, 'config');
  const file = resolve(named ?? `${configDirectory(request)}/agent.json`);
  const state = textOf(options, 'state') ?? ownStateDirectory();
  const run = textOf(options, 'run') ?? runDirectory(request);
  return {
    places: agentPlaces(state, run),
    file,
    factPlaces: { ...FACT_PLACES, hardware: hardwareFolders(file) },
    partPlaces: { state, run, configDirectory: dirname(file) },
    settings: () => loadSettings(file, named !== undefined, settingOptions(options)),
    log: openLog({ stream: process.stderr, nowMs: Date.now, journal: isJournal(process.env) }),
  };
}

/** The board of one command, which never sets the clock. */
export interface IdleBoard {
  board: Board;
  clock: BoardClock;
}

/** Opens no connection and writes nothing. Throws ERR_CONFIG_INVALID and ERR_USAGE. */
export function openIdleBoard(command: BoardCommand): IdleBoard {
  const { places, factPlaces, settings, log } = command;
  const clock = openClock({
    file: places.clock,
    systemMs: Date.now,
    monotonicMs: () => performance.now(),
    isSynced: isTimesyncDone,
    setClock: null,
    log,
  });
  const board = openBoard(settings(), { version: version(), clock, factPlaces });
  const { profileFault } = board.facts;
  if (profileFault !== null) log.warn(`${profileFault}; going on without it`);
  return { board, clock };
}

/** Says on standard output what would be done. Changes nothing. */
export function printPlan(command: BoardCommand, isAgent: boolean): void {
  const { places, log } = command;
  const { settings, facts } = openIdleBoard(command).board;
  const lines = planLines({
    settings,
    facts,
    identity: loadIdentity(places.identity),
    credentials: loadCredentials(places.credentials, log),
    places,
    env: process.env,
    clockCommand: settings.setClock ? clockCommand(process.env) : null,
    isAgent,
  });
  process.stdout.write(`${lines.join('\n')}\n`);
}

function settingOptions(options: Record<string, unknown>): AgentOptions {
  const file = textOf(options, 'claimTokenFile');
  const texts = {
    control: textOf(options, 'control'),
    claimTokenFile: file === undefined ? undefined : resolve(file),
    hardware: textOf(options, 'hardware'),
    mac: textOf(options, 'mac'),
    interface: textOf(options, 'interface'),
    probeUser: textOf(options, 'probeUser'),
  };
  const given = Object.entries(texts).filter(([, text]) => text !== undefined);
  return {
    ...(Object.fromEntries(given) as AgentOptions),
    ...(options['setClock'] === true ? { setClock: true } : {}),
  };
}

function textOf(options: Record<string, unknown>, name: string): string | undefined {
  return options[name] as string | undefined;
}

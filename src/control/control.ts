// The control as a whole: its state, its server, and what runs beside them.
import { readFileSync } from 'node:fs';
import type { Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ProbeError } from '../core/error.ts';
import type { HardwareProfile } from '../core/hardware.ts';
import type { Log } from '../host/log.ts';
import { readHardware, refreshHardware } from './fleet/hardware.ts';
import { listenOn } from './listen.ts';
import type { ControlConfig } from './request/config.ts';
import type { ControlContext, ControlServer } from './request/context.ts';
import { buildServer } from './server.ts';
import { oneLine } from './store/backup.ts';
import { type ControlLock, lockControl } from './store/control-lock.ts';
import { type ControlDb, controlFile, openControlDb } from './store/db.ts';
import { type History, startHistory } from './store/history.ts';
import { openKeys } from './store/secrets.ts';
import { startUpkeep } from './upkeep.ts';

export interface ControlOptions {
  config: ControlConfig;
  /** Of flint; the control's own part is `control` in it. */
  stateDirectory: string;
  version: string;
  log: Log;
  /** Those of the program where none are given. */
  hardware?: readonly HardwareProfile[];
  nowMs?: () => number;
  /** See the context: for a control that only its own machine reaches. */
  isOpenToRead?: boolean;
  /** Runs before the first request is taken. */
  prepare?: (context: ControlContext) => Promise<void>;
}

export interface Control {
  /** What it is called by; with a port that was chosen. */
  origin: string;
  address: string;
  port: number;
  context: ControlContext;
  /**
   * Reads certificate, key and the fleet's own kinds of boards again. Throws nothing: what is bad
   * is told, and the old one stays.
   */
  reload(): void;
  /** Within five seconds; requests under way are answered if they can be. */
  stop(): Promise<void>;
}

const LOCK_WAIT_MS = 1_000;
const STOP_MS = 5_000;

/** Listens when it resolves. Throws ERR_CONTROL_BUSY, ERR_STATE_IO, ERR_SOCKET_OPEN, … */
export async function startControl(options: ControlOptions): Promise<Control> {
  const lock = lockControl(options.stateDirectory, LOCK_WAIT_MS);
  const parts: Parts = { lock, store: null, history: null, server: null };
  try {
    return await start(options, parts);
  } catch (error) {
    await end(parts);
    throw error;
  }
}

interface Parts {
  lock: ControlLock;
  store: ControlDb | null;
  history: History | null;
  server: ControlServer | null;
}

async function start(options: ControlOptions, parts: Parts): Promise<Control> {
  const { stateDirectory, log } = options;
  const file = controlFile(stateDirectory, 'control.db');
  const keys = openKeys(stateDirectory);
  const store = await openControlDb(file);
  parts.store = store;
  judgeWhole(store, file);
  const config = { ...options.config };
  const { version, hardware = readHardware(), nowMs = Date.now, isOpenToRead = false } = options;
  const revision = { value: 1 };
  const context: ControlContext = {
    ...{ config, store, log, version, nowMs, hardware, keys, revision, isOpenToRead },
  };
  refreshHardware(context, hardware);
  parts.history = startHistory(context, stateDirectory);
  await options.prepare?.(context);
  const tls = config.tls === null ? null : readTls(config.tls);
  const server = await buildServer(context, { tls });
  parts.server = server;
  const { address, port: wanted } = config.listen;
  const port = await listenOn(server, { address, port: wanted });
  if (wanted === 0) config.origin = config.origin.replace(/:0$/, `:${port}`);
  const upkeep = startUpkeep(context);
  await greet(context);
  return {
    origin: config.origin,
    address,
    port,
    context,
    reload() {
      reloadHardware(context, hardware);
      reloadTls(context, server);
    },
    async stop() {
      upkeep.end();
      await end(parts);
    },
  };
}

async function end({ lock, store, history, server }: Parts): Promise<void> {
  if (server !== null) await closeServer(server);
  history?.close();
  await store?.close();
  lock.release();
}

async function closeServer(server: ControlServer): Promise<void> {
  const late = setTimeout(() => server.server.closeAllConnections(), STOP_MS - 500);
  try {
    await server.close();
  } finally {
    clearTimeout(late);
  }
}

/** A torn file is found now, not when a board is refused because of it. */
function judgeWhole(store: ControlDb, file: string): void {
  const wrong = store.raw.pragma('quick_check(1)', { simple: true });
  if (wrong === 'ok') return;
  throw new ProbeError(
    'ERR_STATE_IO',
    `the database ${file} is damaged (${oneLine(wrong)}): put a backup in its place with ` +
      '`flint control restore FILE`; the damaged one is kept beside it',
  );
}

async function greet({ store, log }: ControlContext): Promise<void> {
  const admin = await store.db
    .selectFrom('operators')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabledMs', 'is', null)
    .executeTakeFirst();
  if (admin !== undefined) return;
  log.warn('nobody can log in yet: flint control user add NAME --role admin');
}

function readTls({ certFile, keyFile }: { certFile: string; keyFile: string }) {
  try {
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const text = `tls: ${certFile} and ${keyFile} cannot be used: ${why}`;
    throw new ProbeError('ERR_CONFIG_INVALID', text, { cause });
  }
}

function reloadHardware(context: ControlContext, own: readonly HardwareProfile[]): void {
  const { log } = context;
  try {
    refreshHardware(context, own);
    log.info('the hardware profiles were read again');
  } catch (error) {
    log.error(`hardware profiles: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function reloadTls({ config, log }: ControlContext, server: ControlServer): void {
  if (config.tls === null) return;
  try {
    const secure = server.server as unknown as TlsServer;
    secure.setSecureContext(readTls(config.tls));
    log.info('certificate and key were read again');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.error(`certificate and key stay as they were: ${why}`);
  }
}

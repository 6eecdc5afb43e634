// Where a control of this machine keeps what, and its database for the commands that are no server.
import { join, resolve } from 'node:path';
import { readFleetHardware, readHardware } from '../../control/fleet/hardware.ts';
import type { ControlConfig } from '../../control/request/config.ts';
import { loadControlConfig } from '../../control/request/config-file.ts';
import type { Actor, ControlContext } from '../../control/request/context.ts';
import { type ControlLock, lockControl } from '../../control/store/control-lock.ts';
import { type ControlDb, controlFile, loadSqlite, openControlDb } from '../../control/store/db.ts';
import { MIGRATIONS } from '../../control/store/db-migrations.ts';
import { ProbeError } from '../../core/error.ts';
import { openLog } from '../../host/log.ts';
import { configDirectory, ownPlaceRequest, ownStateDirectory } from '../../host/places.ts';
import { version } from '../version.ts';

const fs = process.getBuiltinModule('node:fs');

type Options = Readonly<Record<string, unknown>>;

/** Who does what is done at the machine itself. */
export const MACHINE: Actor = {
  kind: 'system',
  operatorId: null,
  name: 'command line',
  role: 'admin',
  text: 'system',
};

export function configOf(options: Options): ControlConfig {
  const given = options['config'] as string | undefined;
  const file = given ?? join(configDirectory(ownPlaceRequest()), 'control.json');
  return loadControlConfig(resolve(file), given === undefined);
}

export function stateOf(options: Options): string {
  const given = options['state'] as string | undefined;
  return given === undefined ? ownStateDirectory() : resolve(given);
}

/**
 * The context of a short command, beside a control that may be running: what it writes is read by
 * that one at its next request. Only a control that stands still is brought up to date by it. Root
 * becomes the owner of the state, unless the command only reads and writes elsewhere.
 */
export async function withContext<T>(
  options: Options,
  run: (context: ControlContext) => Promise<T>,
  { isReader = false } = {},
): Promise<T> {
  const config = configOf(options);
  const stateDirectory = stateOf(options);
  if (!isReader) becomeOwner(stateDirectory);
  const lock = lockUnlessRunning(stateDirectory);
  let store: ControlDb | null = null;
  try {
    const file = controlFile(stateDirectory, 'control.db');
    if (lock === null) refuseOther(file);
    store = await openPrivately(file);
    return await run(contextOf(config, store));
  } finally {
    await store?.close();
    lock?.release();
  }
}

/** What SQLite makes beside its file belongs to the owner alone as well. */
async function openPrivately(file: string): Promise<ControlDb> {
  const usual = process.umask(0o077);
  try {
    return await openControlDb(file);
  } finally {
    process.umask(usual);
  }
}

function contextOf(config: ControlConfig, store: ControlDb): ControlContext {
  return {
    config,
    store,
    log: openLog({ stream: process.stderr, nowMs: Date.now, journal: false }),
    version: version(),
    nowMs: Date.now,
    // What is wrong with them the control itself tells.
    hardware: readFleetHardware(config.hardware, readHardware()).profiles,
    keys: { nonce: Buffer.alloc(0), csrf: Buffer.alloc(0) },
    revision: { value: 1 },
  };
}

/** What root would make here, the control could not read any more. */
function becomeOwner(stateDirectory: string): void {
  if (process.getuid?.() !== 0) return;
  const directory = join(stateDirectory, 'control');
  const owner = fs.statSync(directory, { throwIfNoEntry: false });
  if (owner === undefined || owner.uid === 0) return;
  process.setgroups?.([owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}

function lockUnlessRunning(stateDirectory: string): ControlLock | null {
  try {
    return lockControl(stateDirectory);
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'ERR_CONTROL_BUSY') return null;
    throw error;
  }
}

/** A newer flint must not change the tables under an older one that runs. */
function refuseOther(file: string): void {
  const raw = new (loadSqlite())(file, { fileMustExist: true, timeout: 5_000 });
  try {
    const done = raw.prepare('select name from kysely_migration').pluck().all();
    if (Object.keys(MIGRATIONS).every((step) => done.includes(step))) return;
    const text = 'the control that runs is of an older flint: start it again first';
    throw new ProbeError('ERR_CONTROL_BUSY', text);
  } finally {
    raw.close();
  }
}

import { randomBytes } from 'node:crypto';
import { readWhole, writeWhole } from '../../host/file.ts';
import { readSecret } from '../../host/secret.ts';
import { loadAuthorities } from '../control-trust.ts';
import { reasonOf } from '../places.ts';
import { ask } from '../push/ask.ts';
import { isTokenKnown, reloadVmauth } from './reload.ts';
import type { VmauthSettings } from './settings.ts';
import {
  compareUsers,
  judgeShrinking,
  judgeUsers,
  type PushUser,
  parseUsers,
  renderUsers,
  type UsersDifference,
} from './users.ts';

// Once around: ask the control who may push, and when that differs from what vmauth has, write the
// file, reload vmauth, and see whether it took it. Whatever goes wrong, the last good file stays or
// comes back; where there is none yet, one that lets nobody in is written, so that vmauth starts.
// A list from which many are suddenly missing is believed only by the word of a person.

export interface SyncOptions {
  settings: VmauthSettings;
  env: Readonly<Record<string, string | undefined>>;
  configDirectory: string;
  isDryRun: boolean;
  /** Also an answer that takes the right from most of the probes. */
  mayShrink?: boolean;
}

export interface SyncResult {
  ok: boolean;
  /** Users in force, as far as is known. */
  users: number;
  isWritten: boolean;
  difference: UsersDifference;
  /** What went wrong; null when nothing did. */
  reason: string | null;
}

const PATH = '/api/v1/metrics-bearer-update';
const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 64 << 20;
const FILE_BYTES_MAX = 64 << 20;
const TOKEN_BYTES = 32;
const NO_DIFFERENCE: UsersDifference = { added: [], removed: [], changed: [] };
/** For vmauth's group, which its unit shares. */
const FILE_MODE = 0o640;

/** Never rejects. */
export async function syncUsers(options: SyncOptions): Promise<SyncResult> {
  try {
    return await sync(options);
  } catch (error) {
    return failed(0, reasonOf(error));
  }
}

async function sync(options: SyncOptions): Promise<SyncResult> {
  const { settings, isDryRun } = options;
  const before = readUsers(settings.file);
  if (before === 'foreign') {
    return failed(0, `${settings.file} was not written by this command: move it away first`);
  }
  const fetched = await fetchUsers(options);
  if (!fetched.ok) {
    if (before === null && !isDryRun) write(options, []);
    return failed(before?.users.length ?? 0, fetched.reason);
  }
  return await follow(options, before, fetched.users);
}

async function follow(
  options: SyncOptions,
  before: KeptUsers | null,
  users: readonly PushUser[],
): Promise<SyncResult> {
  const { settings, isDryRun, mayShrink = false } = options;
  const kept = before?.users ?? [];
  const difference = compareUsers(kept, users);
  const shrunk = mayShrink ? null : judgeShrinking(kept, users);
  if (isDryRun) return { ...fine(users.length), difference, reason: shrunk };
  if (shrunk !== null) return failed(kept.length, shrunk);
  if (await isInForce(before, users, settings)) return fine(users.length);
  return await apply(options, users, { before: before?.text ?? null, difference });
}

// It may have been told in vain the last time.
async function isInForce(
  before: KeptUsers | null,
  users: readonly PushUser[],
  { vmauth }: VmauthSettings,
): Promise<boolean> {
  if (before === null || renderUsers(users, before.probeToken) !== before.text) return false;
  return (await isTokenKnown(vmauth, before.probeToken)).ok;
}

async function apply(
  options: SyncOptions,
  users: readonly PushUser[],
  { before, difference }: { before: string | null; difference: UsersDifference },
): Promise<SyncResult> {
  const { settings } = options;
  const { probeToken, text } = write(options, users);
  const result = { ...fine(users.length), difference, isWritten: true };
  const reloaded = await reloadVmauth(settings, options);
  if (!reloaded.ok) return { ...result, ok: false, reason: reloaded.reason };
  const known = await isTokenKnown(settings.vmauth, probeToken);
  if (known.ok) return result;
  const isBack = known.isRefused === true && goBack(settings.file, text, before);
  const reason = isBack ? `${known.reason}; the file of before is back` : known.reason;
  return { ...result, ok: false, isWritten: !isBack, reason };
}

// What vmauth does not take while it runs, it would not start with either. Somebody else's file of
// a moment ago stays.
function goBack(file: string, text: string, before: string | null): boolean {
  if (before === null || readWhole(file, { bytesMax: FILE_BYTES_MAX }) !== text) return false;
  writeWhole(file, before, { mode: FILE_MODE });
  return true;
}

async function fetchUsers({ settings, env, configDirectory }: SyncOptions) {
  const key = readSecret(settings.key, { env, configDirectory });
  if (key === null) return { ok: false as const, reason: `there is no secret "${settings.key}"` };
  const answer = await ask({
    url: settings.control + PATH,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({ 'metrics-api-key': key }).toString(),
    timeoutMs: TIMEOUT_MS,
    bytesMax: ANSWER_BYTES_MAX,
    authorities: loadAuthorities(settings.caFile ?? null),
  });
  if (!answer.ok)
    return { ok: false as const, reason: `no answer of the control: ${answer.reason}` };
  if (answer.status !== 200) {
    return { ok: false as const, reason: `the control answered ${answer.status}` };
  }
  if (answer.isCut) return { ok: false as const, reason: 'the answer of the control is too large' };
  return judgeUsers(answer.text, settings);
}

// Each time another one: who is let in with it has read this very file.
function write({ settings }: SyncOptions, users: readonly PushUser[]) {
  const probeToken = randomBytes(TOKEN_BYTES).toString('base64url');
  const text = renderUsers(users, probeToken);
  writeWhole(settings.file, text, { mode: FILE_MODE });
  return { probeToken, text };
}

interface KeptUsers {
  users: readonly PushUser[];
  probeToken: string;
  text: string;
}

// An empty file is none: it may be what somebody made for vmauth, and says nothing.
function readUsers(file: string): KeptUsers | 'foreign' | null {
  const text = readWhole(file, { bytesMax: FILE_BYTES_MAX });
  if (text === null || text.trim() === '') return null;
  const parsed = parseUsers(text);
  return parsed === null ? 'foreign' : { ...parsed, text };
}

function fine(users: number): SyncResult {
  return { ok: true, users, isWritten: false, difference: NO_DIFFERENCE, reason: null };
}

function failed(users: number, reason: string): SyncResult {
  return { ...fine(users), ok: false, reason };
}

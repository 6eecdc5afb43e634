import * as v from 'valibot';
import {
  PRE_AUTH_KEY,
  parseTailnetKey,
  TAILNET_KEY_PATH,
  type TailnetKey,
} from '../../core/tailnet-wire.ts';
import { removeWhole, writeWhole } from '../../host/file.ts';
import { readSecret } from '../../host/secret.ts';
import type { PartContext } from '../part.ts';
import { reasonOf } from '../places.ts';
import type { MeshPlaces } from './places.ts';
import type { TailscaleSettings } from './settings.ts';
import { canonical } from './tailnet-address.ts';

const crypto = process.getBuiltinModule('node:crypto');
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

// Where a key to join with comes from: the secret that the operator or the image put on the board,
// else the control, which makes one when it is asked. A key that was refused is not tried again for
// hours; one of the control's is kept until it was used, so that a login server that is down costs
// one key and not hundreds.

export interface KeyRing {
  find(): Promise<KeyFound>;
  /** The key that was found last is of no use. */
  refuse(): void;
  /** It has been used. */
  spend(): void;
}

export type KeyFound =
  | { ok: true; key: string; grant: TailnetKey | null }
  | { ok: false; reason: string; retryAfterMs: number | null };

export interface KeyRingOptions {
  settings: Pick<TailscaleSettings, 'key' | 'loginServer' | 'readers'>;
  places: MeshPlaces;
  context: Pick<PartContext, 'env' | 'askControl' | 'isClockSynced' | 'nowMs'>;
  /** Instead of the secret of the configuration. */
  givenKey: string | null;
  monotonicMs(): number;
}

const REFUSED_MS = 6 * 3_600_000;
const REFUSED_MAX = 16;
const KEY_FILE_MS_MAX = 600_000;

export function openKeyRing(options: KeyRingOptions): KeyRing {
  const { context, monotonicMs } = options;
  const refusedMs = new Map<string, number>();
  let grant: TailnetKey | null = null;
  let last: string | null = null;

  function isRefused(key: string): boolean {
    const atMs = refusedMs.get(digestOf(key));
    return atMs !== undefined && monotonicMs() - atMs < REFUSED_MS;
  }

  async function fromControl(reason: string): Promise<KeyFound> {
    if (grant !== null && isCurrent(grant, context)) return found(grant.key, grant);
    grant = null;
    const word = await context.askControl(TAILNET_KEY_PATH, {});
    if (!word.ok) return { ...word, reason: `${reason}; ${word.reason}` };
    if (word.value === null) return none(`${reason}; the control hands out none`);
    const judged = judgeAnswer(word.value, options.settings);
    if (!judged.ok) return none(`${reason}; ${judged.reason}`);
    if (isRefused(judged.grant.key)) return none(`${reason}; the control gave a refused key again`);
    grant = judged.grant;
    return found(grant.key, grant);
  }

  function found(key: string, ofControl: TailnetKey | null): KeyFound {
    last = key;
    return { ok: true, key, grant: ofControl };
  }

  return {
    async find() {
      const local = localKey(options);
      if (!local.ok) return fromControl(local.reason);
      if (!isRefused(local.key)) return found(local.key, null);
      return fromControl(`the key ${whichKey(options)} was refused`);
    },
    refuse() {
      if (last === null) return;
      if (refusedMs.size >= REFUSED_MAX) refusedMs.clear();
      refusedMs.set(digestOf(last), monotonicMs());
      grant = null;
    },
    spend() {
      grant = null;
    },
  };
}

/**
 * Runs with the key in a file of root's alone, which is gone afterwards. Throws ERR_STATE_IO when
 * it cannot be written.
 */
export async function withKeyFile<Result>(
  places: MeshPlaces,
  key: string,
  run: (file: string) => Promise<Result>,
): Promise<Result> {
  const file = path.join(places.state, `key-${process.pid}`);
  writeWhole(file, `${key}\n`, { mode: 0o600 });
  try {
    return await run(file);
  } finally {
    removeWhole(file);
  }
}

/** Removes the key of a life that was cut off in the middle. */
export function removeOldKeys({ state }: MeshPlaces): void {
  for (const name of listed(state)) {
    const pid = /^\.?key-(\d+)(\.\d+\.new)?$/.exec(name)?.[1];
    const file = path.join(state, name);
    if (pid === undefined || (fs.existsSync(`/proc/${pid}`) && isYoung(file))) continue;
    fs.rmSync(file, { force: true });
  }
}

// A join takes a minute; after that somebody else has the number of the process.
function isYoung(file: string): boolean {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  return stats !== undefined && Math.abs(Date.now() - stats.mtimeMs) < KEY_FILE_MS_MAX;
}

function listed(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    // Not there yet; or it cannot be used, as will be said when something is to be written.
    return [];
  }
}

/** Whether the text could be a pre-auth key at all. */
export function isPreAuthKey(text: string): boolean {
  return v.is(PRE_AUTH_KEY, text);
}

function localKey(
  options: KeyRingOptions,
): { ok: true; key: string } | { ok: false; reason: string } {
  const { settings, places, context, givenKey } = options;
  try {
    const { configDirectory } = places;
    const key = givenKey ?? readSecret(settings.key, { env: context.env, configDirectory });
    if (key === null) return { ok: false, reason: `there is no secret ${settings.key}` };
    if (isPreAuthKey(key)) return { ok: true, key };
    return { ok: false, reason: `what is ${whichKey(options)} is no pre-auth key` };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

function whichKey({ settings, givenKey }: KeyRingOptions): string {
  return givenKey === null ? `in the secret ${settings.key}` : 'that was given';
}

function judgeAnswer(
  value: unknown,
  { loginServer, readers }: KeyRingOptions['settings'],
): { ok: true; grant: TailnetKey } | { ok: false; reason: string } {
  const parsed = parseTailnetKey(value);
  if (!parsed.ok) return { ok: false, reason: `the control's answer is bad: ${parsed.reason}` };
  const { answer } = parsed;
  // Where a board logs in decides who reaches it: that is for its own configuration to say.
  if (answer.loginServer !== undefined && !isSame(answer.loginServer, loginServer)) {
    return {
      ok: false,
      reason: `the control's key is for ${answer.loginServer}, not for ${loginServer}`,
    };
  }
  // With the metrics server's address on its own interface a board would push to itself.
  if (readers.some((reader) => isSameAddress(reader, answer.address))) {
    return { ok: false, reason: `the control's address for us is a reader's: ${answer.address}` };
  }
  return { ok: true, grant: answer };
}

function isSameAddress(one: string, other: string | undefined): boolean {
  return other !== undefined && canonical(one) === canonical(other);
}

// Before the clock is set nobody can tell; the login server knows.
function isCurrent(grant: TailnetKey, context: KeyRingOptions['context']): boolean {
  return !context.isClockSynced() || context.nowMs() < grant.expiresMs;
}

function isSame(one: string, other: string): boolean {
  return one.replace(/\/+$/, '').toLowerCase() === other.replace(/\/+$/, '').toLowerCase();
}

function none(reason: string): KeyFound {
  return { ok: false, reason, retryAfterMs: null };
}

function digestOf(key: string): string {
  return crypto.createHash('sha256').update(key).digest('hex');
}

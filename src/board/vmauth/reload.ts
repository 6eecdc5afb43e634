import { findProgram, lastWords, runCommand } from '../../host/command.ts';
import { readWhole } from '../../host/file.ts';
import { readSecret, type SecretPlaces } from '../../host/secret.ts';
import { ask } from '../push/ask.ts';
import type { VmauthSettings } from './settings.ts';

const fs = process.getBuiltinModule('node:fs');

// Telling vmauth to read its file again, and finding out whether it did: it keeps the old users
// when it does not like the new file, and says so in its log alone.

/** `isRefused`: vmauth answers, and goes on with other users. */
export type Reloaded = { ok: true } | { ok: false; reason: string; isRefused?: boolean };

const TIMEOUT_MS = 10_000;
const COMMAND_MS_MAX = 30_000;
const ANSWER_BYTES_MAX = 4096;
const TRIES = 20;
const TRY_MS = 250;

/** Never rejects. */
export async function reloadVmauth(
  settings: VmauthSettings,
  places: SecretPlaces,
): Promise<Reloaded> {
  try {
    if (settings.reload === 'http') return await reloadByHttp(settings, places);
    if (settings.reload === 'unit') return await reloadUnit(settings.unit ?? '', places);
    return reloadProcess(settings.pidFile ?? '');
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Whether vmauth knows this token now: it then says anything but 400 and 401. Asked for some
 * seconds, because a signal takes its time.
 */
export async function isTokenKnown(vmauth: string, token: string): Promise<Reloaded> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask({
      url: `${vmauth}/`,
      headers: { authorization: `Bearer ${token}` },
      timeoutMs: TIMEOUT_MS,
      bytesMax: ANSWER_BYTES_MAX,
    });
    if (!answer.ok) return refuse(`vmauth does not answer: ${answer.reason}`);
    if (![400, 401, 403].includes(answer.status)) return { ok: true };
    if (attempt === TRIES) {
      return { ...refuse('vmauth still has other users: its log says why'), isRefused: true };
    }
    await new Promise((resolve) => {
      setTimeout(resolve, TRY_MS);
    });
  }
}

async function reloadByHttp(settings: VmauthSettings, places: SecretPlaces): Promise<Reloaded> {
  const { vmauth, reloadKey, reloadKeyFile } = settings;
  const isKeyed = reloadKey !== undefined || reloadKeyFile !== undefined;
  const key = isKeyed ? findKey(settings, places) : null;
  if (isKeyed && key === null) {
    return refuse(`there is no key of /-/reload: ${reloadKeyFile ?? `secret "${reloadKey}"`}`);
  }
  const answer = await ask({
    // There is no other way to hand it over.
    url: `${vmauth}/-/reload${key === null ? '' : `?authKey=${encodeURIComponent(key)}`}`,
    timeoutMs: TIMEOUT_MS,
    bytesMax: ANSWER_BYTES_MAX,
  });
  if (!answer.ok) return refuse(`vmauth does not answer: ${answer.reason}`);
  return answer.status < 300 ? { ok: true } : refuse(`/-/reload was answered ${answer.status}`);
}

function findKey({ reloadKey, reloadKeyFile }: VmauthSettings, places: SecretPlaces) {
  if (reloadKeyFile === undefined) return readSecret(reloadKey ?? '', places);
  const text = readWhole(reloadKeyFile, { bytesMax: ANSWER_BYTES_MAX }) ?? '';
  return /^\w*reloadAuthKey="?([\w.~+/=-]+)"?$/m.exec(text)?.[1] ?? null;
}

async function reloadUnit(unit: string, { env }: SecretPlaces): Promise<Reloaded> {
  const systemctl = findProgram('systemctl', env);
  if (systemctl === null) return refuse('there is no systemctl here');
  const words = ['--no-ask-password', 'reload', unit];
  const result = await runCommand(systemctl, words, { timeoutMs: COMMAND_MS_MAX });
  return result.code === 0
    ? { ok: true }
    : refuse(`systemctl reload ${unit}: ${lastWords(result)}`);
}

function reloadProcess(pidFile: string): Reloaded {
  const text = readWhole(pidFile, { bytesMax: 64 })?.trim() ?? '';
  if (!/^[1-9]\d{0,9}$/.test(text)) return refuse(`${pidFile} names no process`);
  const name = fs.readFileSync(`/proc/${text}/comm`, 'utf8').trim();
  if (!name.startsWith('vmauth')) return refuse(`process ${text} of ${pidFile} is no vmauth`);
  process.kill(Number(text), 'SIGHUP');
  return { ok: true };
}

function refuse(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}

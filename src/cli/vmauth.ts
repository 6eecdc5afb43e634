import { resolve } from 'node:path';
import { loadVmauthSettings, type VmauthSettings } from '../board/vmauth/settings.ts';
import { type SyncResult, syncUsers } from '../board/vmauth/sync.ts';
import { openVoice, type Voice } from '../board/voice.ts';
import { formatDuration } from '../core/duration.ts';
import { isJournal, type Log, openLog } from '../host/log.ts';
import { configDirectory, ownPlaceRequest } from '../host/places.ts';
import { EXIT } from './command.ts';
import { followSignals } from './signals.ts';

/** Once, or every --interval until told to stop. */
export async function runVmauthSync(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const directory = configDirectory(ownPlaceRequest());
  const named = options['config'] as string | undefined;
  const file = resolve(named ?? `${directory}/vmauth.json`);
  const settings = loadVmauthSettings(file, named !== undefined, settingOptions(options));
  const isDryRun = options['dryRun'] === true;
  const sync = (): Promise<SyncResult> =>
    syncUsers({
      ...{ settings, env: process.env, isDryRun, mayShrink: options['shrink'] === true },
      configDirectory: named === undefined ? directory : resolve(file, '..'),
    });
  const intervalMs = (options['interval'] as number | undefined) ?? settings.interval;
  const isOnce = isDryRun || options['shrink'] === true;
  if (intervalMs !== undefined && !isOnce) return await loop(sync, intervalMs);
  const result = await sync();
  print(result, settings, { isDryRun, isJson: options['json'] === true });
  return result.ok ? EXIT.ok : EXIT.trouble;
}

async function loop(sync: () => Promise<SyncResult>, intervalMs: number): Promise<number> {
  const log = openLog({ stream: process.stderr, nowMs: Date.now, journal: isJournal(process.env) });
  const signals = followSignals(false);
  const ended = signals.ended.then(() => true);
  const voice = openVoice({ log, monotonicMs: () => performance.now() });
  log.info(`who may push is asked every ${formatDuration(intervalMs)}`);
  try {
    for (;;) {
      tell(log, voice, await sync());
      let timer: NodeJS.Timeout | undefined;
      const passed = new Promise<false>((done) => {
        timer = setTimeout(() => done(false), intervalMs);
      });
      const isOver = await Promise.race([ended, passed]);
      clearTimeout(timer);
      if (isOver) return await signals.ended;
    }
  } finally {
    signals.close();
    log.flush();
  }
}

function tell(log: Log, voice: Voice, result: SyncResult): void {
  const { ok, isWritten, users, difference, reason } = result;
  const { added, removed, changed } = difference;
  if (isWritten) {
    log.info(`${users} may push`, {
      added: added.length,
      removed: removed.length,
      changed: changed.length,
    });
  }
  if (isWritten && users === 0) log.warn('nobody may push: the control names no probe');
  const rest = isWritten
    ? 'the users of vmauth are written'
    : 'the users of vmauth stay as they are';
  if (ok) voice.well('vmauth', 'who may push is known again');
  else voice.trouble('vmauth', `${rest}: ${reason}`);
}

function print(
  result: SyncResult,
  { file }: VmauthSettings,
  { isDryRun, isJson }: { isDryRun: boolean; isJson: boolean },
): void {
  if (isJson) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const { difference, users, isWritten, reason } = result;
  const lines = [
    ...difference.added.map((name) => `+ ${name}`),
    ...difference.removed.map((name) => `- ${name}`),
    ...difference.changed.map((name) => `~ ${name}`),
    ...(isDryRun ? [`would write ${file} and reload vmauth: ${users} may push`] : []),
    ...(isWritten ? [`${file} is written: ${users} may push`] : []),
  ];
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
  if (reason !== null) process.stderr.write(`flint: ${reason}\n`);
}

function settingOptions(options: Record<string, unknown>): Partial<VmauthSettings> {
  const { control, key, file, vmauth } = options as Record<string, string | undefined>;
  const given = { control, key, file: file === undefined ? undefined : resolve(file), vmauth };
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Partial<VmauthSettings>;
}

// One line an event: for the journal JSON behind its priority, else text behind the time. What is
// said again within a minute is counted and told once. Messages carry text from the network, so
// nothing that steers a terminal gets through, and neither do queries of URLs and secrets.

export type LogLevel = 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface LogOptions {
  stream: { write(text: string): unknown };
  /** Unix milliseconds. */
  nowMs(): number;
  /** True when the stream is systemd's journal. */
  journal: boolean;
}

export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Tells what was repeated so far; for the end of the process. */
  flush(): void;
}

export function openLog(options: LogOptions): Log {
  const repeats = new Map<string, Repeat>();
  const timer = { handle: null as NodeJS.Timeout | null };
  function tell(level: LogLevel, message: string, fields: LogFields = {}): void {
    const entry = cleanEntry({ level, message, fields });
    expire(options, repeats, FOLD_MS);
    if (isRepeat(repeats, entry, options.nowMs())) keepTimer(timer, flushOld);
    else write(options, entry);
  }
  function flushOld(): boolean {
    expire(options, repeats, FOLD_MS);
    return repeats.size > 0;
  }
  return {
    info: (message, fields) => tell('info', message, fields),
    warn: (message, fields) => tell('warn', message, fields),
    error: (message, fields) => tell('error', message, fields),
    flush: () => expire(options, repeats, 0),
  };
}

/** Whether standard error is the journal: JOURNAL_STREAM names its device and inode. */
export function isJournal(environment: NodeJS.ProcessEnv): boolean {
  const named = environment['JOURNAL_STREAM'];
  if (named === undefined) return false;
  try {
    const { dev, ino } = process.getBuiltinModule('node:fs').fstatSync(2);
    return named === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

interface Entry {
  level: LogLevel;
  message: string;
  fields: LogFields;
}

interface Repeat {
  entry: Entry;
  sinceMs: number;
  count: number;
}

const FOLD_MS = 60_000;
const REPEATS_MAX = 256;
const TEXT_LENGTH_MAX = 1_000;
const PRIORITIES: Readonly<Record<LogLevel, number>> = { info: 6, warn: 4, error: 3 };

// Tells the first one at once; more of them than can be remembered are told each.
function isRepeat(repeats: Map<string, Repeat>, entry: Entry, nowMs: number): boolean {
  const key = JSON.stringify(entry);
  const known = repeats.get(key);
  if (known !== undefined) {
    known.count++;
    return true;
  }
  if (repeats.size < REPEATS_MAX) repeats.set(key, { entry, sinceMs: nowMs, count: 0 });
  return false;
}

function expire(options: LogOptions, repeats: Map<string, Repeat>, ageMs: number): void {
  const nowMs = options.nowMs();
  for (const [key, { entry, sinceMs, count }] of repeats) {
    // A wall clock that was set back counts as a full age.
    if (nowMs - sinceMs < ageMs && nowMs >= sinceMs) continue;
    repeats.delete(key);
    if (count === 0) continue;
    const spanS = Math.max(1, Math.round(Math.abs(nowMs - sinceMs) / 1000));
    write(options, {
      ...entry,
      message: `${entry.message} (repeated ${count} times in ${spanS} s)`,
    });
  }
}

// Runs only while something was repeated, and does not keep the process alive.
function keepTimer(timer: { handle: NodeJS.Timeout | null }, flushOld: () => boolean): void {
  if (timer.handle !== null) return;
  timer.handle = setInterval(() => {
    if (flushOld() || timer.handle === null) return;
    clearInterval(timer.handle);
    timer.handle = null;
  }, FOLD_MS / 4);
  timer.handle.unref();
}

function write({ stream, nowMs, journal }: LogOptions, entry: Entry): void {
  const line = journal ? formatJournal(entry) : formatPlain(entry, nowMs());
  try {
    stream.write(`${line}\n`);
  } catch {
    // Nobody is left to be told.
  }
}

function formatJournal({ level, message, fields }: Entry): string {
  return `<${PRIORITIES[level]}>${JSON.stringify({ level, message, fields })}`;
}

function formatPlain({ level, message, fields }: Entry, timeMs: number): string {
  return `${new Date(timeMs).toISOString()} ${level} ${message}${formatFields(fields)}`;
}

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .map(([name, value]) => ` ${name}=${formatValue(value)}`)
    .join('');
}

function formatValue(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value);
  return /^[\w.:@/+-]+$/.test(value) ? value : JSON.stringify(value);
}

function cleanEntry({ level, message, fields }: Entry): Entry {
  const clean = Object.entries(fields).map(([name, value]) => {
    if (SECRET_NAME.test(name)) return [name, HIDDEN];
    return [name, typeof value === 'string' ? cleanText(value) : value];
  });
  return { level, message: cleanText(message), fields: Object.fromEntries(clean) };
}

const HIDDEN = '[hidden]';
const SECRET_NAME =
  /secret|token|pass(w|phrase)|bearer|authorization|credential|cookie|(api|private|auth)[-_]?key/i;
const URL_USER = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@"'<>]*@/gi;
const URL_QUERY = /((?:[a-z][a-z0-9+.-]*:\/\/|\/)[^\s?#"'<>]*)\?[^\s"'<>]*/gi;
const CREDENTIALS = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi;
const ASSIGNED_SECRET = new RegExp(
  String.raw`\b((?:[\w-]*(?:secret|token|password|passphrase)|(?:api|private|auth)[-_]?key)` +
    String.raw`["']?\s*[=:]\s*["']?)[^\s"',;&]+`,
  'gi',
);
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function cleanText(text: string): string {
  return text
    .slice(0, TEXT_LENGTH_MAX)
    .replace(URL_USER, `$1${HIDDEN}@`)
    .replace(URL_QUERY, '$1?…')
    .replace(CREDENTIALS, `$1 ${HIDDEN}`)
    .replace(ASSIGNED_SECRET, `$1${HIDDEN}`)
    .replace(INVISIBLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`;
}

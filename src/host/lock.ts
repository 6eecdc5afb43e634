import { ProbeError } from '../core/error.ts';

// One process at a time has a directory: the store of a probe, the keys of a board. Each puts an
// empty file of its own into it, named after boot, process and the start of that process, and then
// looks for others. A name says by itself whether its process still lives, and no two lives share
// one: so a stale file can be removed without the danger of removing a fresh one, which a single
// lock file could not offer. In a container a sandboxed unit may see another boot id than a shell
// does: so a lock of another boot whose process lives is looked at once more, by when it was made.

const fs = process.getBuiltinModule('node:fs').promises;
const os = process.getBuiltinModule('node:os');

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Of what another process keeps us out, and what to do about it. */
export interface LockWords {
  what: string;
  advice: string;
}

interface Holder {
  bootId: string;
  pid: number;
  /** Clock ticks from boot to the start of the process; 0 where /proc does not tell. */
  startTicks: string;
}

const NAME = /^lock\.([0-9a-f]{8}|unknown)\.([0-9]{1,10})\.([0-9]{1,20})$/;
const UNWRITABLE: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);
/** Of the start of a process in /proc, on every machine that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Between the two clocks, and what the one may have been set by. */
const BEFORE_START_MS_MAX = 5_000;
const TRIES = 5;
const TRY_MS_MAX = 60;

/**
 * Throws ERR_STATE_IO when another living process, or this one, has the directory, and when it
 * takes no file, then with the errno.
 */
export async function lockDirectory(directory: string, words: LockWords): Promise<DirectoryLock> {
  const own = await thisProcess();
  const path = `${directory}/${toName(own)}`;
  for (let attempt = 1; ; attempt++) {
    await createLock(path, directory, words);
    const holder = await otherHolder(directory, own);
    if (holder === null) return { release: () => remove(path) };
    await remove(path);
    // Two that start at once see each other and both step back: chance decides who comes first.
    if (attempt === TRIES) throw inUse(directory, words, holder.pid);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * TRY_MS_MAX));
  }
}

/**
 * As `lockDirectory`, but where the disk takes no file (full, read-only) and no other process lives
 * there it goes on without a lock, and tells why: what measures must not end by that.
 */
export async function lockIfWritable(
  directory: string,
  words: LockWords,
  tell: (error: ProbeError) => void,
): Promise<DirectoryLock> {
  // What dead processes left may be all that there is no room for.
  const holder = await otherHolder(directory, await thisProcess()).catch(() => null);
  if (holder !== null) throw inUse(directory, words, holder.pid);
  try {
    return await lockDirectory(directory, words);
  } catch (error) {
    if (!(error instanceof ProbeError) || !UNWRITABLE.has(error.errno ?? '')) throw error;
    tell(error);
    return { release: async () => undefined };
  }
}

async function createLock(path: string, directory: string, words: LockWords): Promise<void> {
  try {
    const handle = await fs.open(path, 'wx', 0o600);
    await handle.close();
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw inUse(directory, words, process.pid);
    throw new ProbeError('ERR_STATE_IO', `${words.what} ${directory} cannot be locked (${code})`, {
      cause,
      errno: code,
    });
  }
}

/** The first other process that holds the directory; removes what dead ones left behind. */
async function otherHolder(directory: string, own: Holder): Promise<Holder | null> {
  for (const name of await fs.readdir(directory)) {
    const holder = fromName(name);
    if (holder === null || name === toName(own)) continue;
    if (await isAlive(holder, own, `${directory}/${name}`)) return holder;
    await remove(`${directory}/${name}`);
  }
  return null;
}

/** What a disk that takes no writes keeps is told from a living one by its name. */
async function remove(path: string): Promise<void> {
  await fs.rm(path, { force: true }).catch(() => undefined);
}

async function isAlive(holder: Holder, own: Holder, file: string): Promise<boolean> {
  if (!isRunning(holder.pid)) return false;
  const life = await readLife(holder.pid);
  const isOfThisBoot = holder.bootId === own.bootId;
  // /proc may hide it; that of an earlier boot whose number is in use again is hidden, too.
  if (life === null) return isOfThisBoot;
  if (life.startTicks !== holder.startTicks || life.isOver) return false;
  return isOfThisBoot || (holder.pid !== own.pid && (await isMadeBy(life, file)));
}

// Boards boot alike: after a power cut another program may have the number and the very start that
// the holder had. But the file is then older than that program, which has another name most often.
async function isMadeBy(life: Life, file: string): Promise<boolean> {
  const own = await readLife(process.pid);
  if (life.name !== own?.name) return false;
  const runsMs = os.uptime() * 1000 - (Number(life.startTicks) / TICKS_PER_SECOND) * 1000;
  const stats = await fs.lstat(file).catch(() => null);
  return stats !== null && Date.now() - stats.mtimeMs <= runsMs + BEFORE_START_MS_MAX;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function thisProcess(): Promise<Holder> {
  const bootId = (await readText('/proc/sys/kernel/random/boot_id'))?.slice(0, 8) ?? 'unknown';
  return { bootId, pid: process.pid, startTicks: (await readLife(process.pid))?.startTicks ?? '0' };
}

interface Life {
  /** Of its program. */
  name: string;
  startTicks: string;
  isOver: boolean;
}

// proc_pid_stat(5): fields 3 and 22, counted behind the name, which may hold blanks and brackets.
// A zombie was killed and waits for its parent to notice.
async function readLife(pid: number): Promise<Life | null> {
  const text = await readText(`/proc/${pid}/stat`);
  if (text === null) return null;
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const isOver = fields[0] === 'Z' || fields[0] === 'X';
  const name = text.slice(text.indexOf('(') + 1, end);
  return { name, startTicks: fields[19] ?? '0', isOver };
}

async function readText(path: string): Promise<string | null> {
  try {
    return await fs.readFile(path, 'latin1');
  } catch {
    return null;
  }
}

function toName({ bootId, pid, startTicks }: Holder): string {
  return `lock.${bootId}.${pid}.${startTicks}`;
}

function fromName(name: string): Holder | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  const [, bootId = '', pid = '', startTicks = ''] = match;
  return { bootId, pid: Number(pid), startTicks };
}

function inUse(directory: string, { what, advice }: LockWords, pid: number): ProbeError {
  return new ProbeError(
    'ERR_STATE_IO',
    `${what} ${directory} is in use by process ${pid}: ${advice}`,
  );
}

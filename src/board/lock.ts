const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../core/error.ts';
import { reasonOf } from './places.ts';

// One process at a time is this board: two would take each other's API keys away. Each puts an
// empty file of its own into the directory, named after boot, process and the start of that
// process, and then looks for others: a name says by itself whether its process still lives, and no
// two lives share one, so that a stale one can be removed without the danger of removing a fresh
// one.

export interface Lock {
  release(): void;
}

interface Holder {
  bootId: string;
  pid: number;
  /** Clock ticks from boot to the start of the process; 0 where /proc does not tell. */
  startTicks: string;
}

const NAME = /^lock\.([0-9a-f]{8}|unknown)\.([0-9]{1,10})\.([0-9]{1,20})$/;
const TRIES = 5;
const TRY_MS_MAX = 60;

/** Throws ERR_STATE_IO when another living process has the directory, or it cannot be written. */
export async function lockDirectory(directory: string): Promise<Lock> {
  const own = thisProcess();
  const file = path.join(directory, toName(own));
  for (let attempt = 1; ; attempt++) {
    create(file, directory);
    const holder = otherHolder(directory, own);
    if (holder === null) return { release: () => fs.rmSync(file, { force: true }) };
    fs.rmSync(file, { force: true });
    // Two that start at once see each other and both step back: chance decides who comes first.
    if (attempt === TRIES) throw inUse(directory, holder.pid);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * TRY_MS_MAX));
  }
}

function create(file: string, directory: string): void {
  try {
    fs.closeSync(fs.openSync(file, 'wx', 0o600));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw inUse(directory, process.pid);
    throw new ProbeError('ERR_STATE_IO', `${directory} cannot be locked: ${reasonOf(cause)}`, {
      cause,
      errno: (cause as NodeJS.ErrnoException).code ?? 'unknown',
    });
  }
}

/** The first other process that holds the directory; removes what dead ones left behind. */
function otherHolder(directory: string, own: Holder): Holder | null {
  for (const name of fs.readdirSync(directory)) {
    const holder = fromName(name);
    if (holder === null || name === toName(own)) continue;
    if (isAlive(holder, own.bootId)) return holder;
    fs.rmSync(path.join(directory, name), { force: true });
  }
  return null;
}

function isAlive(holder: Holder, bootId: string): boolean {
  if (holder.bootId !== bootId || !isRunning(holder.pid)) return false;
  const life = readLife(holder.pid);
  return life === null || (life.startTicks === holder.startTicks && !life.isOver);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function thisProcess(): Holder {
  const bootId = readText('/proc/sys/kernel/random/boot_id')?.slice(0, 8) ?? 'unknown';
  return { bootId, pid: process.pid, startTicks: readLife(process.pid)?.startTicks ?? '0' };
}

// proc_pid_stat(5): fields 3 and 22, counted behind the name, which may hold blanks and brackets.
// A zombie was killed and waits for its parent to notice.
function readLife(pid: number): { startTicks: string; isOver: boolean } | null {
  const text = readText(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { startTicks: fields[19] ?? '0', isOver: fields[0] === 'Z' || fields[0] === 'X' };
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'latin1');
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

function inUse(directory: string, pid: number): ProbeError {
  return new ProbeError(
    'ERR_STATE_IO',
    `${directory} is in use by process ${pid}, an agent that enrols and reports by itself: ` +
      'stop that one, or choose another directory with --state',
  );
}

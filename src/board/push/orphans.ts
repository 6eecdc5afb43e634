const fs = process.getBuiltinModule('node:fs');

// Programs of ours that outlived us: known by a variable of their environment that no other has,
// and by their user. /proc says so of each process, and is asked again right before each signal.

const END_MS_MAX = 15_000;
/** Who sits in the kernel cannot be killed, and we have other things to do. */
const KILL_MS_MAX = 5_000;
const POLL_MS = 50;
const PROCESSES_MAX = 65_536;

/** Numbers of the processes of this user whose environment has `mark` ("NAME=value"). */
export function findOrphans(mark: string, uid: number): number[] {
  const numbers = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers
    .slice(0, PROCESSES_MAX)
    .map(Number)
    .filter((pid) => pid !== process.pid && isMarked(pid, mark, uid));
}

/** Ends them, and waits until they are gone, within bounds; how many there were. */
export async function endOrphans(mark: string, uid: number): Promise<number> {
  const orphans = findOrphans(mark, uid);
  const endMs = performance.now() + END_MS_MAX;
  for (const pid of orphans) signal(pid, 'SIGTERM');
  for (;;) {
    const left = orphans.filter((pid) => isMarked(pid, mark, uid));
    if (left.length === 0) return orphans.length;
    if (performance.now() > endMs + KILL_MS_MAX) return orphans.length;
    if (performance.now() > endMs) for (const pid of left) signal(pid, 'SIGKILL');
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
}

// A zombie has no environment any more.
function isMarked(pid: number, mark: string, uid: number): boolean {
  try {
    if (fs.statSync(`/proc/${pid}`).uid !== uid) return false;
    return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(mark);
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It went by itself.
  }
}

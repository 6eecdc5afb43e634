// Directories on disks that take no file: full of files, read-only. Mounts of a namespace's own.
import { spawnSync } from 'node:child_process';
import { equal, match } from 'uvu/assert';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/net.ts';
import { inDirectory } from '../probe/store-place.ts';

const CHILD = new URL('./lock-full-child.ts', import.meta.url).pathname;
const missing = requireLab('unshare', 'mount');

interface Said {
  told: string[];
  errors: number;
  lastError: string | null;
  error?: string;
}

/** Runs the child after the words of a shell, which has the directory as $D. */
function onDisk(directory: string, shell: string): Said {
  const words = ['-m', 'sh', '-ec', `${shell}\nexec "$0" --import tsx "${CHILD}" "$D"`];
  const env = { ...process.env, D: directory };
  const { stdout, stderr } = spawnSync('unshare', [...words, process.execPath], {
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

suite('host/lock on disks that take nothing', ({ testIf }) => {
  testIf(missing, 'what a killed process left makes room on a disk that is full of files', () =>
    inDirectory(async (directory) => {
      const fill = 'mount -t tmpfs -o nr_inodes=2 none "$D"; : > "$D/lock.00000000.77.1"';
      const { told, errors, error } = onDisk(directory, `${fill}; ! touch "$D/more" 2> /dev/null`);

      equal([told, errors, error], [[], 0, undefined]);
    }),
  );

  testIf(missing, 'a disk that is full or read-only ends nobody, and is told', () =>
    inDirectory(async (directory) => {
      const full = 'mount -t tmpfs -o nr_inodes=2 none "$D"; : > "$D/x"';
      const still = 'mount -t tmpfs -o mode=700 none "$D"; mount -o remount,ro "$D"';
      for (const [shell, why] of [
        [full, 'ENOSPC'],
        [still, 'EROFS'],
      ] as const) {
        const { told, errors, lastError, error } = onDisk(directory, shell);
        equal([error, told?.length, errors], [undefined, 1, 1], why);
        match(told[0] ?? '', `cannot be locked (${why})`);
        match(lastError ?? '', why);
      }
    }),
  );

  testIf(missing, 'and another that lives there is told from that all the same', () =>
    inDirectory(async (directory) => {
      const alive =
        'mount -t tmpfs none "$D"; ' +
        'b=$(cut -c1-8 /proc/sys/kernel/random/boot_id); s=$(cut -d" " -f22 /proc/1/stat); ' +
        ': > "$D/lock.$b.1.$s"; mount -o remount,ro "$D"';
      match(onDisk(directory, alive).error ?? '', 'in use by process 1');
    }),
  );
});

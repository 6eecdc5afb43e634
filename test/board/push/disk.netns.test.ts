// Disks that take nothing: mounts of a namespace's own.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { equal, match } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { requireLab } from '../../lab/net.ts';
import { inPlace } from '../place.ts';

const DISK = new URL('../../../src/board/push/disk.ts', import.meta.url).pathname;
const missing = requireLab('unshare', 'mount');

const CHILD = new URL('./disk-child.ts', import.meta.url).pathname;

/** What node says after the words of a shell, which has the directory as $D. */
function saidAfter(directory: string, shell: string, words: readonly string[]): string {
  const script = `${shell}\nexec "$0" --import tsx "$@"`;
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['-m', 'sh', '-ec', script, process.execPath, ...words],
    { env: { ...process.env, D: directory }, encoding: 'utf8', timeout: 60_000 },
  );
  if (stdout === '') throw new Error(stderr);
  return stdout;
}

function faultAfter(directory: string, shell: string): string {
  const script =
    `import { diskFault } from ${JSON.stringify(DISK)};` +
    'process.stdout.write(String(diskFault(process.env.D)))';
  return saidAfter(directory, shell, ['--input-type=module', '-e', script]);
}

suite('push-disk on disks that take nothing', ({ testIf }) => {
  testIf(missing, 'a disk that is full, out of inodes or read-only is called so', () =>
    inPlace(({ directory }) => {
      for (const [shell, fault] of [
        ['mount -t tmpfs -o size=4M none "$D"', 'null'],
        ['mount -t tmpfs -o size=2M none "$D"; head -c 1500000 /dev/zero > "$D/x"', 'full'],
        ['mount -t tmpfs -o nr_inodes=2 none "$D"; : > "$D/x"', 'no inodes'],
        ['mount -t tmpfs none "$D"; mount -o remount,ro "$D"', 'read-only'],
      ] as const) {
        equal(faultAfter(directory, shell), fault, shell);
      }
    }),
  );

  testIf(missing, 'where vmagent is a unit that does not come up, that is the reason told', () =>
    inPlace(({ directory, state }) => {
      const own = join(state, 'agent');
      mkdirSync(own, { recursive: true });
      const shell = `mount -t tmpfs none "${own}"; mount -o remount,ro "${own}"`;
      match(saidAfter(directory, shell, [CHILD, directory, state]), 'the disk is read-only');
    }),
  );
});

// Coverage of src/ by c8, from what V8 writes in each process that a test started: also a daemon
// that runs from dist/, by its source maps.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIMITS = ['--check-coverage', '--lines', '95', '--branches', '90'];

/** The folder that processes write to; also those that gave up root. */
export function openCoverage() {
  const folder = mkdtempSync(join(tmpdir(), 'flint-cover-'));
  chmodSync(folder, 0o1777);
  return folder;
}

/** Prints the table, removes the folder; false when the limits are asked for and not met. */
export function closeCoverage(root, folder, withLimits) {
  const words = [
    join(root, 'node_modules/c8/bin/c8.js'),
    'report',
    ...['--temp-directory', folder, '--all', '--src', 'src', '--include', 'src/**'],
    ...['--exclude-after-remap', '--reporter', 'text', '--reporter', 'lcovonly'],
    ...(withLimits ? LIMITS : []),
  ];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' });
  rmSync(folder, { recursive: true, force: true });
  return status === 0;
}

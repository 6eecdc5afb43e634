// A clone that is built, and the file system tree of a machine, both small and thrown away.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { InstallOptions } from '../../../src/board/install/install.ts';
import { BOARD_PACKAGES } from '../../../src/board/install/program.ts';
import type { Seen } from '../../../src/board/install/seen.ts';
import { readUnits } from '../../../src/board/install/units.ts';
import type { InstallWish } from '../../../src/board/install/wish.ts';

export interface Scratch {
  /** The clone. */
  source: string;
  /** The machine. */
  root: string;
  write(file: string, text: string): void;
}

export async function inScratch(use: (scratch: Scratch) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-install-'));
  const [source, root] = [join(directory, 'clone'), join(directory, 'root')];
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };
  fillClone(source, write);
  write(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  write(join(root, 'etc/group'), 'root:x:0:\n');
  try {
    await use({ source, root, write });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function optionsIn({ source, root }: Scratch, more: Partial<InstallOptions> = {}) {
  return {
    ...{ control: null, hardware: null, agentConfig: null, prefix: '/usr/lib/flint', node: null },
    ...{ root, source, isStart: true, env: process.env },
    ...more,
  };
}

export function wishFor(more: Partial<InstallWish> = {}): InstallWish {
  return {
    units: readUnits(),
    ...{ prefix: '/usr/lib/flint', release: '1.0.0-0a1b2c3d', files: 3, bytes: 300 },
    ...{ launcher: 'build/flint-launch', node: '/usr/bin/node', vmagent: '/usr/bin/vmagent' },
    ...{ systemdVersion: 252, isRunning: true, root: null, agentConfig: null, policy: '{}\n' },
    ...{ wantsMac: false, isLocked: false, isStart: true },
    ...more,
  };
}

export const BARE: Seen = {
  files: new Map(),
  links: new Map(),
  directories: new Map(),
  users: new Set(),
  foreignUsers: new Map(),
  release: 'absent',
  ...{ releases: [], others: [] },
  active: new Set(),
};

function fillClone(source: string, write: (file: string, text: string) => void): void {
  write(join(source, 'package.json'), '{"name": "flint", "version": "1.2.3"}');
  write(join(source, 'LICENSE'), 'MIT');
  for (const file of ['dist/main.js', 'build/hot.wasm', 'build/flint.node', 'hardware/x/a.json']) {
    write(join(source, file), `the text of ${file}`);
  }
  write(join(source, 'build/flint-launch'), '#!/bin/sh\n');
  chmodSync(join(source, 'build/flint-launch'), 0o700);
  write(join(source, 'build/native/CMakeCache.txt'), 'not for boards');
  write(join(source, 'dist/main.js.map'), 'not for boards');
  for (const name of BOARD_PACKAGES) {
    write(join(source, 'node_modules', name, 'package.json'), '{"version": "1.0.0"}');
    write(join(source, 'node_modules', name, 'index.js'), name);
    write(join(source, 'node_modules', name, 'index.d.ts'), 'not for boards');
  }
}

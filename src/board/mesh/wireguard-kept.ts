const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { isRecord } from '../../core/config-value.ts';
import { readWhole, removeWhole, writeWhole } from '../../host/file.ts';

// What the board remembers of its WireGuard: its public key, for people to read, and which
// interface it made. Only that one is ever taken down.

export interface Kept {
  publicKey: string | null;
  /** Noted before it is made. */
  interface: string | null;
  /** In which boot that was: what has the name in another one may be somebody else's. */
  bootId: string | null;
  /** Taken down by hand, until it is brought up by hand. */
  isDown: boolean;
}

const FILE_BYTES_MAX = 4096;
const DEVICE = /^[A-Za-z0-9._-]{1,15}$/;
const PUBLIC_KEY = /^[A-Za-z0-9+/]{43}=$/;
const BOOT_ID = /^[0-9a-f-]{36}$/;
const BOOT_FILE = '/proc/sys/kernel/random/boot_id';

export function keptFile(stateDirectory: string): string {
  return path.join(stateDirectory, 'wireguard.json');
}

/** One that is damaged is as good as none: all of it can be found out again. */
export function readKept(stateDirectory: string): Kept {
  try {
    const text = readWhole(keptFile(stateDirectory), { bytesMax: FILE_BYTES_MAX });
    const kept: unknown = JSON.parse(text ?? '{}');
    const { publicKey, interface: device, bootId, isDown } = isRecord(kept) ? kept : {};
    return {
      publicKey: textOf(publicKey, PUBLIC_KEY),
      interface: textOf(device, DEVICE),
      bootId: textOf(bootId, BOOT_ID),
      isDown: isDown === true,
    };
  } catch {
    return { publicKey: null, interface: null, bootId: null, isDown: false };
  }
}

/** Of this boot; null where the kernel does not tell. */
export function readBootId(): string | null {
  try {
    return textOf(fs.readFileSync(BOOT_FILE, 'latin1').trim(), BOOT_ID);
  } catch {
    return null;
  }
}

/** Writes what is another than before. Throws ERR_STATE_IO. */
export function keep(stateDirectory: string, change: Partial<Kept>): void {
  const before = JSON.stringify({ schema: 1, ...readKept(stateDirectory) });
  const text = JSON.stringify({ schema: 1, ...readKept(stateDirectory), ...change });
  if (text === before) return;
  writeWhole(keptFile(stateDirectory), `${text}\n`);
}

/**
 * Lends the configuration as a file of its own, 0600, for as long as `use` takes: `wg` opens its
 * standard input anew, which a socket does not allow, and words on a command line are public.
 */
export async function withConfig<Result>(
  stateDirectory: string,
  text: string,
  use: (file: string) => Promise<Result>,
): Promise<Result> {
  const file = path.join(stateDirectory, 'wireguard.conf');
  writeWhole(file, text);
  try {
    return await use(file);
  } finally {
    removeWhole(file);
  }
}

function textOf(value: unknown, shape: RegExp): string | null {
  return typeof value === 'string' && shape.test(value) ? value : null;
}

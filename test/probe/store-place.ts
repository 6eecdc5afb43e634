import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type RoundStore, type StoreOptions } from '../../src/probe/store/store.ts';
import { START_MS } from '../fake/rounds.ts';

// Directories for stores, which go away with the test, and stores with bounds that do not matter.

export const HOUR_MS = 3_600_000;

export async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-store-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Opens a store, closes it however `run` ends. */
export async function withStore<T>(
  directory: string,
  run: (store: RoundStore) => Promise<T>,
  options: Partial<StoreOptions> = {},
): Promise<T> {
  const store = await openStore(directory, {
    keepMs: 1_000_000 * HOUR_MS,
    bytesMax: 64 * 1_048_576,
    nowMs: () => START_MS,
    ...options,
  });
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

export function segmentsOf(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(directory, name));
}

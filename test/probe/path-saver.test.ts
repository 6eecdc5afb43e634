import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { trackPath } from '../../src/core/path-identity.ts';
import type { KeptPath } from '../../src/measure/paths-entry.ts';
import { openPathSaver, type PathSaver } from '../../src/probe/path-saver.ts';
import { suite } from '../helper.ts';

interface Place {
  directory: string;
  saver: PathSaver;
  paths: KeptPath[];
  warnings: string[];
  /** Lets time pass, looks, and waits for what that begins. */
  pass(ms: number): Promise<void>;
  /** The addresses in the file; null when there is none. */
  saved(): string[] | null;
}

suite('path-saver', ({ test }) => {
  test('writes a minute after the start, and then every five', () =>
    inPlace(async ({ paths, pass, saved }) => {
      paths.push(keptPath('10.0.0.1'));
      await pass(59_999);
      assert.is(saved(), null);
      await pass(1);
      assert.equal(saved(), ['10.0.0.1']);
      paths[0] = keptPath('10.0.0.2');
      await pass(299_999);
      assert.equal(saved(), ['10.0.0.1']);
      await pass(1);
      assert.equal(saved(), ['10.0.0.2']);
    }));

  test('a change is written at once, and not more often than every ten seconds', () =>
    inPlace(async ({ paths, pass, saved, saver }) => {
      await pass(20_000);
      paths.push(keptPath('10.0.0.1'));
      saver.changed();
      await pass(1);
      assert.equal(saved(), ['10.0.0.1']);
      paths[0] = keptPath('10.0.0.2');
      saver.changed();
      await pass(9000);
      assert.equal(saved(), ['10.0.0.1']);
      await pass(1000);
      assert.equal(saved(), ['10.0.0.2']);
    }));

  test('closing writes once more, after what is under way', () =>
    inPlace(async ({ paths, saver, saved }) => {
      paths.push(keptPath('10.0.0.1'));
      saver.changed();
      void saver.look();
      paths[0] = keptPath('10.0.0.2');
      await saver.close();
      assert.equal(saved(), ['10.0.0.2']);
    }));

  test('where nothing is known, nothing is replaced', () =>
    inPlace(async ({ paths, saver, saved }) => {
      await saver.close();
      assert.is(saved(), null);
      paths.push(keptPath('10.0.0.1'));
      await saver.close();
      paths.length = 0;
      await saver.close();
      assert.equal(saved(), ['10.0.0.1']);
    }));

  test('trouble is said once, and once again when it comes back', () =>
    inPlace(async ({ directory, paths, saver, warnings, saved }) => {
      const draft = join(directory, 'paths.json.new');
      paths.push(keptPath('10.0.0.1'));
      for (const isFull of [true, true, false, true]) {
        if (isFull) symlinkSync('/dev/full', draft);
        await saver.close();
      }
      assert.is(warnings.length, 2);
      assert.match(warnings[0] ?? '', /paths are kept for the next start: ENOSPC/);
      assert.equal(saved(), ['10.0.0.1']);
    }));
});

async function inPlace(run: (place: Place) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-saver-'));
  const file = join(directory, 'paths.json');
  const paths: KeptPath[] = [];
  const warnings: string[] = [];
  let nowMs = 1000;
  const nothing = (): void => undefined;
  const log = { info: nothing, error: nothing, flush: nothing };
  const saver = openPathSaver({
    directory,
    log: { ...log, warn: (message) => warnings.push(message) },
    monoMs: () => nowMs,
    paths: () => paths.values(),
  });
  const saved = (): string[] | null => {
    if (!existsSync(file)) return null;
    const document = JSON.parse(readFileSync(file, 'utf8')) as { paths: KeptPath[] };
    return document.paths.map(({ ip }) => ip);
  };
  async function pass(ms: number): Promise<void> {
    nowMs += ms;
    await saver.look();
  }
  try {
    await run({ directory, saver, paths, warnings, saved, pass });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function keptPath(ip: string): KeptPath {
  return { key: '[]', ip, sinceMs: 5, memory: trackPath().memory() };
}

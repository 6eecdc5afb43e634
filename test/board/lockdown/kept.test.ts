import { deepEqual, equal, match } from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isKeeping,
  keptFile,
  loadKept,
  NOTHING_KEPT,
  saveKept,
} from '../../../src/board/lockdown/kept.ts';
import { suite } from '../../helper.ts';

function inDirectory(use: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-kept-'));
  try {
    use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

suite('what the lockdown keeps', (s) => {
  s.test('comes back as it was saved, for its owner alone', () =>
    inDirectory((directory) => {
      const learned = { ...NOTHING_KEPT.learned, gateways: ['192.168.1.1'] };
      saveKept(directory, { ...NOTHING_KEPT, learned });

      deepEqual(loadKept(directory), { kept: { ...NOTHING_KEPT, learned }, trouble: null });
      equal(statSync(keptFile(directory)).mode & 0o777, 0o600);
    }),
  );

  s.test('nothing there is nothing kept, and no trouble', () =>
    inDirectory((directory) => {
      deepEqual(loadKept(join(directory, 'none')), { kept: NOTHING_KEPT, trouble: null });
    }),
  );

  s.test('a disk that is not read-only keeps, also where nothing was kept yet', () =>
    inDirectory((directory) => {
      deepEqual([isKeeping(directory), isKeeping(join(directory, 'none/yet'))], [true, true]);
      writeFileSync(keptFile(directory), '');
      equal(isKeeping(join(keptFile(directory), 'none')), true);
    }),
  );

  s.test('half a file, another shape, or one that others may write is not believed', () =>
    inDirectory((directory) => {
      for (const text of ['{"schema":1,', '{"schema":2}', '[]', '']) {
        writeFileSync(keptFile(directory), text, { mode: 0o600 });
        const { kept, trouble } = loadKept(directory);
        equal(kept, NOTHING_KEPT);
        match(trouble ?? '', /is of no use/, text);
      }
      saveKept(directory, NOTHING_KEPT);
      chmodSync(keptFile(directory), 0o666);
      match(loadKept(directory).trouble ?? '', /others may write it/);
    }),
  );
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { match } from 'uvu/assert';
import { runUninstall } from '../../../src/cli/board/uninstall.ts';
import { suite } from '../../helper.ts';

// What it removes: test/board/install/uninstall.test.ts, and install.test.ts beside this one.

suite('cli/uninstall', ({ test }) => {
  test('where nothing was installed nothing is removed', async () => {
    const root = mkdtempSync(join(tmpdir(), 'flint-uninstall-'));
    try {
      const reason = await runUninstall([], { root, purge: true, yes: true }).then(
        () => 'it went on',
        (error: unknown) => (error as Error).message,
      );
      match(reason, /nothing was installed below \/usr\/lib\/flint: name another place/);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});

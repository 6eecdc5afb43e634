import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { boardFile } from '../../src/probe/mesh-state.ts';
import { openMeshWatch } from '../../src/probe/mesh-watch.ts';
import { BOARD_NOW_MS, fakeBoard } from '../fake/board.ts';
import { suite } from '../helper.ts';

suite('probe/mesh-watch', (s) => {
  const run = mkdtempSync(join(tmpdir(), 'flint-watch-'));
  const file = boardFile(run);
  mkdirSync(dirname(file), { recursive: true });
  s.after(() => rmSync(run, { recursive: true }));

  function open(runDirectory: string | null) {
    const lines: string[] = [];
    const tell = (message: string): void => void lines.push(message);
    const watch = openMeshWatch({
      runDirectory,
      owners: [process.getuid?.() ?? 0],
      log: { info: tell, warn: tell, error: tell, flush: () => undefined },
      nowMs: () => BOARD_NOW_MS,
      monoMs: () => 0,
    });
    return { watch, lines };
  }

  s.test('without an agent there is nothing to say', async () => {
    for (const directory of [null, run]) {
      const { watch, lines } = open(directory);
      watch.look();
      is(watch.snapshot(), null);
      equal(lines, []);
      await watch.close();
    }
  });

  s.test('shows what the agent says, and warns once when it cannot be understood', async () => {
    writeFileSync(file, JSON.stringify(fakeBoard()), { mode: 0o644 });
    const { watch, lines } = open(run);
    const known = watch.snapshot();
    equal([known?.state, known?.reason], [fakeBoard(), null]);
    is(known?.listener.address, null);

    writeFileSync(file, 'nonsense');
    for (let looks = 0; looks < 3; looks++) watch.look();

    const unknown = watch.snapshot();
    is(unknown?.state, null);
    match(unknown?.reason ?? '', /cannot be read/);
    is(lines.length, 1);
    await watch.close();
  });
});

// One owner of a control's state, whatever became of the last one.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import { lockControl } from '../../../src/control/store/control-lock.ts';
import { controlFile } from '../../../src/control/store/db.ts';
import { suite } from '../../helper.ts';
import { codeOf } from '../refused.ts';

suite('control-lock', ({ test }) => {
  test('is held by one at a time, and free when that one lets go', () =>
    inPlace((place) => {
      const state = join(place, 'state');
      const first = lockControl(state);
      refused(() => lockControl(state), 'ERR_CONTROL_BUSY', state);
      first.release();
      lockControl(state).release();
    }));

  test('keeps its directory and its file to the user', () =>
    inPlace((place) => {
      const state = join(place, 'state');
      mkdirSync(join(state, 'control'), { recursive: true, mode: 0o755 });
      lockControl(state).release();
      const lock = controlFile(state, 'lock.db');
      const modes = [dirname(lock), lock].map((path) => statSync(path).mode & 0o777);
      equal(modes, [0o700, 0o600]);
    }));

  test('says which directory cannot be used', () =>
    inPlace((place) => {
      const file = join(place, 'file');
      writeFileSync(file, '');
      refused(() => lockControl(join(file, 'state')), 'ERR_STATE_IO', file);
    }));
});

function inPlace(run: (place: string) => void): void {
  const place = mkdtempSync(join(tmpdir(), 'flint-control-lock-'));
  try {
    run(place);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function refused(run: () => unknown, code: string, named: string): void {
  let thrown: unknown = null;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  equal(codeOf(thrown), code);
  ok(thrown instanceof Error && thrown.message.includes(named), String(thrown));
}

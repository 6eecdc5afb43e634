import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { openRun } from '../../src/probe/daemon-run.ts';
import { suite } from '../helper.ts';

suite('probe/daemon-run', (s) => {
  const base = mkdtempSync(join(tmpdir(), 'flint-run-'));
  const said: string[] = [];
  const take = (message: string): void => void said.push(message);
  const log = { info: take, warn: take, error: take, flush: () => undefined };
  s.after(() => rmSync(base, { recursive: true }));

  s.test("makes the probe's part, for all to read and for its user to write", () => {
    const identity = process.getuid?.() === 0 ? { name: 'x', uid: 4711, gid: 4712 } : null;
    const own = openRun(join(base, 'run'), identity, log);
    is(own, join(base, 'run', 'probe'));
    const { mode, uid, gid } = statSync(own ?? '');
    is(mode & 0o777, 0o755);
    if (identity !== null) equal([uid, gid], [4711, 4712]);
    writeFileSync(join(own ?? '', 'report.json'), '{}');
    chmodSync(join(own ?? '', 'report.json'), 0o644);
    is(openRun(join(base, 'run'), identity, log), own);
    if (identity !== null) is(statSync(join(own ?? '', 'report.json')).uid, 4711);
  });

  s.test('without one nobody is told, and that is all', () => {
    is(openRun(null, null, log), null);
    equal(said, []);
    writeFileSync(join(base, 'file'), '');
    is(openRun(join(base, 'file'), null, log), null);
    match(said.join(), /the run directory .* cannot be prepared .* no report is written/);
  });
});

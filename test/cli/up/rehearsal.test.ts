import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, ok } from 'uvu/assert';
import { rehearse } from '../../../src/cli/up/rehearsal.ts';
import { readHardware } from '../../../src/control/fleet/hardware.ts';
import { parseControlConfig } from '../../../src/control/request/config.ts';
import { openLog } from '../../../src/host/log.ts';
import { suite } from '../../helper.ts';

suite('up-rehearsal', (s) => {
  s.test('shows every page without trouble, and leaves nothing behind', async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const log = openLog({ stream, nowMs: Date.now, journal: false });
    const parsed = parseControlConfig({ schema: 1, listen: { address: '127.0.0.1', port: 0 } });
    ok(parsed.ok);
    const { config } = parsed;
    const options = { config, version: '0', log, hardware: readHardware(), isOpenToRead: true };
    const { answers, left } = await inOwnScratch(() => rehearse(options));

    equal(left, []);
    is(lines.filter((line) => / (warn|error) /.test(line)).join(''), '');
    const missing = [...answers].filter(([, status]) => status !== 200);
    equal(missing, [
      ['/status', 404],
      ['/nothing-is-here', 404],
    ]);
    ok(answers.size > 10);
  });
});

/** With a directory of its own in the place of /tmp; `left` is what lies there afterwards. */
async function inOwnScratch<T>(run: () => Promise<T>): Promise<{ answers: T; left: string[] }> {
  const before = process.env['TMPDIR'];
  const scratch = mkdtempSync(join(tmpdir(), 'flint-scratch-'));
  process.env['TMPDIR'] = scratch;
  try {
    const answers = await run();
    return { answers, left: readdirSync(scratch) };
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(scratch, { recursive: true, force: true });
  }
}

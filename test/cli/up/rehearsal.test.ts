import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { equal, is, ok } from 'uvu/assert';
import { rehearse } from '../../../src/cli/up/rehearsal.ts';
import { readHardware } from '../../../src/control/fleet/hardware.ts';
import { parseControlConfig } from '../../../src/control/request/config.ts';
import { openLog } from '../../../src/host/log.ts';
import { suite } from '../../helper.ts';

function rehearsals(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('flint-rehearsal-'));
}

suite('up-rehearsal', (s) => {
  s.test('shows every page without trouble, and leaves nothing behind', async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => lines.push(line) };
    const log = openLog({ stream, nowMs: Date.now, journal: false });
    const parsed = parseControlConfig({ schema: 1, listen: { address: '127.0.0.1', port: 0 } });
    ok(parsed.ok);
    const before = rehearsals();
    const { config } = parsed;
    const options = { config, version: '0', log, hardware: readHardware(), isOpenToRead: true };
    const answers = await rehearse(options);

    equal(rehearsals(), before);
    is(lines.filter((line) => / (warn|error) /.test(line)).join(''), '');
    const missing = [...answers].filter(([, status]) => status !== 200);
    equal(missing, [
      ['/status', 404],
      ['/nothing-is-here', 404],
    ]);
    ok(answers.size > 10);
  });
});

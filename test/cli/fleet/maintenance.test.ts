import { is, throws } from 'uvu/assert';
import { parseInstant } from '../../../src/cli/fleet/maintenance.ts';
import { suite } from '../../helper.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');

suite('cli/fleet/maintenance', (s) => {
  s.test('a time is UTC unless it says otherwise; a clock time is the next one', () => {
    for (const [text, time] of [
      ['now', '2026-11-22T12:00:00Z'],
      ['14:30', '2026-11-22T14:30:00Z'],
      ['12:00', '2026-11-22T12:00:00Z'],
      ['11:59', '2026-11-23T11:59:00Z'],
      ['2026-12-01', '2026-12-01T00:00:00Z'],
      ['2026-12-01T10:00', '2026-12-01T10:00:00Z'],
      ['2026-12-01 10:00:30', '2026-12-01T10:00:30Z'],
      ['2026-12-01T10:00Z', '2026-12-01T10:00:00Z'],
      ['2026-12-01T10:00+02:00', '2026-12-01T08:00:00Z'],
    ] as const) {
      is(parseInstant(text, NOW_MS), Date.parse(time), text);
    }
  });

  s.test('anything else is refused with what was wanted', () => {
    for (const text of ['', '24:00', '9:00', 'tomorrow', '2026-13-01', '2026-12-01T25:00', '1']) {
      throws(
        () => parseInstant(text, NOW_MS),
        (error: Error) => /^option --from <time>: expected now, 14:00 or/.test(error.message),
        text,
      );
    }
  });
});

import { is, throws } from 'uvu/assert';
import { UsageError } from '../../src/cli/command.ts';
import { durationBetween, oneOf, wholeNumber } from '../../src/cli/values.ts';
import { suite } from '../helper.ts';

function refused(parse: (text: string) => number, text: string, expected: string): void {
  throws(
    () => parse(text),
    (error: unknown) =>
      error instanceof UsageError && error.message === `expected ${expected}, got "${text}"`,
    text,
  );
}

suite('cli/values', (s) => {
  s.test('whole numbers between their bounds are taken', () => {
    const parse = wholeNumber(0, 65_535);

    for (const [text, value] of [
      ['0', 0],
      ['1', 1],
      ['65535', 65_535],
      ['007', 7],
    ] as const) {
      is(parse(text), value);
    }
  });

  s.test('anything else is refused with what was wanted', () => {
    const parse = wholeNumber(16, 1472);

    for (const text of ['15', '1473', '-20', '20.5', '2e2', '0x20', '', ' 20', 'many', '９９']) {
      refused(parse, text, 'a whole number from 16 to 1472');
    }
  });

  s.test('durations have a unit, and are milliseconds', () => {
    const parse = durationBetween(10, 3_600_000);

    for (const [text, value] of [
      ['10ms', 10],
      ['1s', 1000],
      ['1.5s', 1500],
      ['1h', 3_600_000],
    ] as const) {
      is(parse(text), value);
    }
  });

  s.test('durations without unit or beyond the bounds are refused', () => {
    const parse = durationBetween(10, 3_600_000);

    for (const text of ['5', '9ms', '2h', '-1s', 'soon', '', '1 s']) {
      refused(parse, text, 'a duration from 10ms to 1h, as 10ms or 1s');
    }
  });

  s.test('one of a few words, as they are written', () => {
    const parse = oneOf(['icmp', 'udp', 'tcp']);

    is(parse('udp'), 'udp');
    for (const text of ['', 'UDP', 'sctp', 'udp ', 'toString']) {
      throws(() => parse(text), `expected icmp, udp, tcp, got "${text}"`);
    }
  });
});

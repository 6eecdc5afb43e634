import { equal, is, throws } from 'uvu/assert';
import { UsageError } from '../../../src/cli/command.ts';
import { readTraceOptions } from '../../../src/cli/trace/options.ts';
import { FLOWS_MAX } from '../../../src/engine/limits.ts';
import { suite } from '../../helper.ts';

/** As the parser gives them when nothing was asked for. */
const GIVEN = { protocol: 'icmp', first: 1, max: 30, rate: 1000, pace: true, json: true };

suite('cli/trace/options', ({ test }) => {
  test('asks each hop three times where nobody watches, in both families', () => {
    const { cycles, isLive, families, flows } = readTraceOptions(GIVEN);

    equal(
      { cycles, isLive, families, flows },
      { cycles: 3, isLive: false, families: ['v4', 'v6'], flows: null },
    );
  });

  test('keeps budgets unless told to drop them', () => {
    is(readTraceOptions(GIVEN).packetsPerSecond, 1000);

    const { packetsPerSecond, answersPerSecond } = readTraceOptions({ ...GIVEN, pace: false });
    equal([packetsPerSecond, answersPerSecond], [null, null]);
  });

  test('takes as many flows as there are for more than that', () => {
    is(readTraceOptions({ ...GIVEN, flows: 7 }).flows, 7);
    is(readTraceOptions({ ...GIVEN, flows: 5000 }).flows, FLOWS_MAX);
  });

  test('refuses a first TTL behind the last', () => {
    throws(
      () => readTraceOptions({ ...GIVEN, first: 9, max: 8 }),
      (error: unknown) => error instanceof UsageError && error.message.includes('--max 8'),
    );
  });
});

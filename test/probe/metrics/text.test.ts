import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  bindFamilies,
  type Family,
  familyHeader,
  familyLines,
  labelSet,
  type Put,
  putHistogram,
} from '../../../src/probe/metrics/text.ts';
import { suite } from '../../helper.ts';
import { parseMetrics } from '../metrics-parse.ts';

suite('metrics-text', ({ test }) => {
  test('any text in a label and any number come back as they were', async () => {
    await fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), (host, value) => {
        const samples = parseMetrics(print(host, (put) => put(value)));

        if (!Number.isFinite(value)) return samples.length === 0;
        const [sample] = samples;
        // The sign of zero has no meaning here.
        return sample?.labels['host'] === host && sample.value === value + 0;
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test('null leaves no line', () => {
    assert.equal(parseMetrics(print('a', (put) => put(null))), []);
  });

  test('labels of the sample follow those of the row', () => {
    const text = print('a', (put) => put(1, labelSet({ le: '5e-05' }), '_bucket'));

    assert.is(text.split('\n')[2], 'x_bucket{host="a",le="5e-05"} 1');
  });

  test('a histogram counts what is above its last bound', () => {
    const bounds = [labelSet({ le: '1' }), labelSet({ le: '2' })];
    const text = print('a', (put) => putHistogram(put, bounds, [1, 2, 4], 3.5));

    const values = parseMetrics(text).map((sample) => [
      sample.name,
      sample.labels['le'],
      sample.value,
    ]);
    assert.equal(values, [
      ['x_bucket', '1', 1],
      ['x_bucket', '2', 3],
      ['x_bucket', '+Inf', 7],
      ['x_sum', undefined, 3.5],
      ['x_count', undefined, 7],
    ]);
  });
});

function print(host: string, write: (put: Put) => void): string {
  const family: Family<null> = {
    name: 'x',
    type: 'gauge',
    help: 'Help.',
    unit: '',
    labels: ['host'],
    write: (_item, put) => write(put),
  };
  const [bound] = bindFamilies([family], [{ set: labelSet({ host }), item: null }]);
  return bound === undefined ? '' : familyHeader(bound) + familyLines(bound, 0, 1);
}

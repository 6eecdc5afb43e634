import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';
import { suite } from '../helper.ts';

suite('core/duration', ({ test }) => {
  test('reads a number and a unit', () => {
    const examples: [string, number][] = [
      ['10ms', 10],
      ['1s', 1000],
      ['1.5s', 1500],
      ['0.1s', 100],
      ['2.3s', 2300],
      ['30s', 30_000],
      ['10m', 600_000],
      ['48h', 172_800_000],
      ['2d', 172_800_000],
      ['0s', 0],
    ];
    for (const [text, ms] of examples) assert.is(parseDuration(text), ms, text);
  });

  test('refuses what is no such thing', () => {
    for (const text of ['', '1', 's', '-1s', '1 s', '1S', '1m30s', '1.s', '.5s', '0.5ms', '1e3s']) {
      assert.is(parseDuration(text), null, text);
    }
    assert.is(parseDuration('1234567890s'), null);
  });

  test('writes what it reads', () => {
    fc.assert(
      fc.property(fc.nat({ max: 999_999_999 }), (ms) => {
        assert.is(parseDuration(formatDuration(ms)), ms);
      }),
    );
    assert.is(formatDuration(90_000), '90s');
    assert.is(formatDuration(172_800_000), '2d');
    assert.is(formatDuration(0), '0ms');
  });
});

import * as assert from 'uvu/assert';
import type { ProbeEvent, Round } from '../../src/core/round.ts';
import { columnSpan, columnsOf } from '../../src/graph/column.ts';
import { spanFigures } from '../../src/graph/figures.ts';
import { describeSpan, formatDerived } from '../../src/graph/sentence.ts';
import { fakeOutage, fakeRound, fakeRounds, NOW_MS, ROUND_MS } from '../fake/page.ts';
import { suite } from '../helper.ts';

const span = columnSpan({
  nowMs: NOW_MS,
  spanMs: 3_600_000,
  roundMs: ROUND_MS,
  columnsMax: 240,
});

function described(rounds: readonly Round[], events: readonly ProbeEvent[] = []): string {
  const columns = columnsOf(rounds, span, ROUND_MS);
  const figures = spanFigures(rounds);
  return describeSpan({ figures, columns, events, ...span }).replaceAll('\u202f', ' ');
}

const whole = (changes: Partial<Round> = {}): Round[] =>
  fakeRounds(
    { fromMs: span.fromMs, untilMs: NOW_MS - 5000 },
    () => ({ baseMs: 8, noiseMs: 0.1, seed: 1 }),
    changes,
  );

suite('graph/sentence', (s) => {
  s.test('a calm hour is figures with their count, and no loss', () => {
    const text = described(whole());
    assert.match(text, /^Median 8\.\d\d ms, p99 ≈ 8\.\d\d ms of 3 \d{3} replies\. No loss\.$/);
  });

  s.test('loss is told in percent and in echoes', () => {
    const rounds = whole().map((round) => ({ ...round, received: 27, lost: 3 }));
    assert.match(described(rounds), /Loss 10 %: 3\d\d of 3 \d{3} echoes\./);
  });

  s.test('nothing measured is not told as no loss', () => {
    assert.is(described([]), 'Nothing measured yet. No data for 1 h.');
  });

  s.test('an hour without a reply says so', () => {
    const rounds = whole().map((round) => ({ ...round, received: 0, lost: 30, rttNs: null }));
    assert.match(described(rounds), /^No reply came back\. Loss 100 %/);
  });

  s.test('outages and events are told with their times, the newest first and three at most', () => {
    const at = (minute: number): number => NOW_MS - minute * 60_000;
    const events = [
      fakeOutage({ fromMs: at(40), untilMs: at(36) }),
      fakeOutage({ kind: 'address', fromMs: at(28), untilMs: null }),
      fakeOutage({ kind: 'start', fromMs: at(50), untilMs: null }),
      fakeOutage({ fromMs: at(3), untilMs: null }),
    ];
    const text = described(whole(), events);
    assert.ok(
      text.endsWith('Outage since 14:27, 14:02 new address, outage 13:50–13:54, 1 more (UTC).'),
      text,
    );
  });

  s.test('a gap is told in minutes', () => {
    const rounds = whole().filter((_, index) => index < 40 || index >= 60);
    assert.match(described(rounds), /No data for 10 min\./);
  });

  s.test('a derived figure is marked', () => {
    assert.is(formatDerived(9e6, false), '≈\u202f9.00\u202fms');
    assert.is(formatDerived(9e6, true), '9.00\u202fms');
    assert.match(described([fakeRound([8e6, 9e6], { fromMs: span.fromMs })]), /p99 9\.00 ms of 2/);
  });
});

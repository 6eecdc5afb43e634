import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../src/core/round.ts';
import { columnSpan, columnsOf, eventsOfSeries, lastsUntil } from '../../src/graph/column.ts';
import { fakeOutage, fakeRound, fakeRounds, NOW_MS, ROUND_MS } from '../fake/page.ts';
import { suite } from '../helper.ts';

const HOUR_MS = 3_600_000;
const MS = 1e6;
const hour = columnSpan({ nowMs: NOW_MS, spanMs: HOUR_MS, roundMs: ROUND_MS, columnsMax: 240 });
const day = columnSpan({ nowMs: NOW_MS, spanMs: 24 * HOUR_MS, roundMs: ROUND_MS, columnsMax: 240 });

/** Columns of one hour of rounds that are all alike, changed at some places. */
function columnsWith(changes: (index: number) => ReturnType<typeof fakeRound> | null) {
  const rounds = [];
  for (let index = 0; index < 120; index++) {
    const round = changes(index);
    if (round !== null) rounds.push({ ...round, ...timesOf(index) });
  }
  return columnsOf(rounds, hour, ROUND_MS);
}

function timesOf(index: number) {
  const fromMs = hour.fromMs + index * ROUND_MS;
  return { fromMs, untilMs: fromMs + ROUND_MS };
}

suite('graph/column', (s) => {
  s.test('an hour has one round a column, a day several, and both end with the present one', () => {
    assert.is(hour.columnMs, ROUND_MS);
    assert.is((hour.untilMs - hour.fromMs) / hour.columnMs, 120);
    assert.is(day.columnMs, 360_000);
    assert.is((day.untilMs - day.fromMs) / day.columnMs, 240);
    assert.ok(hour.untilMs > NOW_MS && hour.untilMs - NOW_MS <= ROUND_MS);
  });

  s.test('columns start on multiples of their width, so that a later page shows the same', () => {
    for (const span of [hour, day]) assert.is(span.fromMs % span.columnMs, 0);
  });

  s.test('a round falls into the column in which its middle lies', () => {
    const columns = columnsWith((index) => (index === 7 ? fakeRound([MS]) : null));
    assert.is(columns.length, 120);
    assert.is(
      columns.findIndex(({ state }) => state === 'answered'),
      7,
    );
  });

  s.test('rounds outside of the span are left out', () => {
    const early = fakeRound([MS], { fromMs: hour.fromMs - ROUND_MS, untilMs: hour.fromMs });
    const late = fakeRound([MS], { fromMs: hour.untilMs, untilMs: hour.untilMs + ROUND_MS });
    const columns = columnsOf([early, late], hour, ROUND_MS);
    assert.ok(columns.every(({ state }) => state === 'missing'));
  });

  s.test('all lost, nothing known and no round at all are three different things', () => {
    const columns = columnsWith((index) => {
      if (index === 1) return fakeRound([], { sent: 30 });
      if (index === 2) return fakeRound([], { sent: 0 });
      if (index === 3) return fakeRound([], { sent: 30, lost: 0, discarded: 30 });
      return index === 4 ? null : fakeRound([MS]);
    });
    assert.equal(
      columns.slice(0, 6).map(({ state }) => state),
      ['answered', 'lost', 'unknown', 'unknown', 'missing', 'answered'],
    );
    assert.is(columns[1]?.lossPercent, 100);
    assert.is(columns[2]?.lossPercent, null);
  });

  s.test('rounds that cannot have closed yet are pending, an older gap is not', () => {
    const recent = columnsWith((index) => (index < 117 ? fakeRound([MS]) : null));
    assert.equal(
      recent.slice(-4).map(({ state }) => state),
      ['answered', 'pending', 'pending', 'pending'],
    );
    const stopped = columnsWith((index) => (index < 100 ? fakeRound([MS]) : null));
    assert.is(stopped.at(-1)?.state, 'missing');
  });

  s.test('minimum and maximum of a merged column are those of its rounds', () => {
    const rounds = fakeRounds(day, () => ({ baseMs: 5, noiseMs: 1, seed: 1 }));
    const columns = columnsOf(rounds, day, ROUND_MS);
    for (const [index, { rttNs }] of columns.slice(0, 200).entries()) {
      const inside = rounds.slice(index * 12, index * 12 + 12);
      assert.is(rttNs?.min, Math.min(...inside.map((round) => round.rttNs?.min ?? 1e99)));
      assert.is(rttNs?.max, Math.max(...inside.map((round) => round.rttNs?.max ?? 0)));
    }
  });

  s.test('merged quantiles stay in order', () => {
    const rounds = fakeRounds(day, (ms) => ({ baseMs: 5 + (ms % 7), noiseMs: 3, seed: 1 }));
    for (const { rttNs } of columnsOf(rounds, day, ROUND_MS)) {
      if (rttNs === null) continue;
      const { min, p10, p25, median, p75, p90, max } = rttNs;
      const list = [min, p10, p25, median, p75, p90, max];
      assert.equal(
        list,
        [...list].sort((a, b) => a - b),
      );
    }
  });

  s.test('where a column holds both, rounds under our own load are left out', () => {
    const [first, second, third] = [0, 1, 2].map((index) => {
      const fromMs = day.fromMs + index * ROUND_MS;
      return { fromMs, untilMs: fromMs + ROUND_MS };
    });
    const calm = fakeRound([5 * MS], first);
    const loads = [second, third].map((times) => fakeRound([80 * MS], { ...times, loaded: true }));
    const [mixed] = columnsOf([calm, ...loads], day, ROUND_MS);
    assert.is(mixed?.rttNs?.max, 5 * MS);
    assert.is(mixed?.loaded, false);
    const [only] = columnsOf(loads, day, ROUND_MS);
    assert.is(only?.rttNs?.max, 80 * MS);
    assert.is(only?.loaded, true);
  });

  s.test('a series sees its own events and those of the whole probe in the span', () => {
    const event = (changes: Partial<ProbeEvent>): ProbeEvent =>
      fakeOutage({ fromMs: NOW_MS - 60_000, untilMs: NOW_MS - 30_000, ...changes });
    const events = [
      event({ id: 'own' }),
      event({ id: 'its part of an uplink outage', scope: 'uplink' }),
      event({ id: 'uplink', target: null, family: null, scope: 'uplink' }),
      event({ id: 'clock', kind: 'clock-step', target: null, family: null }),
      event({ id: 'other family', family: 'v6' }),
      event({ id: 'other target', target: 'x' }),
      event({ id: 'before', fromMs: 0, untilMs: 10 }),
      event({ id: 'still open', fromMs: 0, untilMs: null }),
      event({ id: 'refused', kind: 'config', target: null, family: null }),
    ];
    const seen = eventsOfSeries(events, { target: 'one.one.one.one', family: 'v4' }, hour);
    assert.equal(
      seen.map(({ id }) => id),
      ['own', 'its part of an uplink outage', 'clock', 'still open'],
    );
  });

  s.test('only an outage goes on while it has no end', () => {
    const open = fakeOutage({ fromMs: 5, untilMs: null });
    assert.is(lastsUntil(open, 99), 99);
    assert.is(lastsUntil({ ...open, kind: 'address' }, 99), 5);
  });
});

import * as assert from 'uvu/assert';
import type { ProbeEvent, Round } from '../../../src/core/round.ts';
import { type PageInput, type RoundQuery, SPANS } from '../../../src/probe/page/input.ts';
import { gatherFacts, lastAddressChange, othersTurn } from '../../../src/probe/page/series.ts';
import {
  fakeInput,
  fakeOutage,
  fakeRounds,
  fakeSeries,
  fakeSnapshot,
  NOW_MS,
} from '../../fake/page.ts';
import { suite } from '../../helper.ts';

const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);
const series = fakeSeries('one.one.one.one', 'v4');
const [hour] = SPANS;

async function gathered(changes: Partial<Omit<PageInput, 'query'>>) {
  if (hour === undefined) throw new Error('no span');
  const input = fakeInput(fakeSnapshot([series]), changes);
  return gatherFacts(input, series, { span: hour, columnsMax: 240 });
}

function rounds(query: RoundQuery, change: (round: Round) => Partial<Round> = () => ({})): Round[] {
  const span = { fromMs: query.fromMs, untilMs: NOW_MS - 5000 };
  return fakeRounds(span, () => ({ baseMs: 8, noiseMs: 0.1, seed: 1 })).map((round) => ({
    ...round,
    ...change(round),
  }));
}

const move: ProbeEvent = fakeOutage({
  kind: 'address',
  fromMs: at('14:02:00'),
  untilMs: at('14:02:00'),
  scope: null,
  detail: { from: '192.0.2.1', to: '192.0.2.2' },
});

suite('probe/page/series', (s) => {
  s.test('it asks for the rounds of one series over the columns that are shown', async () => {
    const asked: RoundQuery[] = [];
    await gathered({
      rounds: (query) => {
        asked.push(query);
        return [];
      },
    });
    const [query] = asked;
    assert.is(asked.length, 1);
    assert.is(query?.target, 'one.one.one.one');
    assert.is(query?.family, 'v4');
    assert.is(new Date(query?.fromMs ?? 0).toISOString(), '2026-11-22T13:30:30.000Z');
    assert.is(new Date(query?.untilMs ?? 0).toISOString(), '2026-11-22T14:30:30.000Z');
  });

  s.test('loss inside of an outage is not loss apart from it', async () => {
    const { facts } = await gathered({
      rounds: (query) =>
        rounds(query, ({ fromMs }) => {
          if (fromMs >= at('13:50:00') && fromMs < at('13:56:00'))
            return { received: 0, lost: 30, rttNs: null };
          return fromMs === at('14:10:00') ? { received: 27, lost: 3 } : {};
        }),
      events: [fakeOutage({ fromMs: at('13:50:05'), untilMs: at('13:55:50') })],
    });
    assert.ok((facts.figures.lossPercent ?? 0) > 9);
    assert.ok((facts.lossApart ?? 100) < 0.2);
    assert.equal(facts.lossy, {
      rounds: 1,
      lost: 3,
      firstMs: at('14:10:00'),
      lastMs: at('14:10:00'),
    });
    assert.is(facts.outageMs, at('13:55:50') - at('13:50:05'));
  });

  s.test('an outage counts only as far as the span shows it', async () => {
    const { facts } = await gathered({
      events: [fakeOutage({ fromMs: NOW_MS - 5 * 3_600_000, untilMs: null })],
    });
    assert.is(facts.outageMs, NOW_MS - at('13:30:30'));
  });

  s.test('rounds under our own load are left out of the figures and counted', async () => {
    const { facts } = await gathered({
      rounds: (query) =>
        rounds(query, ({ fromMs, rttNs }) => {
          if (fromMs >= at('13:34:00') || rttNs === null) return {};
          return { loaded: true, rttNs: { ...rttNs, median: 80e6, max: 90e6 } };
        }),
    });
    assert.is(facts.loadedRounds, 7);
    assert.ok((facts.figures.maxNs ?? 1e99) < 20e6);
  });

  s.test('a change of address comes with the medians before and after it', async () => {
    const { facts } = await gathered({
      rounds: (query) => {
        const span = { fromMs: query.fromMs, untilMs: NOW_MS - 5000 };
        return fakeRounds(span, (ms) => ({
          baseMs: ms < at('14:02:00') ? 8 : 14,
          noiseMs: 0.1,
          seed: 1,
        }));
      },
      events: [move],
    });
    const change = facts.addressChange;
    assert.is(change?.fromIp, '192.0.2.1');
    assert.is(change?.toIp, '192.0.2.2');
    assert.ok(Math.abs((change?.beforeNs ?? 0) - 8e6) < 2e5);
    assert.ok(Math.abs((change?.afterNs ?? 0) - 14e6) < 3e5);
  });

  s.test('of several changes of address the last one counts, and none is none', () => {
    const later = { ...move, fromMs: at('14:20:00'), detail: { from: null, to: '192.0.2.3' } };
    const change = lastAddressChange([later, move], []);
    assert.is(change?.atMs, at('14:20:00'));
    assert.equal([change?.fromIp, change?.toIp], [null, '192.0.2.3']);
    assert.is(change?.beforeNs, null);
    assert.is(lastAddressChange([], []), null);
  });

  s.test('timers get their turn between two series', async () => {
    let hasRun = false;
    setTimeout(() => {
      hasRun = true;
    }, 0);
    const untilMs = Date.now() + 2000;
    while (!hasRun && Date.now() < untilMs) await othersTurn();
    assert.ok(hasRun);
  });
});

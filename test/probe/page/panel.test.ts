import * as assert from 'uvu/assert';
import type { ProbeEvent, Round } from '../../../src/core/round.ts';
import type { SeriesSnapshot } from '../../../src/core/snapshot.ts';
import { SPANS } from '../../../src/probe/page/input.ts';
import {
  apartNotes,
  figureList,
  hasGraph,
  type Panel,
  stateNote,
} from '../../../src/probe/page/panel.ts';
import { gatherFacts } from '../../../src/probe/page/series.ts';
import {
  fakeCounters,
  fakeInput,
  fakeOutage,
  fakeRounds,
  fakeSeries,
  fakeSnapshot,
  NOW_MS,
} from '../../fake/page.ts';
import { suite } from '../../helper.ts';

const text = async (markup: unknown): Promise<string> =>
  String(await markup)
    .replace(/<\/?time[^>]*>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('\u202f', ' ')
    .trim();

const calm = (span: { fromMs: number }): Round[] =>
  fakeRounds({ fromMs: span.fromMs, untilMs: NOW_MS - 5000 }, () => ({
    baseMs: 8,
    noiseMs: 0.1,
    seed: 1,
  }));

async function panel(
  changes: Partial<SeriesSnapshot> = {},
  given: { rounds?: (span: { fromMs: number }) => Round[]; events?: ProbeEvent[] } = {},
): Promise<Panel> {
  const series = fakeSeries('one.one.one.one', 'v4', changes);
  const events = given.events ?? [];
  const snapshot = fakeSnapshot([series], {
    openEvents: events.filter(({ untilMs }) => untilMs === null),
    startedMs: NOW_MS - 12_000,
  });
  snapshot.config.appliedMs = snapshot.startedMs;
  const input = fakeInput(snapshot, { rounds: given.rounds ?? (() => []), events });
  const [span] = SPANS;
  if (span === undefined) throw new Error('no span');
  const gathered = await gatherFacts(input, series, { span, columnsMax: 240 });
  return { ...gathered, id: 'g', input, span, heightPx: 96, hasTooltips: false };
}

suite('probe/page/panel', (s) => {
  s.test('figures have their names, units and the count behind p99', async () => {
    const list = await text(figureList(await panel({}, { rounds: calm })));
    assert.match(
      list,
      /^median \d\.\d\d ms p99 of 3 5\d\d ≈ \d\.\d\d ms jitter \d+ µs loss, 1 h 0 %$/,
    );
  });

  s.test('a figure that is not known is not zero', async () => {
    const list = await text(figureList(await panel()));
    assert.is(list, 'median none p99 of 0 none jitter none loss, 1 h none');
  });

  s.test('an outage is a figure of its own, and several are counted', async () => {
    const ended = fakeOutage({});
    const open = fakeOutage({ id: 'o2', fromMs: NOW_MS - 60_000, untilMs: null });
    const one = await panel({}, { rounds: calm, events: [ended] });
    assert.match(await text(figureList(one)), /outage 6 min$/);
    const two = await panel({ state: 'down' }, { rounds: calm, events: [ended, open] });
    assert.match(await text(figureList(two)), /2 outages 7 min$/);
  });

  s.test('loss has the class of its size beside its number', async () => {
    const lossy = (span: { fromMs: number }): Round[] =>
      calm(span).map((round) => ({ ...round, received: 27, lost: 3 }));
    const list = String(await figureList(await panel({}, { rounds: lossy })));
    assert.match(list, /<div class="loss-some"><dt>loss, 1\u202fh<\/dt><dd>10\u202f%<\/dd>/);
  });

  s.test('the first minute says what came back so far and when the round closes', async () => {
    const young = {
      lastRound: null,
      counters: fakeCounters({ sent: 12, received: 11 }),
    };
    const one = await panel(young);
    assert.is(hasGraph(one), false);
    assert.is(
      await text(stateNote(one)),
      '11 of 12 echoes answered so far; the first round closes in 1 s.',
    );
    const none = await panel({ lastRound: null, counters: fakeCounters({ sent: 0 }) });
    assert.is(await text(stateNote(none)), 'Measuring since 12 s; the first round closes in 1 s.');
  });

  s.test('a family without a route says that it is not loss', async () => {
    const one = await panel({ state: 'unavailable', reason: 'no route to host' });
    assert.is(hasGraph(one), false);
    assert.is(
      await text(stateNote(one)),
      'Not available: no route to host. Nothing is sent, so nothing counts as lost.',
    );
  });

  s.test(
    'rounds in which nothing could be sent make no graph of an unavailable family',
    async () => {
      const empty = (span: { fromMs: number }): Round[] =>
        calm(span).map((round) => ({ ...round, sent: 0, received: 0, rttNs: null }));
      assert.is(hasGraph(await panel({ state: 'unavailable' }, { rounds: empty })), false);
    },
  );

  s.test('families that share a reason are told together', async () => {
    const state = { state: 'unresolved', reason: 'NXDOMAIN' } as const;
    const later = { ok: false, atMs: NOW_MS - 100_000 };
    const [v4, v6] = [await panel(state), await panel({ ...state, family: 'v6', resolve: later })];
    const notes = apartNotes([v4, v6]);
    assert.is(notes.length, 1);
    assert.is(
      await text(notes[0]),
      'IPv4 IPv6 NXDOMAIN. Last asked 14:29 UTC, asked again by itself.',
    );
  });

  s.test('a series that is down says since when, and keeps its graph', async () => {
    const open = fakeOutage({ fromMs: NOW_MS - 240_000, untilMs: null });
    const one = await panel({ state: 'down' }, { rounds: calm, events: [open] });
    assert.ok(hasGraph(one));
    assert.is(await text(stateNote(one)), 'No answer since 14:26 UTC, for 4 min.');
  });

  s.test('a series that went away keeps the graph of what it has measured', async () => {
    const state = { state: 'unavailable', reason: 'no route' } as const;
    assert.ok(hasGraph(await panel(state, { rounds: calm })));
  });

  s.test('our own load is named where figures leave it out', async () => {
    const loaded = (span: { fromMs: number }): Round[] =>
      calm(span).map((round, index) => ({ ...round, loaded: index < 8 }));
    assert.is(
      await text(stateNote(await panel({}, { rounds: loaded }))),
      'Figures leave out 4 min in which we loaded the line ourselves.',
    );
  });

  s.test('a new address is named with the one before it', async () => {
    const move = fakeOutage({
      kind: 'address',
      fromMs: NOW_MS - 1_674_000,
      detail: { from: '192.0.2.1', to: '192.0.2.2' },
    });
    const one = await panel({}, { rounds: calm, events: [move] });
    assert.is(await text(stateNote(one)), '192.0.2.2 since 14:02, 192.0.2.1 before.');
    assert.is(stateNote(await panel({}, { rounds: calm })), null);
  });
});

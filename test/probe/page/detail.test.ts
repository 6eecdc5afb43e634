import * as assert from 'uvu/assert';
import {
  counterTable,
  EVENTS_SHOWN,
  eventTable,
  ROUNDS_SHOWN,
  roundTable,
} from '../../../src/probe/page/detail.ts';
import { fakeCounters, fakeOutage, fakeRound, fakeSeries, NOW_MS } from '../../fake/page.ts';
import { fakePathEvent, fakeShift } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

/** The cells of each row of a table, as text. */
async function rows(markup: unknown): Promise<string[][]> {
  const html = String(await markup);
  return [...html.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) =>
      cell.replace(/<[^>]*>/g, '').replaceAll('\u202f', ' '),
    ),
  );
}

const series = fakeSeries('a', 'v4');
const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);

suite('probe/page/detail', (s) => {
  s.test('the last rounds stand newest first, with units', async () => {
    const rounds = Array.from({ length: 40 }, (_, index) =>
      fakeRound([8e6, 8.5e6, 9e6], { fromMs: at('14:00:00') + index * 30_000 }),
    );
    const [head, first, ...others] = await rows(roundTable(rounds, series));
    assert.equal(head?.slice(0, 3), ['began', 'lost', 'min']);
    assert.is(first?.[0], '14:19:30');
    assert.is(first?.[1], '0/3');
    assert.is(first?.[4], '8.50 ms');
    assert.is(others.length, ROUNDS_SHOWN - 1);
  });

  s.test('a round without a reply has dashes, not zeros', async () => {
    const [, row] = await rows(roundTable([fakeRound([], { sent: 30 })], series));
    assert.equal(row?.slice(1, 8), ['30/30', '–', '–', '–', '–', '–', '–']);
  });

  s.test('a round in which nothing was sent is not a round without loss', async () => {
    const refused = fakeRound([], { sent: 0, sendErrors: { blocked: 30 } });
    const [, row] = await rows(roundTable([refused], series));
    assert.is(row?.[1], '–');
    assert.is(row?.[8], '30 not sent: blocked');
  });

  s.test('what else happened is said in words', async () => {
    const round = fakeRound([8e6], {
      sent: 5,
      lossBurstMax: 4,
      late: 1,
      duplicates: 2,
      reordered: 3,
      loaded: true,
      clock: 'unsynced',
    });
    const synced = fakeRound([8e6], { fromMs: at('14:00:00') });
    const [, row] = await rows(roundTable([synced, round], series));
    assert.is(
      row?.[8],
      '4 lost in a row, 1 late, 2 duplicate, 3 reordered, line loaded by us, ' +
        'clock not synchronised',
    );
  });

  s.test('where no round has a synchronised clock, not each of them says so', async () => {
    const [, row] = await rows(roundTable([fakeRound([8e6], { clock: 'unsynced' })], series));
    assert.is(row?.[8], '');
  });

  s.test('events stand newest first, an open outage goes on', async () => {
    const events = [
      fakeOutage({ fromMs: at('13:50:12'), untilMs: at('13:56:22'), detail: { lost: 370 } }),
      fakeOutage({ fromMs: at('14:26:04'), untilMs: null, detail: { lost: 240 } }),
    ];
    const [, first, second] = await rows(eventTable(events, NOW_MS));
    assert.equal(first, ['14:26:04', 'outage', 'IPv4', '4 min, goes on', '240 echoes lost']);
    assert.equal(second?.slice(0, 4), ['13:50:12', 'outage', 'IPv4', '6 min 10 s']);
  });

  s.test('a change of address, a step of the clock and a removed target are told', async () => {
    const point = { fromMs: at('14:02:11'), untilMs: at('14:02:11'), scope: null };
    const whole = { ...point, target: null, family: null };
    const table = eventTable(
      [
        fakeOutage({ ...point, kind: 'address', detail: { from: null, to: '192.0.2.2' } }),
        fakeOutage({ ...whole, kind: 'clock-step', detail: { stepNs: -128e6 } }),
        fakeOutage({ ...whole, kind: 'start', detail: { version: '0.1.0' } }),
        fakeOutage({ scope: 'uplink', detail: { dropped: true, uplink: 'b0-o7' } }),
      ],
      NOW_MS,
    );
    const details = (await rows(table)).slice(1).map((row) => row[4]);
    assert.equal(details.sort(), [
      'no address → 192.0.2.2',
      'the whole line was down, no longer measured, its end is not known',
      'version: 0.1.0',
      '−128 ms',
    ]);
  });

  s.test('paths and shifts are readable, and last for no time', async () => {
    const cut = { beforeReached: true, afterReached: false };
    const found = { beforeReached: false, afterReached: true };
    const events = [
      fakePathEvent(at('14:04:00'), ['r1 r2 t', 'r1 n2 n3 t']),
      fakePathEvent(at('14:03:00'), ['r1 * t', 'r1 n2'], { detail: cut }),
      fakePathEvent(at('14:02:00'), ['r1', 'r1 t'], { detail: { ...found, ttl: 1 } }),
      fakeShift(at('14:01:00'), [8.3e6, 12.1e6]),
    ];
    const table = (await rows(eventTable(events, NOW_MS))).slice(1);
    assert.equal(
      table.map((row) => row.slice(3)),
      [
        ['', 'hop 2: r2 → n2, 3 → 4 hops'],
        ['', 'hop 2: silent → n2, 3 → 2 hops, no longer reaches the target'],
        ['', 'from hop 1 on, 1 → 2 hops, reaches the target now'],
        ['', 'median 8.30 ms → 12.1 ms'],
      ],
    );
  });

  s.test('hundreds of events are bounded, and the rest is counted', async () => {
    const events = Array.from({ length: 1234 }, (_, index) =>
      fakeOutage({ id: String(index), fromMs: at('10:00:00') + index, untilMs: at('10:01:00') }),
    );
    const html = String(await eventTable(events, NOW_MS));
    assert.is((await rows(html)).length, EVENTS_SHOWN + 1);
    assert.match(html, /And 1\u202f184 older ones\./);
  });

  s.test('no events is a sentence, and so is no round', async () => {
    assert.match(String(await eventTable([], NOW_MS)), /None in the last 24\u202fhours\./);
    assert.match(String(await roundTable([], series)), /No round has closed yet\./);
  });

  s.test('counters have a column for each family and only the errors that occur', async () => {
    const counters = fakeCounters({ sent: 12_345 });
    counters.sendErrors.blocked = 7;
    const table = counterTable([fakeSeries('a', 'v4', { counters }), fakeSeries('a', 'v6')]);
    const found = await rows(table);
    assert.equal(found[0], ['since the series began', 'IPv4', 'IPv6']);
    assert.equal(found[1], ['sent', '12 345', '3 600']);
    assert.equal(found.at(-1), ['not sent: blocked', '7', '0']);
    assert.not.ok(found.some(([name]) => name === 'not sent: device'));
  });

  s.test('hostile details are text', async () => {
    const event = fakeOutage({ kind: 'start', detail: { '<img src=x>': '"><script>' } });
    const html = String(await eventTable([event], NOW_MS));
    assert.not.match(html, /<img|<script/);
    assert.ok(html.includes('&lt;img src=x&gt;: &quot;&gt;&lt;script&gt;'));
  });

  s.test('wide tables can be scrolled by keyboard', async () => {
    const html = String(await roundTable([fakeRound([8e6])], series));
    assert.match(html, /<div class="scroll" tabindex="0" role="region" aria-label="[^"]+">/);
  });
});

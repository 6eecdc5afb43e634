import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../../src/core/round.ts';
import type { ProbeSnapshot, SeriesSnapshot } from '../../../src/core/snapshot.ts';
import { parseView } from '../../../src/probe/page/input.ts';
import { downNotices, noticesOf } from '../../../src/probe/page/notice.ts';
import { fakeInput, fakeOutage, fakeSeries, fakeSnapshot } from '../../fake/page.ts';
import { suite } from '../../helper.ts';

const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);
const view = parseView(new URLSearchParams());
const plain = (text: unknown): string =>
  String(text)
    .replace(/<[^>]*>/g, '')
    .replaceAll('\u202f', ' ')
    .replaceAll('&quot;', '"')
    .trim();

function notices(
  series: SeriesSnapshot[],
  changes: Partial<ProbeSnapshot> = {},
  events: ProbeEvent[] = [],
) {
  const input = fakeInput(fakeSnapshot(series, changes), { events });
  return noticesOf(input, [], view).map(({ title, detail, tone }) => ({
    tone,
    text: plain(`${title} ${detail}`),
  }));
}

const open = (target: string, clock: string): ProbeEvent =>
  fakeOutage({ target, family: 'v6', fromMs: at(clock), untilMs: null });

suite('probe/page/notice', (s) => {
  s.test('while all is well there is nothing to say', () => {
    assert.equal(notices([fakeSeries('a', 'v4'), fakeSeries('a', 'v6')]), []);
  });

  s.test('a silent series is told with its since, its duration and its other family', () => {
    const snapshot = fakeSnapshot(
      [fakeSeries('dns.quad9.net', 'v4'), fakeSeries('dns.quad9.net', 'v6', { state: 'down' })],
      { openEvents: [open('dns.quad9.net', '14:26:04')] },
    );
    const [only, ...others] = downNotices(fakeInput(snapshot));
    assert.is(others.length, 0);
    assert.is(
      plain(only?.title),
      'dns.quad9.net (IPv6) has not answered since 14:26 UTC: outage of 4 min.',
    );
    assert.is(only?.detail, 'It still answers over IPv4.');
  });

  s.test('a target that is silent over both families is one trouble', () => {
    const series = (['v4', 'v6'] as const).map((family) =>
      fakeSeries('a', family, { state: 'down' }),
    );
    const openEvents = [
      fakeOutage({ target: 'a', family: 'v4', fromMs: at('14:26:10'), untilMs: null }),
      fakeOutage({ target: 'a', family: 'v6', fromMs: at('14:26:04'), untilMs: null }),
    ];
    const [only, ...others] = downNotices(fakeInput(fakeSnapshot(series, { openEvents })));
    assert.is(others.length, 0);
    assert.is(
      plain(only?.title),
      'a (IPv4 and IPv6) has not answered since 14:26 UTC: outage of 4 min.',
    );
    assert.match(String(only?.title), /<time datetime="2026-11-22T14:26:04\.000Z">14:26<\/time>/);
  });

  s.test('one silent series stands in the headline alone, two stand in the list', () => {
    const down = (id: string): SeriesSnapshot => fakeSeries(id, 'v6', { state: 'down' });
    assert.equal(notices([down('a'), fakeSeries('b', 'v4')]), []);
    assert.equal(
      notices([down('a'), down('b')]).map(({ text }) => text),
      ['a (IPv6) does not answer.', 'b (IPv6) does not answer.'],
    );
  });

  s.test('an outage of the whole line is one sentence, not one for each target', () => {
    const uplink = fakeOutage({
      target: null,
      family: null,
      scope: 'uplink',
      fromMs: at('14:21:04'),
      untilMs: null,
    });
    const series = ['a', 'b', 'c'].map((id) => fakeSeries(id, 'v4', { state: 'down' }));
    const down = downNotices(fakeInput(fakeSnapshot(series, { openEvents: [uplink] })));
    assert.equal(
      down.map(({ title }) => plain(title)),
      ['The uplink has been down since 14:21 UTC: outage of 9 min.'],
    );
  });

  s.test('an outage of the whole line that ended is told once, its parts are not', () => {
    const ended = { scope: 'uplink', fromMs: at('14:00:00'), untilMs: at('14:04:00') } as const;
    const told = notices([fakeSeries('a', 'v4')], {}, [
      fakeOutage({ ...ended, target: null, family: null }),
      fakeOutage({ ...ended, target: 'a' }),
    ]);
    assert.equal(told, [
      { tone: 'warn', text: 'The uplink was down 14:00–14:04 UTC: outage of 4 min.' },
    ]);
  });

  s.test('a refused configuration, a full disk and a clock without NTP are told', () => {
    const { config, store } = fakeSnapshot([]);
    const told = notices([fakeSeries('a', 'v4')], {
      config: { ...config, error: 'probe.json: targets[2].interval is "0.1ms"' },
      store: { ...store, errors: 3, lastError: 'write: ENOSPC' },
      clock: { state: 'unsynced', offsetNs: null },
    }).map(({ text }) => text);
    assert.equal(told, [
      'The new configuration was refused. probe.json: targets[2].interval is "0.1ms". ' +
        'The one applied 14:18 UTC goes on.',
      'Rounds could not be written to disk. Write: ENOSPC. Measuring goes on.',
      'The clock is not synchronised. Times on this page may be wrong; ' +
        'round-trip times are not affected.',
    ]);
  });

  s.test('a name without an address is told once for both families, with its reason', () => {
    const state = { state: 'unresolved', reason: 'NXDOMAIN from 192.168.178.1' } as const;
    const told = notices([
      fakeSeries('printer.lan', 'v4', state),
      fakeSeries('printer.lan', 'v6', state),
    ]);
    assert.equal(told, [
      {
        tone: 'warn',
        text:
          'printer.lan has no address. NXDOMAIN from 192.168.178.1. ' +
          'Last asked 14:29 UTC, asked again by itself.',
      },
    ]);
  });

  s.test('a family that the network lacks is one quiet line, and not loss', () => {
    const state = { state: 'unavailable', reason: 'no route' } as const;
    const series = ['a', 'b'].flatMap((id) => [fakeSeries(id, 'v4'), fakeSeries(id, 'v6', state)]);
    assert.equal(notices(series), [
      {
        tone: 'info',
        text:
          'IPv6 is not available to any target. No route. ' +
          'Nothing is sent, so nothing counts as lost.',
      },
    ]);
  });

  s.test('many of a kind become the first few and a count', () => {
    const series = Array.from({ length: 30 }, (_, index) =>
      fakeSeries(`t${index}`, 'v4', { state: 'down' }),
    );
    const told = notices(series);
    assert.is(told.length, 4);
    assert.is(told.at(-1)?.text, '27 more do not answer either.');
  });
});

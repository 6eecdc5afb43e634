import * as assert from 'uvu/assert';
import type { EventKind } from '../../src/core/round.ts';
import {
  eventName,
  MARKS_MAX,
  markLabel,
  marksOf,
  percentOf,
  placeLabels,
} from '../../src/graph/mark.ts';
import { fakeOutage, NOW_MS } from '../fake/page.ts';
import { suite } from '../helper.ts';

const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);
const span = { fromMs: at('13:30:00'), untilMs: at('14:30:00') };
const plain = (text: string): string => text.replaceAll('\u202f', ' ');

suite('graph/mark', (s) => {
  s.test('an outage has its place, its width and its dates', () => {
    const outage = fakeOutage({ fromMs: at('13:45:00'), untilMs: at('13:51:00') });
    const [mark] = marksOf([outage], span);
    assert.equal(mark, { kind: 'outage', from: 25, until: 35, label: 'outage 13:45–13:51' });
  });

  s.test('an open outage reaches the right edge and says since when', () => {
    const [mark] = marksOf([fakeOutage({ fromMs: at('14:00:00'), untilMs: null })], span);
    assert.is(mark?.until, 100);
    assert.is(mark?.label, 'outage since 14:00');
  });

  s.test('what began before the picture is held at its edge, with its date', () => {
    const outage = fakeOutage({ fromMs: NOW_MS - 86_400_000, untilMs: at('13:36:00') });
    const [mark] = marksOf([outage], span);
    assert.is(mark?.from, 0);
    assert.is(plain(mark?.label ?? ''), 'outage 21 Nov 14:30–13:36');
  });

  s.test('every kind of event has a name, and the uplink its own', () => {
    const kinds: EventKind[] = [
      'outage',
      'address',
      'path',
      'shift',
      'clock-step',
      'config',
      'start',
    ];
    const names = kinds.map((kind) => eventName({ kind, scope: null }));
    assert.is(new Set(names).size, kinds.length);
    assert.is(eventName({ kind: 'outage', scope: 'uplink' }), 'uplink outage');
    assert.is(
      markLabel(fakeOutage({ kind: 'address', fromMs: at('14:02:11') }), NOW_MS),
      '14:02 new address',
    );
  });

  s.test('a change of the path names its hop, a shift its medians', () => {
    const at1351 = { fromMs: at('13:51:30'), untilMs: at('13:52:30') };
    const path = fakeOutage({ ...at1351, kind: 'path', detail: { ttl: 4 } });
    const shift = fakeOutage({
      ...at1351,
      kind: 'shift',
      detail: { beforeNs: 8.3e6, afterNs: 12.1e6 },
    });
    assert.is(markLabel(path, NOW_MS), '13:51 path changed at hop 4');
    assert.is(plain(markLabel(shift, NOW_MS)), '13:51 median 8.30 ms → 12.1 ms');
    assert.is(markLabel({ ...shift, detail: {} }, NOW_MS), '13:51 latency moved');
    const [first] = marksOf([shift, path], span);
    assert.is(first?.label, '13:51 path changed at hop 4');
  });

  s.test('of a flapping line the longest outages are drawn, and not more than fit', () => {
    const flaps = Array.from({ length: 300 }, (_, index) =>
      fakeOutage({
        id: String(index),
        fromMs: span.fromMs + index * 10_000,
        untilMs: span.fromMs + index * 10_000 + 5000 + index,
      }),
    );
    const marks = marksOf(flaps, span);
    assert.is(marks.length, MARKS_MAX);
    assert.is(marks[0]?.from, percentOf(span.fromMs + 299 * 10_000, span));
  });

  s.test('the longest outage gets its label before a later start does', () => {
    const outage = fakeOutage({ fromMs: at('14:00:00'), untilMs: at('14:05:00') });
    const start = fakeOutage({ kind: 'start', fromMs: at('14:06:00'), untilMs: null });
    const marks = marksOf([start, outage], span);
    const labels = placeLabels(
      marks.map(({ kind, from, label }) => ({ kind, at: from, text: label })),
    );
    assert.equal(
      labels.map(({ text }) => text),
      ['outage 14:00–14:05'],
    );
  });

  s.test('labels that have room stand side by side, near the right edge to the left', () => {
    const labels = placeLabels([
      { kind: 'mark', at: 5, text: '13:33 start' },
      { kind: 'outage', at: 95, text: 'outage since 14:27' },
    ]);
    assert.equal(
      labels.map(({ anchor }) => anchor),
      ['start', 'end'],
    );
  });
});

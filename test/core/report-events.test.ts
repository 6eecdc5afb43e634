import { deepEqual, equal } from 'node:assert/strict';
import type { ReportedEvent } from '../../src/core/report.ts';
import {
  changedEvents,
  EVENTS_KEEP_MS,
  EVENTS_NEW_MAX,
  placeEvent,
} from '../../src/core/report-events.ts';
import { suite } from '../helper.ts';

const NOW = 1_800_000_000_000;

function event(change: Partial<ReportedEvent> = {}): ReportedEvent {
  return {
    id: 'outage:a:v4:1',
    kind: 'outage',
    target: 'a',
    family: 'v4',
    fromMs: NOW - 60_000,
    untilMs: NOW - 30_000,
    scope: 'target',
    detail: { lost: 30 },
    ...change,
  };
}

function knownOf(...events: ReportedEvent[]) {
  return new Map(
    events.map(({ id, untilMs, detail }) => [id, { untilMs, detail: JSON.stringify(detail) }]),
  );
}

suite('core/report-events', (s) => {
  s.test('times within reason stay as they are', () => {
    for (const one of [
      event(),
      event({ untilMs: null }),
      event({ fromMs: NOW + 200_000, untilMs: null }),
    ]) {
      deepEqual(placeEvent(one, NOW), { event: one, isMoved: false });
    }
  });

  s.test('an end before its begin is the begin', () => {
    equal(placeEvent(event({ untilMs: 5 }), NOW).event.untilMs, NOW - 60_000);
  });

  s.test(
    'an event of 1970 or of the far future ends now, as long as it lasted, and says so',
    () => {
      for (const fromMs of [0, 8_640_000_000_000_000 - 45_000]) {
        const { event: placed, isMoved } = placeEvent(
          event({ fromMs, untilMs: fromMs + 45_000 }),
          NOW,
        );

        equal(isMoved, true);
        deepEqual([placed.fromMs, placed.untilMs], [NOW - 45_000, NOW]);
        deepEqual(placed.detail, { lost: 30, toldMs: fromMs });
      }
    },
  );

  s.test('an open event of 1970 begins now; one from 1970 until now is a month at most', () => {
    const open = placeEvent(event({ fromMs: 7, untilMs: null }), NOW).event;
    const long = placeEvent(event({ fromMs: 7, untilMs: NOW }), NOW).event;

    deepEqual([open.fromMs, open.untilMs], [NOW, null]);
    deepEqual([long.fromMs, long.untilMs], [NOW - EVENTS_KEEP_MS, NOW]);
  });

  s.test('what is told of a moved one still fits into an event', () => {
    const detail = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, i]));

    const placed = placeEvent(event({ fromMs: 0, detail }), NOW).event;

    equal(Object.keys(placed.detail).length, 32);
    equal(placed.detail['toldMs'], 0);
  });

  s.test('what is known and the same is neither added nor changed', () => {
    const changes = changedEvents([event()], knownOf(event()), NOW);

    deepEqual(changes, { added: [], changed: [], leftOut: 0 });
  });

  s.test('an end and another detail are changes; of two with one id the first counts', () => {
    const before = knownOf(event({ untilMs: null }), event({ id: 'b' }));
    const now = [event(), event({ untilMs: null }), event({ id: 'b', detail: { lost: 31 } })];

    const { added, changed } = changedEvents(now, before, NOW);

    equal(added.length, 0);
    deepEqual(
      changed.map(({ event: { id, untilMs } }) => [id, untilMs]),
      [
        ['outage:a:v4:1', NOW - 30_000],
        ['b', NOW - 30_000],
      ],
    );
  });

  s.test('a moved one changes when it is over, and not because time went on', () => {
    const open = event({ fromMs: 9, untilMs: null });
    const before = new Map([[open.id, { untilMs: null, detail: '{"lost":30,"toldMs":9}' }]]);

    equal(changedEvents([open], before, NOW + 60_000).changed.length, 0);
    equal(changedEvents([{ ...open, untilMs: 99 }], before, NOW).changed.length, 1);
  });

  s.test('one report brings so many new ones and no more; the others are counted', () => {
    const many = Array.from({ length: 200 }, (_, i) => event({ id: `e${i}` }));

    const { added, leftOut } = changedEvents(many, new Map(), NOW);

    deepEqual([added.length, leftOut], [EVENTS_NEW_MAX, 200 - EVENTS_NEW_MAX]);
  });
});

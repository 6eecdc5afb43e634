import { deepEqual, equal } from 'node:assert/strict';
import { findEvents } from '../../../src/control/fleet/events.ts';
import { suite } from '../../helper.ts';
import { type Lab, NOW_MS, openLab } from '../lab.ts';

async function withEvents(run: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab();
  try {
    const ids: [number, number] = [(await lab.probe('loud')).id, (await lab.probe('quiet')).id];
    const add = lab.context.store.raw.prepare(
      `insert into probe_events (probeId, eventId, kind, fromMs, detail, heardMs)
       values (?, ?, ?, ?, '{"a":1}', ?)`,
    );
    for (let i = 0; i < 300; i++) add.run(ids[0], `l${i}`, 'path', NOW_MS - i, NOW_MS);
    add.run(ids[1], 'q0', 'foreign-key', NOW_MS - 1_000_000, NOW_MS);
    add.run(ids[1], 'q1', 'outage', NOW_MS - 2_000_000, NOW_MS);
    await run(lab);
  } finally {
    await lab.close();
  }
}

suite('control/fleet/events', (s) => {
  s.test('those of one probe come newest first, with what the control saw', () =>
    withEvents(async ({ context }) => {
      const events = await findEvents(context, { limit: 10, probe: 'quiet' });

      deepEqual(
        events.map(({ id, kind, probe }) => [id, kind, probe]),
        [
          ['q0', 'foreign-key', 'quiet'],
          ['q1', 'outage', 'quiet'],
        ],
      );
      deepEqual(events[0]?.detail, { a: 1 });
      deepEqual([events[0]?.untilMs, events[0]?.heardMs], [null, NOW_MS]);
    }),
  );

  s.test('a search is bounded whatever is asked for', () =>
    withEvents(async ({ context }) => {
      equal((await findEvents(context, { limit: 1e9 })).length, 302);
      equal((await findEvents(context, { limit: 5, kind: 'path' })).length, 5);
      equal((await findEvents(context, { limit: 5, probe: 'nobody' })).length, 0);
    }),
  );
});

import * as assert from 'uvu/assert';
import { addTrace } from '../../src/measure/path-history.ts';
import { newSchedule } from '../../src/measure/path-schedule.ts';
import {
  keptKey,
  newPathEntry,
  pathKey,
  toKeptPath,
  toPathSnapshot,
} from '../../src/measure/paths-entry.ts';
import { suite } from '../helper.ts';
import { finished } from './path-trace-maker.ts';
import { pathTarget } from './paths-rig.ts';

suite('measure/paths-entry', ({ test }) => {
  test('what makes another path of a target is where and how it is traced', () => {
    const key = pathKey(pathTarget('a'));
    const same = { intervalMs: 5000, labels: { a: 'b' }, families: ['v6'] as ['v6'], size: 100 };
    assert.is(pathKey(pathTarget('a', same)), key);
    const others = [
      { host: 'b' },
      { protocol: 'udp' as const },
      { port: 53 },
      { tos: 8 },
      { source: '192.0.2.1' },
      { device: 'eth0' },
    ];
    for (const part of others) assert.is.not(pathKey(pathTarget('a', part)), key);
  });

  test('state and reason tell why it is not traced', () => {
    const entry = entryOf();
    assert.is(toPathSnapshot(entry).state, 'unresolved');
    entry.ip = '10.0.0.9';
    entry.reason = null;
    assert.is(toPathSnapshot(entry).state, 'tracing');
    entry.reason = 'no route';
    assert.equal(
      [toPathSnapshot(entry).state, toPathSnapshot(entry).reason],
      ['unavailable', 'no route'],
    );
  });

  test('nothing is kept before there is a path', () => {
    const entry = entryOf();
    assert.is(toKeptPath(entry), null);
    entry.ip = '10.0.0.9';
    assert.is(toKeptPath(entry), null);
    addTrace(entry.history, finished(['10.0.0.1', '10.0.0.9']), { fromMs: 5, untilMs: 6 });
    const kept = toKeptPath(entry);
    assert.equal([kept?.key, kept?.ip, kept?.sinceMs], [keptKey(entry), '10.0.0.9', 5]);
  });

  test('a snapshot does not change while it is read', () => {
    const entry = entryOf();
    entry.ip = '10.0.0.9';
    const trace = finished(['10.0.0.1', '10.0.0.9']);
    addTrace(entry.history, trace, { fromMs: 5, untilMs: 6 });
    const snapshot = toPathSnapshot(entry);
    const before = JSON.stringify(snapshot);
    addTrace(entry.history, trace, { fromMs: 7, untilMs: 8 });
    assert.is(JSON.stringify(snapshot), before);
  });
});

function entryOf() {
  const schedule = newSchedule({ intervalMs: 30_000, phaseMs: 0, nowMs: 0 });
  return newPathEntry(pathTarget('a'), 'v4', schedule);
}

import * as assert from 'uvu/assert';
import { addTrace, newPathHistory } from '../../src/measure/path-history.ts';
import { keepPaths } from '../../src/measure/path-keeper.ts';
import { newSchedule } from '../../src/measure/path-schedule.ts';
import { type KeptPath, newPathEntry, type PathEntry } from '../../src/measure/paths-entry.ts';
import { suite } from '../helper.ts';
import { finished } from './path-trace-maker.ts';
import { pathTarget } from './paths-rig.ts';

suite('measure/path-keeper', ({ test }) => {
  test('gives back what it was given for the same target and address, once', () => {
    const keeper = keepPaths([]);
    keeper.put(entryOf('a', '10.0.0.9'));

    assert.ok(keeper.take(entryOf('a', '10.0.0.9')).tracker.path());
    assert.is(keeper.take(entryOf('a', '10.0.0.9')).tracker.path(), null);
  });

  test('knows nothing of another address, target, family or way of tracing', () => {
    const keeper = keepPaths([]);
    const entry = entryOf('a', '10.0.0.9');
    keeper.put(entry);
    const others = [
      entryOf('a', '10.0.0.8'),
      entryOf('b', '10.0.0.9'),
      { ...entry, family: 'v6' as const },
      { ...entry, target: pathTarget('a', { protocol: 'tcp' }) },
    ];
    for (const other of others) assert.is(keeper.take(other).tracker.path(), null);
  });

  test('hands out those of the entries first, then the rest, latest first', () => {
    const keeper = keepPaths([]);
    for (const id of ['a', 'b']) keeper.put(entryOf(id, '10.0.0.9'));
    const ids = [...keeper.all([entryOf('z', '10.0.0.9')])].map(({ key }) => JSON.parse(key)[0]);
    assert.equal(ids, ['z', 'b', 'a']);
  });

  test('is bounded, and forgets the oldest', () => {
    const [one] = [...keepPaths([]).all([entryOf('a', '10.0.0.9')])];
    const left = Array.from({ length: 6000 }, (_, i): KeptPath => {
      return { ...(one as KeptPath), key: JSON.stringify([i]) };
    });
    const kept = [...keepPaths(left).all([])];
    assert.equal([kept.length, kept[0]?.key, kept.at(-1)?.key], [4096, '[5999]', '[1904]']);
  });
});

function entryOf(id: string, ip: string): PathEntry {
  const schedule = newSchedule({ intervalMs: 30_000, phaseMs: 0, nowMs: 0 });
  const entry = { ...newPathEntry(pathTarget(id), 'v4', schedule), ip, history: newPathHistory() };
  addTrace(entry.history, finished(['10.0.0.1', ip]), { fromMs: 5, untilMs: 6 });
  return entry;
}

import * as assert from 'uvu/assert';
import {
  addTrace,
  CHANGES_MAX,
  isInDoubt,
  newPathHistory,
  RECENT_MAX,
} from '../../src/measure/path-history.ts';
import type { FinishedTrace } from '../../src/measure/trace-run.ts';
import { suite } from '../helper.ts';
import { finished } from './path-trace-maker.ts';

suite('measure/path-history', ({ test }) => {
  test('counts traces and probes, and knows since when the path is what it is', () => {
    const history = newPathHistory();
    add(history, finished(['10.0.0.1', null, '10.0.0.9'], { probes: 3 }), 1000);
    add(history, finished(['10.0.0.1', null, '10.0.0.9'], { probes: 3 }), 2000);

    assert.equal([history.traces, history.probes, history.sinceMs], [2, 18, 1000]);
    assert.equal([history.end, history.known], ['target', ['10.0.0.1', null, '10.0.0.9']]);
    assert.is(history.recent.length, 3);
    assert.equal(history.recent[1], [null, null]);
  });

  test('a change moves the date, and changes are bounded', () => {
    const history = newPathHistory();
    for (let turn = 0; turn < 200; turn++) {
      const route = [`10.0.${turn >> 1}.1`, '10.0.0.9'];
      add(history, finished(route), turn * 1000);
    }
    assert.is(history.changesTotal, 99);
    assert.is(history.changes.length, CHANGES_MAX);
    assert.is(history.sinceMs, 198_000);
  });

  test('a hop in doubt is one that was seen once with another address', () => {
    const history = newPathHistory();
    add(history, finished(['10.0.0.1', '10.0.0.9']), 1000);
    assert.is(isInDoubt(history), false);
    add(history, finished(['10.0.0.2', '10.0.0.9']), 2000);
    assert.is(isInDoubt(history), true);
  });

  test('recent times are bounded, and what was handed out never changes', () => {
    const history = newPathHistory();
    add(history, finished(['10.0.0.1', '10.0.0.9']), 0);
    const [row] = history.recent;
    for (let turn = 1; turn < 2 * RECENT_MAX; turn++) {
      add(history, finished(['10.0.0.1', '10.0.0.9']), turn);
    }
    assert.is(row?.length, 1);
    assert.is(history.recent[0]?.length, RECENT_MAX);
  });

  test('the losses of a router that was there before are not those of the target', () => {
    const history = newPathHistory();
    for (let turn = 0; turn < 10; turn++) {
      add(history, finished(['10.0.0.1', '10.0.0.2', null, '10.0.0.9']), turn);
    }
    const { hops } = add(history, finished(['10.0.0.1', '10.0.0.2', '10.0.0.9']), 20);

    assert.equal([hops[2]?.lossKind, hops[2]?.pathLossPercent], ['none', 0]);
  });

  test('what an earlier run knew is where it goes on', () => {
    const first = newPathHistory();
    add(first, finished(['10.0.0.1', '10.0.0.9']), 1000);
    const left = { sinceMs: first.sinceMs, memory: first.tracker.memory() };
    const second = newPathHistory(JSON.parse(JSON.stringify(left)));
    add(second, finished(['10.0.0.1', '10.0.0.9']), 5000);

    assert.equal([second.sinceMs, second.changesTotal], [1000, 0]);
  });
});

function add(history: ReturnType<typeof newPathHistory>, trace: FinishedTrace, atMs: number) {
  return addTrace(history, trace, { fromMs: atMs, untilMs: atMs + 100 });
}

import * as assert from 'uvu/assert';
import {
  askExtra,
  dueMs,
  moveGrid,
  newSchedule,
  passTurns,
  takeTurn,
} from '../../src/measure/path-schedule.ts';
import { suite } from '../helper.ts';

const GRID = { intervalMs: 30_000, phaseMs: 7000, nowMs: 100_000 };

suite('measure/path-schedule', ({ test }) => {
  test('the first trace is soon, the next ones are on the grid', () => {
    const schedule = newSchedule(GRID);
    assert.is(dueMs(schedule), 102_000);
    assert.is(takeTurn(schedule, 102_400), false);
    assert.is(dueMs(schedule), 107_000);
    assert.is(takeTurn(schedule, 107_900), true);
    assert.equal([dueMs(schedule), schedule.turns, schedule.skipped], [137_000, 1, 0]);
  });

  test('a turn is left out when the next one has come, and counted', () => {
    const schedule = newSchedule(GRID);
    assert.is(takeTurn(schedule, 107_000 + 29_999), true);
    assert.is(schedule.skipped, 0);
    assert.is(takeTurn(schedule, 107_000 + 95_000), true);
    assert.equal([schedule.skipped, schedule.turns], [2, 2]);
    assert.is(dueMs(schedule), 107_000 + 120_000);
  });

  test('turns that nobody could take are not counted', () => {
    const schedule = newSchedule(GRID);
    passTurns(schedule, 400_000);
    assert.is(takeTurn(schedule, 400_000), false);
    assert.equal([schedule.skipped, dueMs(schedule)], [0, 407_000]);
  });

  test('one out of turn leaves the grid as it is, and comes once in ten seconds', () => {
    const schedule = newSchedule(GRID);
    takeTurn(schedule, 107_000);
    assert.is(askExtra(schedule, 'event', 110_000), true);
    assert.is(dueMs(schedule), 110_000);
    assert.is(askExtra(schedule, 'doubt', 119_999), false);
    assert.is(takeTurn(schedule, 111_000), false);
    assert.is(dueMs(schedule), 137_000);
    assert.is(askExtra(schedule, 'doubt', 120_000), true);
  });

  test('doubts of a whole day leave room for an event', () => {
    const schedule = newSchedule(GRID);
    let extras = 0;
    for (let nowMs = 110_000; nowMs < 110_000 + 3_600_000; nowMs += 10_000) {
      if (askExtra(schedule, 'doubt', nowMs)) extras++;
    }
    assert.ok(extras >= 29 && extras <= 30, `${extras}`);
    assert.is(askExtra(schedule, 'event', 110_000 + 3_600_000), true);
  });

  test('another interval begins a grid of its own', () => {
    const schedule = newSchedule(GRID);
    takeTurn(schedule, 107_000);
    moveGrid(schedule, { intervalMs: 5000, phaseMs: 1000, nowMs: 110_000 });
    assert.equal([schedule.intervalMs, dueMs(schedule)], [5000, 111_000]);
  });
});

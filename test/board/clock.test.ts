import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { equal, is, match, ok } from 'uvu/assert';
import {
  type BoardClock,
  EARLIEST_MS,
  LATEST_MS,
  openClock,
  PATIENCE_MS,
} from '../../src/board/clock.ts';
import { suite } from '../helper.ts';
import { type BoardPlace, inPlace } from './place.ts';

const NOW_MS = EARLIEST_MS + 86_400_000;

interface Bench {
  clock: BoardClock;
  /** Lets time pass, on both clocks. */
  pass(ms: number): void;
  systemMs: number;
  isSynced: boolean;
  set: number[];
}

function bench({ places, log }: BoardPlace, systemMs: number, canSet = false): Bench {
  let monotonicMs = 5_000;
  const set: number[] = [];
  const b: Bench = {
    systemMs,
    isSynced: false,
    set,
    pass(ms) {
      monotonicMs += ms;
      b.systemMs += ms;
    },
    clock: openClock({
      file: places.clock,
      systemMs: () => b.systemMs,
      monotonicMs: () => monotonicMs,
      isSynced: () => b.isSynced,
      setClock: canSet
        ? async (ms) => {
            set.push(ms);
            b.systemMs = ms;
          }
        : null,
      log,
    }),
  };
  return b;
}

suite('board/clock', ({ test }) => {
  test('in 1970 it is wrong, and no date is judged by it', () =>
    inPlace((place) => {
      const b = bench(place, 20_000);

      equal([b.clock.state(), b.clock.judgedDates()], ['wrong', 'none']);
      is(b.clock.nowMs(), 20_000);
    }));

  test('where it was switched off it is plausible, and only the end of validity is judged', () =>
    inPlace((place) => {
      const b = bench(place, NOW_MS);

      equal([b.clock.state(), b.clock.judgedDates()], ['plausible', 'end']);
      b.isSynced = true;
      equal([b.clock.state(), b.clock.judgedDates()], ['synced', 'both']);
    }));

  test('the time of the control stands in after a minute without any other', () =>
    inPlace((place) => {
      const b = bench(place, 20_000);
      b.clock.hear(NOW_MS, 100);
      is(b.clock.state(), 'wrong');

      b.pass(PATIENCE_MS);
      b.clock.hear(NOW_MS, 100);

      equal([b.clock.state(), b.clock.judgedDates()], ['adopted', 'both']);
      is(b.clock.nowMs(), NOW_MS + 50);
      b.pass(1_000);
      is(b.clock.nowMs(), NOW_MS + 1_050);
      match(place.lines.join(''), /behind and nobody synchronises it: .* stands in/);
    }));

  test('NTP rules as soon as it speaks', () =>
    inPlace((place) => {
      const b = bench(place, 20_000);
      b.pass(PATIENCE_MS);
      b.clock.hear(NOW_MS - 7_000_000, 0);
      b.isSynced = true;
      b.systemMs = NOW_MS;

      is(b.clock.nowMs(), NOW_MS);
      b.clock.hear(NOW_MS + 9_000_000, 0);
      is(b.clock.nowMs(), NOW_MS);
    }));

  test('nonsense of a control is not taken', () =>
    inPlace((place) => {
      const b = bench(place, 20_000);
      b.pass(PATIENCE_MS);
      for (const ms of [0, EARLIEST_MS - 1, LATEST_MS + 1]) b.clock.hear(ms, 0);

      is(b.clock.state(), 'wrong');
    }));

  test('the clock is set only when that is wanted, and only when it is off', () =>
    inPlace(async (place) => {
      const b = bench(place, 20_000, true);
      b.pass(PATIENCE_MS);
      b.clock.hear(NOW_MS, 200);
      await Promise.resolve();
      b.clock.hear(NOW_MS + 1_000, 0);

      equal(b.set, [NOW_MS + 100]);
      match(place.lines.join(''), /was set to 2026-11-02T00:00:00/);
    }));

  test('what was seen is the floor of the next boot', () =>
    inPlace((place) => {
      mkdirSync(place.places.state, { recursive: true });
      const first = bench(place, NOW_MS + 1e9);
      first.clock.remember(true);
      is(bench(place, NOW_MS).clock.state(), 'plausible', 'a clock nobody vouches for is no floor');

      first.isSynced = true;
      first.clock.remember();
      is(bench(place, NOW_MS).clock.state(), 'wrong');
      is(bench(place, NOW_MS + 1e9 - 30_000).clock.state(), 'plausible');
      is(bench(place, LATEST_MS + 1).clock.state(), 'wrong');
    }));

  test('it is remembered now and then, not each time: the card wears', () =>
    inPlace((place) => {
      mkdirSync(place.places.state, { recursive: true });
      const b = bench(place, NOW_MS);
      b.isSynced = true;
      b.clock.remember();
      const first = readFileSync(place.places.clock, 'utf8');
      b.pass(60_000);
      b.clock.remember();
      is(readFileSync(place.places.clock, 'utf8'), first);

      b.pass(600_000);
      b.clock.remember();
      ok(readFileSync(place.places.clock, 'utf8') !== first);
    }));

  test('a damaged memory says nothing, and a disk that is full ends nothing', () =>
    inPlace((place) => {
      mkdirSync(place.places.state, { recursive: true });
      for (const text of ['', '{', '{"schema":1,"seenMs":"x"}', `{"schema":1,"seenMs":9e15}`]) {
        writeFileSync(place.places.clock, text);
        is(bench(place, NOW_MS).clock.state(), 'plausible', text);
      }
      const b = bench({ ...place, places: { ...place.places, clock: '/dev/null/x' } }, NOW_MS);
      b.isSynced = true;
      b.clock.remember(true);
      match(place.lines.join(''), /not remembered/);
    }));
});

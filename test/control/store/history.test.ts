import { deepEqual, equal, ok } from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../../src/control/store/db.ts';
import {
  type History,
  historyOf,
  openHistory,
  startHistory,
} from '../../../src/control/store/history.ts';
import { openLog } from '../../../src/host/log.ts';
import { suite } from '../../helper.ts';
import { NOW_MS, openLab } from '../lab.ts';
import { roundAt } from '../report-lab.ts';

const HOUR_MS = 3_600_000;
const ALL = { sinceMs: 0, untilMs: 8_640_000_000_000_000 };

interface Place {
  file: string;
  clock: { nowMs: number };
  lines: string[];
  open(change?: { keepMs?: number; bytesMax?: number }): History;
}

async function withPlace(run: (place: Place) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flint-history-'));
  const file = join(folder, 'history.db');
  const clock = { nowMs: NOW_MS };
  const lines: string[] = [];
  const nowMs = () => clock.nowMs;
  const stream = { write: (text: string) => lines.push(text) };
  const opened: History[] = [];
  const open: Place['open'] = ({ keepMs = 48 * HOUR_MS, bytesMax = 64e6 } = {}) => {
    const log = openLog({ stream, nowMs, journal: false });
    const history = openHistory({ file, keepMs, bytesMax, log, nowMs });
    opened.push(history);
    return history;
  };
  try {
    run({ file, clock, lines, open });
  } finally {
    for (const history of opened) history.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function manyRounds(count: number, target: string) {
  return Array.from({ length: count }, (_, i) => roundAt(NOW_MS + i * 30_000, { target }));
}

suite('control/store/history', (s) => {
  s.test('rounds of a probe come sorted, each once, and those of others do not', () =>
    withPlace(({ open }) => {
      const history = open();
      const [first, second, third] = [0, 1, 2].map((i) => roundAt(NOW_MS + i * 30_000));
      if (first === undefined || second === undefined || third === undefined) throw new Error();
      const v6 = roundAt(NOW_MS, { family: 'v6' });
      const other = roundAt(NOW_MS, { target: 'dns' });
      history.appendRounds(1, [second, v6]);
      history.appendRounds(1, [third, first, other]);
      // Sent again after a lost answer, and changed, which a closed round never is.
      history.appendRounds(1, [{ ...second, lost: 7 }, third]);
      history.appendRounds(2, [roundAt(NOW_MS, { target: 'secret' })]);

      deepEqual(history.roundsOf(1, ALL), [other, first, second, third, v6]);
      deepEqual(history.roundsOf(3, ALL), []);
    }),
  );

  s.test('a query is held to its span, target and family', () =>
    withPlace(({ open }) => {
      const history = open();
      history.appendRounds(1, [...manyRounds(10, 'a'), ...manyRounds(10, 'b')]);
      history.appendRounds(1, [roundAt(NOW_MS, { target: 'a', family: 'v6' })]);

      const asked = history.roundsOf(1, {
        sinceMs: NOW_MS + 75_000,
        untilMs: NOW_MS + 130_000,
        targets: new Set(['a']),
        family: 'v4',
      });

      deepEqual(
        asked.map(({ fromMs }) => (fromMs - NOW_MS) / 30_000),
        [2, 3, 4],
      );
      equal(history.roundsOf(1, { ...ALL, targets: new Set(['a']) }).length, 11);
    }),
  );

  s.test('absurd times of a probe cost it its own graph at most', () =>
    withPlace(({ open }) => {
      const history = open();
      const late = 8_640_000_000_000_000;
      history.appendRounds(1, [roundAt(late - 1, { untilMs: 0 }), roundAt(0, { untilMs: late })]);
      history.appendRounds(1, [roundAt(NOW_MS)]);

      const asked = history.roundsOf(1, { sinceMs: NOW_MS, untilMs: NOW_MS + HOUR_MS });

      deepEqual(
        asked.map(({ fromMs }) => fromMs),
        [0, NOW_MS],
      );
    }),
  );

  s.test('what is too old goes, whatever the probes say of the time', () =>
    withPlace(({ open, clock }) => {
      const history = open({ keepMs: HOUR_MS });
      history.appendRounds(1, [roundAt(NOW_MS + 5 * HOUR_MS)]);
      clock.nowMs += 2 * HOUR_MS;
      for (let i = 0; i < 64; i++) history.appendRounds(2, [roundAt(NOW_MS + i * 30_000)]);

      equal(history.roundsOf(1, ALL).length, 0);
      equal(history.roundsOf(2, ALL).length, 64);
    }),
  );

  s.test('the file keeps to its bytes; the oldest rows make room', () =>
    withPlace(({ open, file }) => {
      const bytesMax = 2_000_000;
      const history = open({ bytesMax });
      const rounds = manyRounds(60, 'a');
      for (let i = 0; i < 1500; i++) history.appendRounds(i, rounds);

      const { bytes, dropped } = history.state();
      ok(bytes <= bytesMax * 1.1, `${bytes} bytes of rows`);
      ok(statSync(file).size <= bytesMax * 1.2, `${statSync(file).size} bytes of file`);
      equal(dropped < 150, true, `${dropped} dropped`);
      equal(history.roundsOf(1499, ALL).length, 60);
      equal(history.roundsOf(0, ALL).length, 0);
    }),
  );

  s.test('a probe that is removed leaves nothing', () =>
    withPlace(({ open }) => {
      const history = open();
      history.appendRounds(1, manyRounds(3, 'a'));
      history.appendRounds(2, manyRounds(3, 'a'));

      history.removeProbe(1);

      deepEqual([history.roundsOf(1, ALL).length, history.roundsOf(2, ALL).length], [0, 3]);
    }),
  );

  s.test('after an older database was put back, a new probe does not inherit a graph', async () => {
    const lab = await openLab();
    try {
      const { id } = await lab.probe('probe01');
      const history = startHistory(lab.context, lab.stateDirectory);
      equal(historyOf(lab.context), history);
      history.appendRounds(id, manyRounds(2, 'a'));
      history.appendRounds(id + 1, manyRounds(2, 'a'));
      history.close();

      const again = startHistory(lab.context, lab.stateDirectory);

      equal(again.roundsOf(id, ALL).length, 2);
      equal(again.roundsOf(id + 1, ALL).length, 0);
      again.close();
    } finally {
      await lab.close();
    }
  });

  s.test('it survives a restart, and a lost file is a new one', () =>
    withPlace(({ open, file }) => {
      const first = open();
      first.appendRounds(1, manyRounds(3, 'a'));
      first.close();
      const second = open();
      equal(second.roundsOf(1, ALL).length, 3);
      second.close();
      rmSync(file);

      const third = open();

      deepEqual(third.roundsOf(1, ALL), []);
      third.appendRounds(1, manyRounds(2, 'a'));
      equal(third.roundsOf(1, ALL).length, 2);
    }),
  );

  s.test('a file that is no database is moved aside, told, and begun anew', () =>
    withPlace(({ open, file, lines }) => {
      writeFileSync(file, 'no database at all, but long enough to be looked at'.repeat(100));

      const history = open();
      history.appendRounds(1, manyRounds(2, 'a'));

      equal(history.roundsOf(1, ALL).length, 2);
      equal(history.state().remade, 1);
      equal(existsSync(`${file}.damaged`), true);
      equal(lines.filter((line) => line.includes('damaged')).length, 1);
    }),
  );

  s.test('damage that shows later costs the file, and never an error', () =>
    withPlace(({ open, file }) => {
      const first = open();
      for (let i = 0; i < 300; i++) first.appendRounds(i, manyRounds(20, 'a'));
      first.close();
      truncateSync(file, 3 * 4096);

      const history = open();
      for (let i = 0; i < 300; i++) history.appendRounds(i, manyRounds(20, 'a'));

      equal(history.state().remade, 1);
      ok(history.roundsOf(299, ALL).length === 20);
      equal(existsSync(`${file}.damaged`), true);
    }),
  );

  s.test('a file of a newer version is not touched but moved aside', () =>
    withPlace(({ open, file }) => {
      const newer = openSqlite(file);
      newer.pragma('user_version = 99');
      newer.close();

      equal(open().state().remade, 1);
    }),
  );

  s.test('where nothing can be written, rounds are dropped and counted', () =>
    withPlace(({ open, file, clock, lines }) => {
      const history = open();
      history.appendRounds(1, manyRounds(2, 'a'));
      // As when the disk is full: the file may not grow, and holds nothing that could go.
      const raw = openSqlite(file);
      raw.exec('begin immediate');
      const startMs = performance.now();
      history.appendRounds(2, manyRounds(2, 'a'));
      ok(performance.now() - startMs < 2_000, 'nobody waits long for it');
      raw.exec('rollback');
      raw.close();

      equal(history.state().dropped, 1);
      equal(
        lines.some((line) => line.includes('could not be used')),
        true,
      );
      clock.nowMs += HOUR_MS;
      history.appendRounds(3, manyRounds(2, 'a'));
      equal(history.roundsOf(3, ALL).length, 2);
    }),
  );
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import type { ProbeReport } from '../../src/core/report.ts';
import type { ProbeEvent, Round } from '../../src/core/round.ts';
import { openReportFile, type ReportFileOptions } from '../../src/probe/report-file.ts';
import { suite } from '../helper.ts';
import { makeRound, makeSnapshot } from './metrics-snapshot.ts';

const DAY_MS = 86_400_000;

function open(part: Partial<ReportFileOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'flint-report-'));
  const now = { ms: 10 * DAY_MS };
  const said: string[] = [];
  const take = (message: string): void => void said.push(message);
  const report = openReportFile({
    directory,
    snapshot: async () => makeSnapshot({ nowMs: now.ms }),
    events: async () => [],
    rounds: async () => [],
    log: { info: take, warn: take, error: take, flush: () => undefined },
    nowMs: () => now.ms,
    monoMs: () => now.ms,
    ...part,
  });
  const file = join(directory, 'report.json');
  return {
    ...{ directory, now, said, report, file },
    read: () => JSON.parse(readFileSync(file, 'utf8')) as ProbeReport,
    /** Looks once a second. */
    async run(seconds: number): Promise<void> {
      for (let second = 0; second < seconds; second++) {
        report.look();
        await report.close();
        now.ms += 1000;
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function roundOf(untilMs: number, part: Partial<Round> = {}): Round {
  return makeRound({ fromMs: untilMs - 30_000, untilMs, ...part });
}

function eventOf(id: string, fromMs: number, untilMs: number | null = fromMs): ProbeEvent {
  const place = { target: null, family: null, scope: null };
  return { id, kind: 'start', ...place, fromMs, untilMs, detail: {} };
}

suite('probe/report-file', (s) => {
  s.test('is written at once, then every fifteen seconds, whole and for all to read', async () => {
    const world = open();
    await world.run(1);
    const first = world.read().writtenMs;
    is(statSync(world.file).mode & 0o777, 0o644);
    equal(readdirSync(world.directory), ['report.json']);
    await world.run(14);
    is(world.read().writtenMs, first);
    await world.run(1);
    is(world.read().writtenMs, first + 15_000);
    world.report.soon();
    await world.run(1);
    is(world.read().writtenMs, first + 16_000);
    world.remove();
  });

  s.test(
    'is written at once when the clock is set: the agent would take it for an old one',
    async () => {
      const mono = { ms: 5000 };
      const world = open({ monoMs: () => mono.ms });
      const look = async (stepMs: number): Promise<number> => {
        mono.ms += 1000;
        world.now.ms += 1000 + stepMs;
        world.report.look();
        await world.report.close();
        return world.now.ms - world.read().writtenMs;
      };
      const ages = [];
      for (const stepMs of [0, 0, 10 * DAY_MS, 0, -DAY_MS, 0]) ages.push(await look(stepMs));

      equal(ages, [0, 1000, 0, 1000, 0, 1000]);
      world.remove();
    },
  );

  s.test('holds the rounds of five minutes', async () => {
    const world = open();
    for (let n = 0; n < 20; n++) world.report.takeRound(roundOf(world.now.ms - n * 30_000));
    await world.run(1);
    is(world.read().rounds.length, 11);
    world.remove();
  });

  s.test('tells rounds of the run before, ahead of its own', async () => {
    const at = 10 * DAY_MS;
    const world = open({ rounds: async () => [roundOf(at - 90_000), roundOf(at - 60_000)] });
    world.report.takeRound(roundOf(at));
    await world.run(17);
    const ends = world.read().rounds.map(({ untilMs }) => at - untilMs);
    equal(ends, [90_000, 60_000, 0]);
    world.remove();
  });

  s.test('rounds that there was no room to keep are counted', async () => {
    const world = open();
    for (let n = 0; n < 5000; n++) world.report.takeRound(roundOf(world.now.ms));
    await world.run(1);
    const { rounds, leftOut } = world.read();
    is(rounds.length + leftOut, 5000);
    world.now.ms += 400_000;
    await world.run(16);
    equal([world.read().rounds.length, world.read().leftOut], [0, 0]);
    world.remove();
  });

  s.test(
    'tells events of a day, those of the run before too, each once, newest first',
    async () => {
      const at = 10 * DAY_MS;
      const world = open({
        events: async () => [eventOf('a', at - 2 * DAY_MS), eventOf('b', at - 2000)],
      });
      world.report.takeEvent(eventOf('c', at - 1000));
      world.report.takeEvent(eventOf('c', at - 1000, at));
      await world.run(1);
      equal(
        world.read().events.map(({ id, untilMs }) => [id, untilMs]),
        [
          ['c', at],
          ['b', at - 2000],
        ],
      );
      world.remove();
    },
  );

  s.test(
    'what cannot be written is said once and counted, and measuring knows nothing',
    async () => {
      const world = open();
      world.remove();
      await world.run(40);
      is(world.report.errors(), 3);
      is(world.said.length, 1);
      match(world.said[0] ?? '', /report\.json cannot be written, measuring goes on: ENOENT/);
    },
  );

  s.test('one at a time, however slow it is', async () => {
    let asked = 0;
    const world = open({
      snapshot: async () => {
        asked++;
        await new Promise((resolve) => setTimeout(resolve, 30));
        return makeSnapshot();
      },
    });
    for (let n = 0; n < 100; n++) {
      world.now.ms += 20_000;
      world.report.look();
    }
    await world.report.close();
    is(asked, 1);
    ok(world.read().schema === 1);
    world.remove();
  });
});

import { equal, is, ok } from 'uvu/assert';
import type { Engine } from '../../src/engine/engine.ts';
import { type PumpOptions, pace, startPump } from '../../src/engine/pump.ts';
import { suite } from '../helper.ts';

// What a pump asks of an engine, with answers that a test sets.
interface Script {
  due: number | null;
  expiry: number | null;
  waiting: boolean;
  sent: number;
  /** Of each tick: when, and how many packets it might send. */
  ticks: { atMs: number; most: number }[];
  onTick(): void;
}

const CALM: PumpOptions = {
  packetsPerSecond: 1,
  intervalMsMin: 1000,
  isPaced: true,
  freshMs: null,
  afterTick: () => undefined,
  onError: (error) => {
    throw error;
  },
};

function script(part: Partial<Script> = {}): { script: Script; engine: Engine } {
  const all: Script = {
    due: null,
    expiry: null,
    waiting: false,
    sent: 1,
    ticks: [],
    onTick: () => undefined,
    ...part,
  };
  const engine = {
    tick(most: number): number {
      all.ticks.push({ atMs: performance.now(), most });
      all.onTick();
      return all.sent;
    },
    nextDueMs: () => all.due,
    nextExpiryMs: () => all.expiry,
    isWaiting: () => all.waiting,
  };
  return { script: all, engine: engine as unknown as Engine };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Ticks of a pump that ran for so long, as gaps in ms. */
async function gaps(part: Partial<Script>, options: Partial<PumpOptions>, ms: number) {
  const { script: all, engine } = script(part);
  const pump = startPump(engine, { ...CALM, ...options });
  await sleep(ms);
  pump.stop();
  return all.ticks.slice(1).map(({ atMs }, i) => atMs - (all.ticks[i]?.atMs ?? 0));
}

suite('engine/pump', (s) => {
  for (const [packetsPerSecond, intervalMs, ms, most] of [
    [0, 1000, 20, 4],
    [1, 1000, 20, 4],
    [100, 1000, 20, 4],
    [200, 1000, 10, 4],
    [500, 1000, 4, 4],
    [1000, 1000, 2, 4],
    [2000, 1000, 2, 8],
    [5000, 1000, 2, 20],
    [100, 10, 5, 4],
    [1, 1, 2, 4],
  ] as const) {
    const load = `${packetsPerSecond}/s, every ${intervalMs} ms at the soonest`;
    s.test(`${load}: a tick each ${ms} ms with at most ${most}`, () => {
      equal(pace(packetsPerSecond, intervalMs), { ms, most });
    });
  }

  s.test('a tick has twice the room that the load needs, and four packets at the least', () => {
    for (let load = 1; load <= 16_000; load += 7) {
      const { ms, most } = pace(load, 1000);

      ok((most * 1000) / ms >= 2 * load, `${load}/s: ${most} in ${ms} ms`);
      ok(most >= 4 && most <= 64 && ms >= 2 && ms <= 20);
      if (load <= 1000) is(most, 4, `${load}/s`);
    }
  });

  s.test('a paced tick sends as many as its pace allows, another all', async () => {
    for (const [options, most] of [
      [{ packetsPerSecond: 2000 }, 8],
      [{ packetsPerSecond: 2000, isPaced: false }, 64],
    ] as const) {
      // A wake-up that comes late may send more: one of these comes in time.
      const first: number[] = [];
      for (let i = 0; i < 8 && !first.includes(most); i++) {
        const { script: all, engine } = script();
        const pump = startPump(engine, { ...CALM, ...options });
        await sleep(5);
        pump.stop();
        first.push(all.ticks[0]?.most ?? 0);
      }
      ok(first.includes(most), first.join());
      ok(
        first.every((sent) => sent % most === 0 && sent <= 4 * most),
        first.join(),
      );
    }
  });

  s.test('it sleeps until something is due', async () => {
    const [first = Number.NaN] = await gaps({ due: 120 }, {}, 250);

    ok(first >= 119 && first < 200, `${first} ms`);
  });

  s.test('what falls due within a tick length is gathered', async () => {
    const all = await gaps({ due: 0.5 }, {}, 250);

    ok(Math.min(...all) >= 19, `${all}`);
    ok(all.length >= 5, `${all}`);
  });

  s.test(
    'a tick that comes late makes up for those that it missed, three at the most',
    async () => {
      const { script: all, engine } = script({ due: 0, sent: 4 });
      const pump = startPump(engine, { ...CALM, packetsPerSecond: 1000 });
      await sleep(20);
      const before = all.ticks.length;
      const until = performance.now() + 40;
      while (performance.now() < until) {}
      await sleep(20);
      pump.stop();

      is(all.ticks[before]?.most, 16);
      const inTime = all.ticks.filter(({ most }) => most === 4);
      ok(inTime.length > all.ticks.length / 2, `${all.ticks.map(({ most }) => most)}`);
    },
  );

  s.test('while sends are late, ticks follow each other at twice the pace', async () => {
    const all = await gaps({ due: 0, sent: 4 }, {}, 250);
    const median = all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

    ok(Math.min(...all) >= 9, `${all}`);
    ok(median < 19, `${median} ms`);
  });

  s.test('a timer that ended too early costs a millisecond, not a tick', async () => {
    const [first = Number.NaN] = await gaps({ due: 0.5, sent: 0 }, {}, 60);

    ok(first < 19, `${first} ms`);
  });

  s.test('losses may wait a quarter of a second, unless somebody looks on', async () => {
    const [calm = Number.NaN] = await gaps({ expiry: 50, waiting: true }, {}, 450);
    const [live = Number.NaN] = await gaps({ expiry: 50, waiting: true }, { freshMs: 30 }, 200);

    ok(calm >= 299 && calm < 400, `${calm} ms`);
    ok(live >= 29 && live < 90, `${live} ms`);
  });

  s.test('with nothing to do it looks once a second', async () => {
    const all = await gaps({}, {}, 1300);

    is(all.length, 1);
    ok((all[0] ?? 0) >= 999, `${all}`);
  });

  s.test('a new plan and a call wake it at once', async () => {
    const { script: all, engine } = script();
    const pump = startPump(engine, CALM);
    await sleep(20);
    pump.wake();
    await sleep(20);
    pump.plan(2000, 1000);
    await sleep(20);
    pump.stop();

    equal(
      all.ticks.map(({ most }) => most),
      [4, 4, 8],
    );
  });

  s.test('a wake within a tick does not start a second row of ticks', async () => {
    let wakes = 0;
    const { script: all, engine } = script({ due: 30 });
    const pump = startPump(engine, {
      ...CALM,
      afterTick: () => {
        if (wakes++ < 5) pump.wake();
      },
    });
    await sleep(300);
    pump.stop();

    // Five that were asked for, then one each 30 ms.
    ok(all.ticks.length >= 10 && all.ticks.length <= 17, `${all.ticks.length} ticks`);
  });

  s.test('it stops when told, also within a tick', async () => {
    const { script: all, engine } = script();
    const pump = startPump(engine, { ...CALM, afterTick: () => pump.stop() });
    await sleep(60);
    pump.wake();
    await sleep(30);

    is(all.ticks.length, 1);
  });

  s.test('a tick that throws is told once, and is the last', async () => {
    const errors: unknown[] = [];
    const failure = new Error('broken');
    const { script: all, engine } = script({
      onTick: () => {
        throw failure;
      },
    });
    const pump = startPump(engine, { ...CALM, onError: (error) => errors.push(error) });
    await sleep(50);
    pump.wake();
    await sleep(30);

    equal([all.ticks.length, errors.length, errors[0]], [1, 1, failure]);
  });

  s.test('it tells how long ago it ticked', async () => {
    const { engine } = script();
    const pump = startPump(engine, CALM);
    await sleep(80);
    const idleMs = pump.idleMs();
    pump.stop();

    ok(idleMs > 40 && idleMs < 1000, `${idleMs} ms`);
  });
});

import * as assert from 'uvu/assert';
import { createRandom } from '../fake/random.ts';
import { openRig, type Rig, silence, specOf } from '../fake/rig.ts';
import type { SentPacket } from '../fake/transport.ts';
import { suite } from '../helper.ts';

const TURN_MS = 8600;

interface Sent {
  host: number;
  atMs: number;
}

/** A rig that notes when each host was sent to, in ms since the start. */
function openNoting(packetsPerSecond = 100): { rig: Rig; sent: Sent[] } {
  const sent: Sent[] = [];
  const rig = openRig(
    (packet: SentPacket) => {
      const at = packet.family === 4 ? 2 : 14;
      const host = (packet.destination[at] ?? 0) * 256 + (packet.destination[at + 1] ?? 0);
      sent.push({ host, atMs: Number(packet.sentMono - 1_000_000_000_000n) / 1e6 });
      return silence();
    },
    { packetsPerSecond },
  );
  return { rig, sent };
}

/** Ticks until nothing is due any more. */
function tickAll(rig: Rig): void {
  for (let i = 0; i < 200 && rig.engine.tick(64) > 0; i++);
}

suite('wasm/wheel', ({ test }) => {
  test('sends in the order in which series fall due', () => {
    const { rig, sent } = openNoting();
    const random = createRandom(2);
    const phases = Array.from({ length: 50 }, () => random.below(8000));
    phases.forEach((phaseMs, i) => {
      rig.engine.addSeries(specOf(4, i, { phaseMs, intervalMs: 60_000 }));
    });

    rig.clock.advanceMs(8000);
    tickAll(rig);

    const order = sent.map(({ host }) => phases[host] ?? 0);
    assert.is(order.length, 50);
    assert.equal(
      order,
      [...order].sort((a, b) => a - b),
    );
  });

  test('sends nothing before it is due, and at the first tick from then on', () => {
    const { rig, sent } = openNoting();
    rig.engine.addSeries(specOf(4, 1, { phaseMs: 100, intervalMs: 1000 }));

    rig.clock.advance(99_999_999);
    rig.engine.tick(64);
    assert.is(sent.length, 0);
    assert.is(rig.hot.call.nextDueIn(), 1);
    rig.clock.advance(1);
    rig.engine.tick(64);

    assert.is(sent.length, 1);
    assert.is(rig.engine.nextDueMs(), 1000);
  });

  test('waits for what is due turns of the wheel ahead', () => {
    const { rig, sent } = openNoting();
    const far = [TURN_MS - 5, TURN_MS + 5, 3 * TURN_MS, 3_600_000, 86_400_000];
    far.forEach((phaseMs, i) => {
      rig.engine.addSeries(specOf(4, i, { phaseMs, intervalMs: 100_000_000 }));
    });
    // Another one keeps the wheel turning.
    rig.engine.addSeries(specOf(6, 99, { phaseMs: 0, intervalMs: 4000 }));

    for (const phaseMs of far) {
      const left = Math.round(phaseMs * 1e6) - Number(rig.clock.monoNs - 1_000_000_000_000n);
      let ahead = left - 1;
      while (ahead > 0) {
        const step = Math.min(ahead, 3_999_000_000);
        rig.clock.advance(step);
        tickAll(rig);
        ahead -= step;
      }
      const before = sent.filter(({ host }) => host !== 99).length;
      rig.clock.advance(1);
      tickAll(rig);
      assert.is(sent.filter(({ host }) => host !== 99).length, before + 1, `${phaseMs} ms`);
    }
  });

  test('forgets nobody in a sleep of many turns', () => {
    for (const sleepMs of [TURN_MS - 1, TURN_MS, TURN_MS + 3, 5 * TURN_MS, 100_000]) {
      const { rig, sent } = openNoting();
      const random = createRandom(sleepMs);
      let due = 0;
      for (let i = 0; i < 300; i++) {
        // Many lie about one turn before the end, where the slots begin again.
        const early = i < 60 ? Math.max(0, sleepMs - 8594 + i / 5) : random.below(sleepMs);
        const isDue = i < 60 || random.chance(0.5);
        const phaseMs = isDue ? early : sleepMs + 1 + i;
        if (isDue) due++;
        rig.engine.addSeries(specOf(4, i, { phaseMs, intervalMs: 1_000_000 }));
      }

      rig.clock.advanceMs(sleepMs);
      tickAll(rig);
      assert.is(sent.length, due, `due after ${sleepMs} ms`);
      rig.clock.advanceMs(400);
      tickAll(rig);

      assert.is(sent.length, 300, `all, 400 ms after ${sleepMs} ms`);
      assert.ok(sent.every(({ atMs }) => atMs >= sleepMs));
      assert.is(new Set(sent.map(({ host }) => host)).size, 300);
    }
  });

  test('keeps thousands of series on their grids', () => {
    const { rig, sent } = openNoting(3000);
    const random = createRandom(4);
    const grids = Array.from({ length: 3000 }, () => random.below(1000));
    grids.forEach((phaseMs, i) => {
      rig.engine.addSeries(specOf(i % 2 === 0 ? 4 : 6, i, { phaseMs, intervalMs: 1000 }));
    });

    for (let ms = 0; ms < 3000; ms += 5) {
      rig.clock.advanceMs(5);
      tickAll(rig);
    }

    const counts = new Map<number, number>();
    for (const { host, atMs } of sent) {
      const n = counts.get(host) ?? 0;
      const late = atMs - ((grids[host] ?? 0) + n * 1000);
      assert.ok(late >= 0 && late <= 5, `host ${host}, send ${n}: ${late} ms late`);
      counts.set(host, n + 1);
    }
    grids.forEach((phaseMs, host) => {
      assert.is(counts.get(host), phaseMs === 0 ? 4 : 3, `host ${host}`);
    });
    assert.is(rig.engine.state(0).skipped, 0);
  });

  test('takes a new interval while probes are out, and sends no more once stopped', () => {
    const { rig, sent } = openNoting();
    const quick = rig.engine.addSeries(specOf(4, 1, { phaseMs: 0, intervalMs: 10_000 }));
    const slow = rig.engine.addSeries(specOf(4, 2, { phaseMs: 0, intervalMs: 100 }));
    rig.run(50);

    rig.engine.setInterval(quick, 100);
    rig.engine.setInterval(slow, 10_000);
    rig.run(1000);

    assert.is(sent.filter(({ host }) => host === 1).length, 1 + 10);
    assert.is(sent.filter(({ host }) => host === 2).length, 2);
    rig.engine.stopSeries(quick);
    rig.engine.stopSeries(slow);
    rig.engine.setInterval(quick, 50);
    rig.run(20_000, 100);
    assert.is(sent.length, 13);
    assert.is(rig.engine.nextDueMs(), null);
  });

  test('says when the next series is due, whatever was removed and added', () => {
    const { rig } = openNoting();
    const random = createRandom(6);
    const dues = new Map<number, number>();
    rig.engine.tick(64);
    for (let i = 0; i < 400; i++) {
      if (random.below(3) < 2) add(rig, dues, random.pick(PHASES_MS));
      else stop(rig, dues, random.below(dues.size + 1));
      if (random.chance(0.3)) sleep(rig, dues, random.pick([1, 2, 100, 9000]));

      const next = rig.engine.nextDueMs() ?? -1;

      // What was sent is due again in eleven days.
      const wanted = Math.min(1e9, ...dues.values()) - nowMs(rig);
      if (dues.size > 0) assert.ok(Math.abs(next - wanted) < 1e-6, `${next}, not ${wanted}`);
    }
  });
});

const PHASES_MS = [1, 2, 3, 500, 8589, 8590, 9000, 20_000, 40_000] as const;

function nowMs(rig: Rig): number {
  return Number(rig.clock.monoNs - 1_000_000_000_000n) / 1e6;
}

function add(rig: Rig, dues: Map<number, number>, phaseMs: number): void {
  const spec = specOf(4, dues.size, { phaseMs, intervalMs: 1_000_000_000 });
  dues.set(rig.engine.addSeries(spec), nowMs(rig) + phaseMs);
}

function stop(rig: Rig, dues: Map<number, number>, which: number): void {
  const series = [...dues.keys()][which];
  if (series === undefined) return;
  rig.engine.stopSeries(series);
  dues.delete(series);
}

function sleep(rig: Rig, dues: Map<number, number>, ms: number): void {
  rig.clock.advanceMs(ms);
  tickAll(rig);
  for (const [series, due] of dues) if (due <= nowMs(rig)) dues.delete(series);
}

// Runs one random script through the engine and through its twin, and compares them as it goes.
import * as assert from 'uvu/assert';
import type { EngineEvent, LogLine } from '../../src/engine/readers.ts';
import { ChaosNetwork, type Line, moodOf, type Plan, planOf } from './chaos.ts';
import { compareEnd, compareRound, compareState, type Precision } from './compare.ts';
import { createRandom, type Random } from './random.ts';
import { openRig, type Rig, specOf } from './rig.ts';
import type { SentPacket } from './transport.ts';
import { Twin } from './twin.ts';
import type { TwinSeries } from './twin-record.ts';

export interface DuelReport {
  plan: Plan;
  probes: number;
  rounds: number;
  lost: number;
  discarded: number;
  late: number;
  duplicates: number;
  reordered: number;
  skipped: number;
  outages: number;
  steps: number;
  inexact: number;
  alien: number;
}

/** Throws where the two disagree. */
export function runDuel(seed: number): DuelReport {
  return new Duel(seed).run();
}

class Duel {
  private readonly random: Random;
  private readonly plan: Plan;
  private readonly rig: Rig;
  private readonly twin: Twin;
  private readonly network: ChaosNetwork;
  private readonly precision: Precision;
  private readonly byAddress = new Map<string, Line>();
  private readonly allSeries: TwinSeries[] = [];
  private lines: Line[] = [];
  private stopped: TwinSeries[] = [];
  private readonly events: EngineEvent[] = [];
  private roundsSeen = 0;
  private linesSeen = 0;
  private hosts = 0;

  constructor(seed: number) {
    this.random = createRandom(seed);
    this.plan = planOf(this.random);
    const { roundMs, timeoutMs, jitter } = this.plan;
    const load = { packetsPerSecond: 1000, roundMs, timeoutMs, jitter };
    this.rig = openRig((packet) => this.send(packet), load);
    const { clock } = this.rig;
    clock.advance(this.random.below(1_000_000));
    this.twin = new Twin(roundMs, timeoutMs, { mono: clock.monoNs, real: clock.realNow() });
    this.rig.engine.drain();
    this.network = new ChaosNetwork(this.random, clock, this.twin, this.plan);
    this.precision = this.plan.clock === 'slews' ? 'slewed' : 'exact';
    this.rig.hot.call.setLogging(this.plan.isLogging ? 1 : 0);
    for (let i = 0; i < this.plan.seriesCount; i++) this.open();
  }

  run(): DuelReport {
    const end = this.rig.clock.monoNs + BigInt(this.plan.durationMs) * 1_000_000n;
    while (this.rig.clock.monoNs < end) {
      this.moveClock();
      this.tick();
      this.compareTimers(this.twin.waiting()[0]?.tickMono);
      this.compareTick();
      this.changeSeries();
    }
    this.finish();
    return this.report();
  }

  private moveClock(): void {
    const { random, plan } = this;
    const { clock } = this.rig;
    const isPause = random.chance(plan.pauseChance);
    const longest = isPause ? random.pick([3e8, 1e9, 4e9, 1.2e10]) : 1.9e7;
    clock.advance(random.between(100_000, longest));
    if (plan.clock === 'steps' && random.chance(0.002)) {
      // Beyond what a slew could do within the longest pause; an hour, half a second, 20 ms.
      const sizes = [3_600_000_000_000, 500_000_000, 20_000_000, 12_500_000] as const;
      clock.step(BigInt(random.pick(sizes)) * (random.chance(0.5) ? 1n : -1n));
    }
    if (plan.clock === 'slews' && random.chance(0.005)) clock.slew(random.between(-500, 500));
    this.rig.transport.isSynced = !random.chance(0.001);
  }

  private tick(): void {
    const { clock, engine, transport } = this.rig;
    this.twin.tick({ mono: clock.monoNs, real: clock.realNow() }, transport.isSynced);
    const skippedBefore = this.lines.map((line) => engine.state(line.series.number).skipped);
    for (const line of this.lines) line.sends = 0;
    const now = clock.monoNs;
    engine.tick(64);
    this.lines.forEach((line, i) => {
      const skipped = engine.state(line.series.number).skipped - (skippedBefore[i] ?? 0);
      if (this.plan.jitter === 0) this.checkSchedule(line, now, skipped);
      if (skipped > 0) this.twin.skip(line.series, skipped);
    });
  }

  /** Without jitter the grid says to the nanosecond what is due and what was missed. */
  private checkSchedule(line: Line, now: bigint, skipped: number): void {
    const isDue = now >= line.grid;
    const missed = isDue ? (now - line.grid) / line.interval : 0n;
    if (isDue) line.grid += (missed + 1n) * line.interval;

    assert.is(line.sends, isDue ? 1 : 0, 'sends of a tick');
    assert.is(skipped, Number(missed), 'skipped in a tick');
  }

  private send(packet: SentPacket) {
    const line = this.byAddress.get(packet.destination.join());
    if (line === undefined) throw new Error('a packet to nobody');
    return this.network.send(packet, line);
  }

  private compareTick(): void {
    const { engine, hot } = this.rig;
    assert.is(hot.call.inflightCount(), this.twin.waiting().length, 'in flight');
    for (const round of engine.takeRounds(1000)) {
      const expected = this.twin.rounds[this.roundsSeen++];
      assert.ok(expected !== undefined, 'a round that the twin does not have');
      compareRound(round, expected, this.precision);
    }
    assert.is(this.roundsSeen, this.twin.rounds.length, 'rounds closed');
    this.events.push(...engine.takeEvents());
    this.compareLines(engine.takeLog(8192));
  }

  private compareTimers(oldest: bigint | undefined): void {
    const { call } = this.rig.hot;
    const now = this.twin.lastReading().mono;
    const toDue = call.nextDueIn();
    const toExpiry = call.nextExpiryIn();
    if (this.plan.jitter === 0 && this.lines.length > 0) {
      const grids = this.lines.map((line) => Number(line.grid - now));
      assert.is(toDue, Math.min(...grids), 'next due');
    }
    assert.ok(toDue >= -1 && toExpiry >= -1);
    if (oldest === undefined) return;
    const timeoutNs = BigInt(this.plan.timeoutMs) * 1_000_000n;
    const left = Number(oldest + timeoutNs + 20_000_000n - now);
    assert.ok(toExpiry >= 0 && toExpiry <= left, `next expiry ${toExpiry}, oldest ${left}`);
  }

  private compareLines(lines: LogLine[]): void {
    if (!this.plan.isLogging) return;
    for (const line of lines) {
      const expected = this.twin.lines[this.linesSeen++];
      assert.ok(expected !== undefined, `a log line of the engine alone: ${line.kind}`);
      const { address: _, ...rest } = line;
      if (this.precision === 'slewed') {
        const apart = Math.abs((rest.rttNs ?? 0) - (expected.rttNs ?? 0));
        assert.ok(
          apart <= 1000 + 0.001 * (expected.rttNs ?? 0),
          `${line.kind}: ${rest.rttNs}, ${expected.rttNs}`,
        );
        rest.rttNs = expected.rttNs;
      }
      assert.equal(rest, expected);
    }
    assert.is(this.linesSeen, this.twin.lines.length, 'log lines');
  }

  private changeSeries(): void {
    const { random } = this;
    const { engine } = this.rig;
    for (const series of this.stopped) {
      const isFree = engine.freeSeries(series.number);
      assert.is(isFree, this.twin.isDrained(series), 'drained');
      if (!isFree) continue;
      compareState(engine, series, this.precision);
      series.state = 'freed';
    }
    this.stopped = this.stopped.filter((series) => series.state !== 'freed');
    const line = this.lines[0];
    if (line !== undefined && random.chance(0.002)) this.stop(line);
    if (this.lines.length < this.plan.seriesCount && random.chance(0.01)) this.open();
    if (this.lines.length > 0 && random.chance(0.002))
      this.retime(random.pick([...this.lines] as [Line]));
  }

  private open(): void {
    const { random, plan, rig } = this;
    const family = random.pick([4, 6] as const);
    const intervalMs = random.pick(plan.intervalsMs);
    const phaseMs = random.below(intervalMs);
    const payloadBytes = random.pick([16, 17, 56, 57, 1472]);
    const spec = specOf(family, ++this.hosts, { intervalMs, phaseMs, payloadBytes });
    const series = this.twin.addSeries(rig.engine.addSeries(spec));
    const interval = BigInt(intervalMs) * 1_000_000n;
    const grid = this.twin.lastReading().mono + BigInt(phaseMs) * 1_000_000n;
    const mood = moodOf(random);
    const line: Line = { series, family, mood, silentUntil: 0n, interval, grid, sends: 0 };
    this.lines.push(line);
    this.allSeries.push(series);
    this.byAddress.set(spec.address.join(), line);
  }

  private stop(line: Line): void {
    this.rig.engine.stopSeries(line.series.number);
    line.series.state = 'stopped';
    this.lines = this.lines.filter((other) => other !== line);
    this.stopped.push(line.series);
  }

  private retime(line: Line): void {
    const intervalMs = this.random.pick(this.plan.intervalsMs);
    this.rig.engine.setInterval(line.series.number, intervalMs);
    line.interval = BigInt(intervalMs) * 1_000_000n;
    const next = this.twin.lastReading().mono + line.interval;
    if (next < line.grid) line.grid = next;
  }

  private finish(): void {
    const { engine, clock, transport } = this.rig;
    this.twin.tick({ mono: clock.monoNs, real: clock.realNow() }, transport.isSynced);
    engine.finish();
    this.twin.finish();
    for (const series of this.allSeries) {
      if (series.state !== 'freed') compareState(engine, series, this.precision);
    }
    this.compareTick();
    compareEnd({
      figures: engine.figures(),
      events: this.events,
      twin: this.twin,
      series: this.allSeries,
    });
  }

  private report(): DuelReport {
    const sum = (count: 'sent' | 'lost' | 'discarded' | 'late' | 'duplicates' | 'reordered') =>
      this.allSeries.reduce((total, series) => total + series.counters[count], 0);
    return {
      plan: this.plan,
      probes: sum('sent'),
      rounds: this.twin.rounds.length,
      lost: sum('lost'),
      discarded: sum('discarded'),
      late: sum('late'),
      duplicates: sum('duplicates'),
      reordered: sum('reordered'),
      skipped: this.allSeries.reduce((total, series) => total + series.counters.skipped, 0),
      outages: this.events.filter((event) => event.kind === 'outage-open').length,
      steps: this.twin.steps.length,
      inexact: this.twin.rounds.filter((round) => round.received > 512).length,
      alien: this.twin.alien,
    };
  }
}

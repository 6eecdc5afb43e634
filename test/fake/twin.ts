// The accounting of the hot path once more, slow and plain: every probe stays an object, every
// figure is made from lists of them, and true times are known (the simulation sees the raw clock,
// so it needs no stamps to tell how long a packet was under way).
//
// What it takes from the implementation: an expiry comes 20 ms late, a round closes 50 ms after its
// end and the timeout, four periods are open at once, and judgement falls at the tick that reads.
import type {
  Account,
  Period,
  TwinArrival,
  TwinLine,
  TwinProbe,
  TwinRound,
  TwinSeries,
} from './twin-record.ts';
import { bySend, roundFigures } from './twin-round.ts';

export const EXPIRY_SLACK_NS = 20_000_000n;
export const CLOSE_SLACK_NS = 50_000_000n;
const LATE_NS_MAX = 30_000_000_000n;
const PERIODS_OPEN_MAX = 4;
const STEP_NS = 100_000n;
/** Twice what adjtimex slews at most. */
const SLEW_PPM_MAX = 1000n;

interface Reading {
  mono: bigint;
  real: bigint;
}

export class Twin {
  readonly rounds: TwinRound[] = [];
  readonly lines: TwinLine[] = [];
  readonly steps: { atMs: number; stepNs: number; reading: number }[] = [];
  alien = 0;
  private readonly roundNs: bigint;
  private readonly timeoutNs: bigint;
  private readonly readings: Reading[] = [];
  private periods: Period[] = [];
  private serial = 0;
  private arrivals: TwinArrival[] = [];
  private pending: TwinProbe[] = [];
  private order = 0;

  constructor(roundMs: number, timeoutMs: number, first: Reading) {
    this.roundNs = BigInt(roundMs) * 1_000_000n;
    this.timeoutNs = BigInt(timeoutMs) * 1_000_000n;
    this.readings.push(first);
    this.roll(first, true);
  }

  addSeries(number: number): TwinSeries {
    const counters = { sent: 0, received: 0, lost: 0, discarded: 0, late: 0, duplicates: 0 };
    return {
      number,
      state: 'active',
      attempts: 0,
      probes: [],
      highest: -1,
      lastRttNs: null,
      rfcJitterNs: null,
      rounds: 0,
      counters: { ...counters, reordered: 0, skipped: 0, icmpErrors: 0, errors: {} },
      rttNs: [],
      ttl: null,
    };
  }

  /** Reads, expires and closes as of this clock reading; sends of the tick follow it. */
  tick(reading: Reading, isSynced: boolean): void {
    this.read(reading);
    this.roll(reading, isSynced);
    this.takeArrivals(reading);
    this.expire(reading);
    this.close(reading);
  }

  /** A probe that the kernel took; what will arrive because of it is told by `arrive`. */
  send(series: TwinSeries, part: Pick<TwinProbe, 'sentMono' | 'sentMs' | 'stamp'>): TwinProbe {
    const probe = this.attempt(series, part);
    probe.fate = 'pending';
    probe.place = series.probes.length;
    series.probes.push(probe);
    series.counters.sent++;
    this.account(series, probe.period)?.probes.push(probe);
    this.pending.push(probe);
    return probe;
  }

  refuse(
    series: TwinSeries,
    part: Pick<TwinProbe, 'sentMono' | 'sentMs'>,
    why: { reason: string; errno: number },
  ): void {
    const probe = this.attempt(series, { ...part, stamp: null });
    const { reason, errno } = why;
    series.counters.errors[reason] = (series.counters.errors[reason] ?? 0) + 1;
    const account = this.account(series, probe.period);
    if (account !== null) account.errors[reason] = (account.errors[reason] ?? 0) + 1;
    this.log(probe, 'send-error', { info: errno });
  }

  skip(series: TwinSeries, n: number): void {
    series.counters.skipped += n;
    const account = this.account(series, this.current());
    if (account !== null) account.skipped += n;
  }

  arrive(arrival: Omit<TwinArrival, 'order'>): void {
    this.arrivals.push({ ...arrival, order: this.order++ });
  }

  /** What the engine does at its end: nothing more is awaited, everything closes. */
  finish(): void {
    for (const probe of this.pending.filter(isPending)) this.settle(probe, 'abandoned');
    for (const period of this.periods) this.closePeriod(period);
    this.periods = [];
  }

  lastReading(): Reading {
    return this.readings[this.readings.length - 1] as Reading;
  }

  /** Those that are out, in the order of sending. */
  waiting(): readonly TwinProbe[] {
    return this.pending.filter(isPending);
  }

  isDrained(series: TwinSeries): boolean {
    return !series.probes.some(isPending) && !this.periods.some((p) => p.accounts.has(series));
  }

  private attempt(
    series: TwinSeries,
    part: Pick<TwinProbe, 'sentMono' | 'sentMs' | 'stamp'>,
  ): TwinProbe {
    return {
      ...part,
      series,
      period: this.current(),
      attempt: series.attempts++,
      place: -1,
      tickMono: this.lastReading().mono,
      reading: this.readings.length - 1,
      fate: 'refused',
      rttNs: null,
      queueNs: null,
      quality: null,
      wasAnswered: false,
      wasQuoted: false,
    };
  }

  private read(reading: Reading): void {
    const last = this.lastReading();
    const moved = reading.real - reading.mono - (last.real - last.mono);
    const size = moved < 0n ? -moved : moved;
    // 100 ns are the width of a reading of the fake clock.
    const allowed = STEP_NS + 100n + ((reading.mono - last.mono) * SLEW_PPM_MAX) / 1_000_000n;
    this.readings.push(reading);
    if (size <= allowed) return;
    const atMs = Number(reading.real / 1000n) / 1000;
    this.steps.push({ atMs, stepNs: Number(moved), reading: this.readings.length - 1 });
  }

  private roll(reading: Reading, isSynced: boolean): void {
    const fromNs = reading.real - (reading.real % this.roundNs);
    const last = this.periods[this.periods.length - 1];
    if (last === undefined || last.fromNs !== fromNs || last.closeMono !== null) {
      if (last !== undefined && last.closeMono === null) {
        last.closeMono = reading.mono + this.timeoutNs + CLOSE_SLACK_NS;
      }
      this.serial++;
      const forced = this.periods.filter((p) => p.serial <= this.serial - PERIODS_OPEN_MAX);
      for (const period of forced) this.closePeriod(period);
      this.periods = this.periods.filter((period) => !period.isClosed);
      const fresh = { closeMono: null, isClosed: false, isUnsynced: false, accounts: new Map() };
      this.periods.push({ serial: this.serial, fromNs, ...fresh });
    }
    if (!isSynced) this.current().isUnsynced = true;
  }

  private current(): Period {
    return this.periods[this.periods.length - 1] as Period;
  }

  /** Null when the round is closed: it never changes again. */
  private account(series: TwinSeries, period: Period): Account | null {
    if (period.isClosed) return null;
    const found = period.accounts.get(series);
    if (found !== undefined) return found;
    const counts = { late: 0, duplicates: 0, reordered: 0, skipped: 0 };
    const account = { probes: [], received: [], rfcJitterNs: null, errors: {}, ...counts };
    period.accounts.set(series, account);
    return account;
  }

  private takeArrivals(reading: Reading): void {
    const ready = this.arrivals.filter((arrival) => arrival.atMono <= reading.mono);
    this.arrivals = this.arrivals.filter((arrival) => arrival.atMono > reading.mono);
    ready.sort((a, b) => Number(a.atMono - b.atMono) || a.order - b.order);
    for (const arrival of ready) {
      if (arrival.kind === 'alien' || arrival.probe.series.state === 'freed') this.alien++;
      else if (arrival.kind === 'quote') this.takeQuote(arrival);
      else this.takeReply(arrival, reading);
    }
  }

  private takeQuote({ probe, info }: TwinArrival): void {
    // An error about a probe that is out is counted, told once, and decides nothing.
    if (probe.fate !== 'pending') {
      this.alien++;
      return;
    }
    probe.series.counters.icmpErrors++;
    if (!probe.wasQuoted) this.log(probe, 'icmp-error', { info });
    probe.wasQuoted = true;
  }

  private takeReply(arrival: TwinArrival, reading: Reading): void {
    const { probe } = arrival;
    if (probe.fate !== 'pending') {
      this.takeAgain(arrival, reading);
      return;
    }
    const rttNs = this.rtt(arrival, reading);
    if (this.hasStep(probe) || rttNs < 0n) {
      probe.wasAnswered = true;
      this.settle(probe, 'discarded');
      this.log(probe, 'discarded', {});
    } else if (rttNs > this.timeoutNs) {
      this.settle(probe, 'lost');
      this.log(probe, 'lost', {});
      this.takeAgain(arrival, reading);
    } else {
      this.receive(arrival, reading, Number(rttNs));
    }
  }

  private receive(arrival: TwinArrival, reading: Reading, rttNs: number): void {
    const { probe } = arrival;
    const { series } = probe;
    const isStamped = probe.stamp !== null && probe.stamp.readableMono <= reading.mono;
    probe.wasAnswered = true;
    probe.rttNs = rttNs;
    if (isStamped && arrival.stamped === 'kernel') probe.quality = 'kernel';
    else probe.quality = isStamped || arrival.stamped === 'kernel' ? 'mixed' : 'user';
    if (isStamped && probe.stamp?.scheduledMono !== null) {
      probe.queueNs = Number((probe.stamp?.sentMono ?? 0n) - (probe.stamp?.scheduledMono ?? 0n));
    }
    this.settle(probe, 'received');
    const account = this.account(series, probe.period);
    if (probe.place < series.highest) {
      series.counters.reordered++;
      if (account !== null) account.reordered++;
    }
    series.highest = Math.max(series.highest, probe.place);
    series.rttNs.push(rttNs);
    series.ttl = arrival.ttl;
    if (series.lastRttNs !== null) {
      // RFC 3550 §6.4.1, with round-trip times for transit times.
      const before = series.rfcJitterNs ?? 0;
      series.rfcJitterNs = before + (Math.abs(rttNs - series.lastRttNs) - before) / 16;
      if (account !== null) account.rfcJitterNs = series.rfcJitterNs;
    }
    series.lastRttNs = rttNs;
    account?.received.push(probe);
    this.log(probe, 'reply', { rttNs, quality: probe.quality, ttl: arrival.ttl });
  }

  /** A reply to a probe whose fate is known: late once, then a duplicate. */
  private takeAgain(arrival: TwinArrival, reading: Reading): void {
    const { probe } = arrival;
    const { series } = probe;
    const apart = this.hasStep(probe) ? reading.mono - probe.tickMono : this.rtt(arrival, reading);
    const rttNs = Number(apart < 0n ? 0n : apart);
    const isLate = probe.fate === 'lost' && !probe.wasAnswered;
    if (isLate && apart > this.timeoutNs + LATE_NS_MAX) {
      this.alien++;
      return;
    }
    probe.wasAnswered = true;
    const count = isLate ? 'late' : 'duplicates';
    series.counters[count]++;
    const account = this.account(series, probe.period);
    if (account !== null) account[count]++;
    const { ttl } = arrival;
    this.log(probe, isLate ? 'late' : 'duplicate', { rttNs, quality: 'user', ttl });
  }

  /** True time between the moments that the stamps name, or what stands for them, ns. */
  private rtt({ probe, stamped, atMono }: TwinArrival, reading: Reading): bigint {
    const isStamped = probe.stamp !== null && probe.stamp.readableMono <= reading.mono;
    const from = isStamped ? (probe.stamp?.sentMono ?? 0n) : probe.sentMono;
    return (stamped === 'none' ? reading.mono : atMono) - from;
  }

  /** Whether the clock stepped between the reading before the send and the latest one. */
  private hasStep(probe: TwinProbe): boolean {
    return this.steps.some((step) => step.reading > probe.reading);
  }

  private expire(reading: Reading): void {
    for (const probe of this.pending) {
      if (probe.fate !== 'pending') continue;
      if (reading.mono < probe.tickMono + this.timeoutNs + EXPIRY_SLACK_NS) continue;
      this.settle(probe, 'lost');
      this.log(probe, 'lost', {});
    }
    this.pending = this.pending.filter(isPending);
  }

  private settle(probe: TwinProbe, fate: 'received' | 'lost' | 'discarded' | 'abandoned'): void {
    probe.fate = fate;
    probe.series.counters[fate === 'abandoned' ? 'discarded' : fate]++;
  }

  private close(reading: Reading): void {
    for (const period of this.periods) {
      if (period.closeMono !== null && reading.mono >= period.closeMono) this.closePeriod(period);
    }
    this.periods = this.periods.filter((period) => !period.isClosed);
  }

  private closePeriod(period: Period): void {
    const accounts = [...period.accounts].sort(([a], [b]) => a.number - b.number);
    period.isClosed = true;
    for (const [series, account] of accounts) {
      this.rounds.push({
        series: series.number,
        sequence: series.rounds++,
        fromMs: Number(period.fromNs / 1_000_000n),
        untilMs: Number((period.fromNs + this.roundNs) / 1_000_000n),
        isSynced: !period.isUnsynced,
        ...roundFigures(account, bySend(series)),
      });
    }
  }

  private log(probe: TwinProbe, kind: string, part: Partial<TwinLine>): void {
    const nothing = { rttNs: null, quality: null, ttl: null, info: 0 };
    const { attempt, sentMs } = probe;
    this.lines.push({ kind, series: probe.series.number, attempt, sentMs, ...nothing, ...part });
  }
}

export function isPending(probe: TwinProbe): boolean {
  return probe.fate === 'pending';
}

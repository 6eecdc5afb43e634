// Smokeping: an echo at every interval to every target, in each family its name has. This keeps the
// engine's series in step with the configuration and with the names, and turns what the engine
// closes into rounds and events.
import { type Address, formatAddress } from '../core/address.ts';
import type { SmokepingConfig, TargetConfig } from '../core/config.ts';
import type { Family, ProbeEvent, Round } from '../core/round.ts';
import type { SeriesSnapshot } from '../core/snapshot.ts';
import type { Engine } from '../engine/engine.ts';
import type { EngineEvent } from '../engine/readers.ts';
import type { Guard } from './guard.ts';
import { trackOutages } from './outages.ts';
import { type FamilyAnswer, isSame, keepAddress, type Names } from './resolution.ts';
import { seriesKey, toRound } from './series.ts';
import { type Entry, keyOf, loadOf, newEntry, type Owner } from './smokeping-entry.ts';
import { addressEvent, stepEvent } from './smokeping-events.ts';
import {
  HELD_REASON,
  heldBack,
  leaveSeries,
  lookAtPolicy,
  startSeries,
} from './smokeping-guarded.ts';
import { type Look, startLook } from './smokeping-look.ts';
import { type OutageEvent, takeOutages } from './smokeping-outages.ts';
import { keepRetired } from './smokeping-retired.ts';
import { readSeries } from './smokeping-snapshot.ts';
import { toSpec } from './source.ts';

export interface SmokepingOptions {
  engine: Engine;
  names: Names;
  guard: Guard;
  bootId: string;
  nowMs: () => number;
  /** Never goes back, ms: when names are asked again must not hang on a wrong clock. */
  monoMs: () => number;
  /** Outages that were open when the probe last stopped. */
  openEvents: readonly ProbeEvent[];
  onRound: (round: Round) => void;
  onEvent: (event: ProbeEvent) => void;
  /** The load changed: packets a second, and the shortest interval in ms. */
  onPlan: (packetsPerSecond: number, intervalMsMin: number) => void;
}

/** Rounds, and events, that are read after one tick. */
const CLOSED_AT_ONCE = 16;

export class Smokeping {
  private readonly options: SmokepingOptions;
  private readonly outages;
  private readonly retired;
  private readonly look: Look;
  private entries = new Map<string, Entry>();
  private readonly owners = new Map<number, Owner>();
  /** Rounds of each (target, family) since the start, over all its series. */
  private readonly rounds = new Map<string, number>();
  private events = 0;

  constructor(options: SmokepingOptions) {
    this.options = options;
    this.retired = keepRetired(options.engine, options.monoMs);
    const { engine, monoMs, bootId, openEvents: left, onEvent: emit } = options;
    this.outages = trackOutages({ bootId, left, emit });
    this.look = startLook({
      engine,
      monoMs,
      entries: () => this.entries.values(),
      owners: this.owners,
      retired: this.retired,
      collect: () => this.collect(),
      onDevice: (entry) => this.lookAtDevice(entry),
      obey: (entry) => this.obey(entry),
      onResolve: (entry) => void this.resolve(entry),
    });
  }

  /** Takes a configuration; what it does not change goes on without a gap. */
  configure(config: SmokepingConfig): void {
    const next = new Map<string, Entry>();
    for (const target of config.enable ? config.targets : []) {
      for (const family of target.families) {
        const key = keyOf(target.id, family);
        next.set(key, this.adopt(this.entries.get(key), target, family));
      }
    }
    for (const [key, entry] of this.entries) {
      if (next.get(key) === entry) continue;
      this.retire(entry);
      entry.isGone = true;
    }
    this.entries = next;
    // Also those that the last run left open, of targets that are configured no more.
    for (const { target, family } of this.outages.open()) {
      if (target === null || family === null || next.has(keyOf(target, family))) continue;
      this.outages.dropped(target, family, this.options.nowMs());
    }
    this.outages.droppedUplink(this.options.nowMs());
    const { packetsPerSecond, intervalMsMin } = loadOf(next.values());
    this.options.onPlan(packetsPerSecond, intervalMsMin);
    this.recheck();
    this.look.restart();
  }

  /** Judges all addresses anew: the policy or the links of this machine changed. */
  recheck(): void {
    for (const entry of this.entries.values()) {
      const { measured } = entry;
      if (measured.address !== null) this.judge(entry, measured.address);
      // One that was refused may be allowed by now, or its name have another.
      const isRefused = measured.address === null && measured.ip !== null;
      if (isRefused && Number.isFinite(entry.resolveAtMs)) entry.resolveAtMs = 0;
    }
  }

  /** Reads some of what the engine has closed; call after every tick. Returns how much it was. */
  collect(): number {
    const { engine, bootId } = this.options;
    const events = engine.takeEvents(CLOSED_AT_ONCE);
    const rounds = engine.takeRounds(CLOSED_AT_ONCE);
    if (events.length > 0) this.takeEvents(events);
    for (const closed of rounds) {
      const measured = this.owners.get(closed.series)?.measured;
      if (measured === undefined) continue;
      const key = keyOf(measured.target.id, measured.family);
      const sequence = this.rounds.get(key) ?? 0;
      this.rounds.set(key, sequence + 1);
      const round = toRound(measured, closed, { bootId, sequence });
      measured.lastRound = round;
      this.options.onRound(round);
    }
    return events.length + rounds.length;
  }

  /**
   * Looks after names, interfaces and replaced series, at each about once a second and at some of
   * them in one call; call after every tick. Returns false when there is more to do soon.
   */
  maintain(): boolean {
    return this.look.step();
  }

  /** Current series first, then replaced ones; a step reads one (smokeping-snapshot.ts). */
  snapshots(): Generator<SeriesSnapshot> {
    const { owners, retired } = this;
    const { engine } = this.options;
    return readSeries({ engine, entries: () => this.entries, owners, retired });
  }

  /** Where the target of an event is measured now; null when it is about none. */
  addressOf({ target, family }: Pick<ProbeEvent, 'target' | 'family'>): string | null {
    if (target === null || family === null) return null;
    return this.entries.get(keyOf(target, family))?.measured.ip ?? null;
  }

  openOutages(): ProbeEvent[] {
    return this.outages.open();
  }

  /** An event of our own making, with an identity. */
  emit(event: Omit<ProbeEvent, 'id'>): void {
    this.options.onEvent({ id: `${this.options.bootId}-e${this.events++}`, ...event });
  }

  private adopt(old: Entry | undefined, target: TargetConfig, family: Family): Entry {
    if (old === undefined || seriesKey(old.measured.target) !== seriesKey(target)) {
      return newEntry(target, family);
    }
    const { measured } = old;
    const isChanged = measured.target.intervalMs !== target.intervalMs;
    measured.target = target;
    if (isChanged) this.options.guard.shares.change(old, target.intervalMs);
    if (isChanged) lookAtPolicy(this.options, old);
    return old;
  }

  private async resolve(entry: Entry): Promise<void> {
    entry.resolveAtMs = Number.POSITIVE_INFINITY;
    const { host } = entry.measured.target;
    const answer = await this.options.names.resolve(host, entry.measured.family);
    if (!entry.isGone) this.takeAnswer(entry, answer);
  }

  private takeAnswer(entry: Entry, answer: FamilyAnswer): void {
    const { measured } = entry;
    const { nowMs, monoMs } = this.options;
    entry.resolveAtMs = monoMs() + answer.ttlMs;
    measured.resolve = { ok: answer.ok, atMs: nowMs() };
    if (!answer.ok) {
      // A name that stops resolving is still measured at the address it had.
      if (measured.address === null) measured.reason = answer.reason;
      else this.judge(entry, measured.address);
      return;
    }
    const { addresses } = answer;
    const screened = this.options.guard.screen('smokeping', measured.target.host, addresses);
    const address = keepAddress(screened.addresses, measured.address);
    if (address === null) {
      if (addresses[0] !== undefined) this.judge(entry, addresses[0]);
      return;
    }
    const isKept = measured.address !== null && isSame(address, measured.address);
    if (!isKept || measured.series === null) this.begin(entry, address);
  }

  /** Measures at this address from now on. */
  private begin(entry: Entry, address: Address): void {
    const { measured } = entry;
    const { engine, nowMs, monoMs } = this.options;
    const { target, family } = measured;
    const before = measured.ip;
    const ip = formatAddress(family, address.bytes, address.zone);
    this.retire(entry);
    measured.ip = ip;
    measured.address = address;
    if (before !== null && before !== ip)
      this.emit(addressEvent(measured, { from: before, to: ip, atMs: nowMs() }));
    const started = startSeries(this.options, entry, address);
    measured.reason = started.ok ? null : started.reason;
    entry.retryAtMs = started.ok ? Number.POSITIVE_INFINITY : monoMs() + started.retryMs;
    if (!started.ok) return;
    const { series } = started;
    measured.series = series;
    measured.interfaceIndex = started.interfaceIndex;
    this.owners.set(series, { entry, measured, beganMs: nowMs() });
    const outage = this.outages.openOf(target.id, family);
    if (outage !== null)
      engine.seedOutage(series, outage.fromMs, Number(outage.detail['lost'] ?? 0));
  }

  /** Ends the measurement at an address that the policy forbids, until it is looked up again. */
  private judge(entry: Entry, address: Address): void {
    const { measured } = entry;
    const refusal = this.options.guard.refusal('smokeping', measured.target.host, address);
    if (refusal === null) return;
    this.retire(entry);
    measured.address = null;
    measured.ip = formatAddress(measured.family, address.bytes, address.zone);
    measured.reason = refusal;
    entry.retryAtMs = Number.POSITIVE_INFINITY;
  }

  private obey(entry: Entry): boolean {
    const { guard, monoMs } = this.options;
    const waitMs = lookAtPolicy(this.options, entry);
    if (waitMs === 0) return false;
    this.retire(entry);
    heldBack(guard, entry, waitMs);
    entry.measured.reason = HELD_REASON;
    entry.retryAtMs = monoMs() + waitMs;
    return true;
  }

  /** Begins anew where the interface is another: one made again keeps its name, not its number. */
  private lookAtDevice(entry: Entry): void {
    const { target, address, series, interfaceIndex } = entry.measured;
    if (address === null) return;
    const made = toSpec(target, address);
    const isSameDevice = made.ok && made.spec.interfaceIndex === interfaceIndex;
    if (series === null || !isSameDevice) this.begin(entry, address);
  }

  private retire(entry: Entry): void {
    const { measured } = entry;
    const { series } = measured;
    leaveSeries(this.options, entry);
    const owner = series === null ? undefined : this.owners.get(series);
    if (series !== null && owner !== undefined)
      owner.measured = this.retired.retire(measured, series);
  }

  private takeEvents(events: readonly EngineEvent[]): void {
    const outageEvents: OutageEvent[] = [];
    for (const event of events) {
      if (event.kind === 'clock-step') this.emit(stepEvent(event));
      else outageEvents.push(event);
    }
    const { engine, nowMs } = this.options;
    const { owners, outages } = this;
    const entries = () => this.entries.values();
    takeOutages({ engine, nowMs, owners, outages, entries }, outageEvents);
  }
}

// Paths: a trace to every target in every interval, in each family its name has, through one tracer
// and one budget. What a trace finds is merged into the path that is known; what that makes another
// path is told as an event. So many traces are under way at once as the budget can feed; a path
// whose turn comes while it is being traced, or waits for that, leaves the turn out.
import { type Address, formatAddress } from '../core/address.ts';
import type { PathConfig, PathTargetConfig } from '../core/config.ts';
import type { Family, ProbeEvent } from '../core/round.ts';
import type { PathSnapshot } from '../core/snapshot.ts';
import type { Engine } from '../engine/engine.ts';
import type { Guard } from './guard.ts';
import { keepPaths, type PathKeeper } from './path-keeper.ts';
import { askExtra, dueMs, moveGrid, newSchedule, passTurns, takeTurn } from './path-schedule.ts';
import { addChange, takeChange, toPathEvent } from './path-telling.ts';
import { PathTraces } from './path-traces.ts';
import {
  type KeptPath,
  newPathEntry,
  type PathEntry,
  pathKey,
  toPathSnapshot,
} from './paths-entry.ts';
import { phaseMs } from './phase.ts';
import { type FamilyAnswer, isSame, keepAddress, type Names } from './resolution.ts';
import type { Tracer } from './tracer.ts';

export interface PathsOptions {
  engine: Engine;
  tracer: Tracer;
  names: Names;
  guard: Guard;
  bootId: string;
  nowMs: () => number;
  /** Never goes back, ms. */
  monoMs: () => number;
  /** What the last run knew. */
  kept: readonly KeptPath[];
  onEvent: (event: ProbeEvent) => void;
  /** A trace was begun or a path opened: the pump may have something to send. */
  onWork: () => void;
}

/** Traces that are begun in one call, and the ms that this may take: a wake-up stays short. */
const STARTS_MAX = 128;
const STARTS_MS_MAX = 3;
/** Names that are looked up anew in one call. */
const RESOLVES_MAX = 128;
/** Traces under way at once: of the packets a second, and bounds. */
const RUNNING_SHARE = 0.25;
const RUNNING_MIN = 16;
const RUNNING_MAX = 512;
/** Paths to all of whose routers are looked for at once. */
const SEARCHES_MAX = 4;

export class Paths {
  private readonly options: PathsOptions;
  private readonly traces: PathTraces;
  private readonly keeper: PathKeeper;
  private entries = new Map<string, PathEntry>();
  private config: PathConfig | null = null;
  private events = 0;

  constructor(options: PathsOptions) {
    this.options = options;
    this.keeper = keepPaths(options.kept);
    const onTraced: PathTraces['options']['onTraced'] = (entry, { change, isInDoubt }) => {
      if (change !== null) {
        addChange(entry.telling, change);
        this.announce(entry);
        this.again(entry, 'event');
      } else if (isInDoubt) {
        // Somebody else answered: the next trace tells whether that stays.
        this.again(entry, 'doubt');
      }
    };
    this.traces = new PathTraces({ ...options, onTraced });
  }

  /** Takes a configuration; the path of a target that it does not change goes on. */
  configure(config: PathConfig): void {
    this.config = config;
    const next = new Map<string, PathEntry>();
    for (const target of config.enable ? config.targets : []) {
      for (const family of target.families) {
        const key = `${family} ${target.id}`;
        next.set(key, this.adopt(this.entries.get(key), target, family));
      }
    }
    for (const [key, entry] of this.entries) {
      if (next.get(key) === entry) continue;
      entry.isGone = true;
      this.traces.stop(entry);
      this.keeper.put(entry);
    }
    this.entries = next;
    this.recheck();
  }

  /** Judges all addresses anew: the policy or the links of this machine changed. */
  recheck(): void {
    for (const entry of this.entries.values()) {
      if (entry.address !== null) this.judge(entry, entry.address);
      // One that was refused may be allowed by now, or its name have another.
      const isRefused = entry.address === null && entry.ip !== null;
      if (isRefused && Number.isFinite(entry.resolveAtMs)) entry.resolveAtMs = 0;
    }
  }

  /** Begins what is due, what waited longest first; call about once a second. */
  maintain(): void {
    const now = this.options.monoMs();
    const due: PathEntry[] = [];
    let running = 0;
    let searches = 0;
    let resolves = 0;
    for (const entry of this.entries.values()) {
      const isAsked = now >= entry.resolveAtMs && resolves++ < RESOLVES_MAX;
      if (isAsked) void this.resolve(entry);
      this.traces.lookAtSearch(entry);
      this.announce(entry);
      if (entry.running !== null) running++;
      if (entry.search !== null) searches++;
      if (isDue(entry, now)) due.push(entry);
    }
    const room = Math.max(0, this.runningMax() - running);
    if (due.length > room) due.sort((a, b) => dueMs(a.schedule) - dueMs(b.schedule));
    const begun = this.beginAll(due.slice(0, Math.min(room, STARTS_MAX)), SEARCHES_MAX - searches);
    if (begun > 0) this.options.onWork();
  }

  /**
   * Something happened on the way to this address, or on all ways (null): their paths are traced at
   * once, where that was not done a moment ago.
   */
  trigger(ip: string | null): void {
    const plain = ip?.replace(/%.*/, '') ?? null;
    for (const entry of this.entries.values()) {
      if (plain === null || entry.ip === plain) this.again(entry, 'event');
    }
    this.maintain();
  }

  *snapshots(): Generator<PathSnapshot> {
    for (const entry of this.entries.values()) if (!entry.isGone) yield toPathSnapshot(entry);
  }

  /** To be given to the next run; they may be read one by one while measuring goes on. */
  keptPaths(): Generator<KeptPath> {
    return this.keeper.all(this.entries.values());
  }

  /** Turns that were left out, of all paths that are configured. */
  skipped(): number {
    let sum = 0;
    for (const { schedule } of this.entries.values()) sum += schedule.skipped;
    return sum;
  }

  private adopt(old: PathEntry | undefined, target: PathTargetConfig, family: Family): PathEntry {
    const { intervalMs } = target;
    const nowMs = this.options.monoMs();
    const grid = { intervalMs, phaseMs: phaseMs(`path ${target.id}`, family, intervalMs), nowMs };
    const isKept = old !== undefined && pathKey(old.target) === pathKey(target);
    const entry = isKept ? old : newPathEntry(target, family, newSchedule(grid));
    if (entry.schedule.intervalMs !== intervalMs) moveGrid(entry.schedule, grid);
    entry.target = target;
    if (this.config?.multipath !== true) entry.history.multipath = null;
    return entry;
  }

  private async resolve(entry: PathEntry): Promise<void> {
    entry.resolveAtMs = Number.POSITIVE_INFINITY;
    const answer = await this.options.names.resolve(entry.target.host, entry.family);
    if (!entry.isGone) this.takeAnswer(entry, answer);
  }

  private takeAnswer(entry: PathEntry, answer: FamilyAnswer): void {
    const nowMs = this.options.monoMs();
    entry.resolveAtMs = nowMs + answer.ttlMs;
    if (!answer.ok) {
      // A name that stops resolving is still traced to the address it had.
      if (entry.address === null) entry.reason = answer.reason;
      else this.judge(entry, entry.address);
      return;
    }
    const { addresses } = answer;
    const screened = this.options.guard.screen('path', entry.target.host, addresses);
    const address = keepAddress(screened.addresses, entry.address);
    if (address === null) {
      if (addresses[0] !== undefined) this.judge(entry, addresses[0]);
      return;
    }
    if (entry.address !== null && isSame(address, entry.address)) return;
    this.traces.stop(entry);
    this.keeper.put(entry);
    passTurns(entry.schedule, nowMs);
    entry.address = address;
    entry.ip = formatAddress(entry.family, address.bytes);
    entry.reason = null;
    entry.history = this.keeper.take(entry);
  }

  /** Traces no more to an address that the policy forbids, until it is looked up again. */
  private judge(entry: PathEntry, address: Address): void {
    const refusal = this.options.guard.refusal('path', entry.target.host, address);
    if (refusal === null) return;
    this.traces.stop(entry);
    this.keeper.put(entry);
    entry.address = null;
    entry.ip = formatAddress(entry.family, address.bytes);
    entry.reason = refusal;
  }

  private runningMax(): number {
    const wanted = (this.config?.packetsPerSecond ?? 0) * RUNNING_SHARE;
    return Math.min(RUNNING_MAX, Math.max(RUNNING_MIN, wanted));
  }

  private beginAll(due: readonly PathEntry[], searchRoom: number): number {
    const { config } = this;
    if (config === null) return 0;
    const endMs = this.options.monoMs() + STARTS_MS_MAX;
    let room = config.multipath ? searchRoom : 0;
    let begun = 0;
    for (const entry of due) {
      const now = this.options.monoMs();
      if (now > endMs) break;
      takeTurn(entry.schedule, now);
      const isSearch = room > 0 && entry.schedule.turns >= entry.searchTurn;
      if (isSearch) room--;
      this.traces.begin(entry, { ...config, isSearch });
      begun++;
    }
    return begun;
  }

  /** Tells the change that waits, if any does and there is room. */
  private announce(entry: PathEntry): void {
    const taken = takeChange(entry.telling, this.options.monoMs());
    if (taken === null) return;
    const id = `${this.options.bootId}-p${this.events++}`;
    this.options.onEvent(toPathEvent(entry, { ...taken, id }));
  }

  private again(entry: PathEntry, reason: 'event' | 'doubt'): void {
    askExtra(entry.schedule, reason, this.options.monoMs());
  }
}

function isDue({ running, address, schedule }: PathEntry, nowMs: number): boolean {
  return running === null && address !== null && nowMs >= dueMs(schedule);
}

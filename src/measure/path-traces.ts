// One trace of a path after the other, and now and then a search for all paths of the target, which
// a trace begins.
import type { PathConfig } from '../core/config.ts';
import { ProbeError } from '../core/error.ts';
import { sendErrorText } from '../core/icmp-text.ts';
import type { MdaReport } from '../core/mda.ts';
import type { PathChange, PathHop, PathRound } from '../core/path.ts';
import type { Engine } from '../engine/engine.ts';
import { addTrace, isInDoubt } from './path-history.ts';
import { refusedHop } from './path-round.ts';
import type { PathEntry } from './paths-entry.ts';
import { startMultipath } from './trace-multipath.ts';
import { type OpenedPath, openPath } from './trace-open.ts';
import { type FinishedTrace, startRun } from './trace-run.ts';
import type { Tracer } from './tracer.ts';

export interface Traced {
  /** A change that this trace made certain. */
  change: PathChange | null;
  /** Whether the next one tells more. */
  isInDoubt: boolean;
}

export interface PathTracesOptions {
  engine: Engine;
  tracer: Tracer;
  bootId: string;
  nowMs: () => number;
  /** Never goes back, ms. */
  monoMs: () => number;
  onWork: () => void;
  onTraced: (entry: PathEntry, traced: Traced) => void;
}

/** `isSearch`: all paths are looked for as soon as the trace has ended. */
export type TraceWish = Pick<PathConfig, 'maxTtl' | 'probes'> & { isSearch: boolean };

const FLOW = 0;
const FIRST_TTL = 1;
const SILENT_MAX = 6;
const FLOWS = 64;
/** Turns from one search to the next, and the longest that one may take. */
const SEARCH_TURNS = 10;
const SEARCH_MS_MAX = 60_000;
/** Routers at one TTL. So many flows can prove no more than half of them; a network that answers
 * from everywhere would only cost time. */
const WIDTH_MAX = 24;

export class PathTraces {
  readonly options: PathTracesOptions;

  constructor(options: PathTracesOptions) {
    this.options = options;
  }

  /** The path is opened for this trace alone, because the way out may be another by now. */
  begin(entry: PathEntry, { maxTtl, probes, isSearch }: TraceWish): void {
    const fromMs = this.options.nowMs();
    const opened = this.open(entry);
    if (!opened.ok) {
      this.refuse(entry, opened.reason, fromMs);
      return;
    }
    entry.running = opened.path;
    startRun({
      tracer: this.options.tracer,
      ...opened.path,
      target: opened.path.ip,
      flow: FLOW,
      firstTtl: FIRST_TTL,
      maxTtl,
      probes,
      payloadBytes: entry.target.size,
      silentMax: SILENT_MAX,
      known: entry.history.known,
      onEnd: (trace) => this.end(entry, trace, { fromMs, isSearch }),
    });
  }

  /** Whatever is under way comes to nothing. */
  stop(entry: PathEntry): void {
    if (entry.running !== null) this.options.tracer.close(entry.running.trace);
    entry.running = null;
    entry.search = null;
  }

  /** Cuts a search off that takes too long; call about once a second. */
  lookAtSearch(entry: PathEntry): void {
    const { search } = entry;
    if (search === null) return;
    const isLate = this.options.monoMs() >= search.endMs;
    if (isLate || widthOf(search.report()) > WIDTH_MAX) this.endSearch(entry, { isCutOff: true });
  }

  /** Takes what a search has found so far. */
  private endSearch(entry: PathEntry, { isCutOff }: { isCutOff: boolean }): void {
    const { search, history } = entry;
    if (search === null) return;
    const report = search.report();
    const isComplete = report.isComplete && !isCutOff;
    history.multipath = { ...report, isComplete, atMs: this.options.nowMs() };
    history.probes += history.multipath.sent;
    this.stop(entry);
  }

  private open(entry: PathEntry): OpenedPath {
    const { address, target } = entry;
    if (address === null) return { ok: false, reason: 'it has no address' };
    try {
      return openPath(this.options.engine, this.options.tracer, { ...target, address });
    } catch (error) {
      // One path that cannot be traced is no reason to measure nothing else.
      if (error instanceof ProbeError) return { ok: false, reason: error.message };
      throw error;
    }
  }

  private end(
    entry: PathEntry,
    trace: FinishedTrace,
    { fromMs, isSearch }: { fromMs: number; isSearch: boolean },
  ): void {
    if (trace.end === 'refused') {
      this.stop(entry);
      this.refuse(entry, sendErrorText(trace.hops[0]?.answers[0]?.info ?? 0), fromMs);
      return;
    }
    if (isSearch) this.search(entry, trace);
    else this.stop(entry);
    entry.reason = null;
    // The clock may have been set back in between.
    const untilMs = Math.max(fromMs, this.options.nowMs());
    const { hops, change } = addTrace(entry.history, trace, { fromMs, untilMs });
    const reached = trace.end === 'target';
    entry.history.lastRound = this.toRound(entry, { hops, fromMs, untilMs, reached });
    this.options.onTraced(entry, { change, isInDoubt: isInDoubt(entry.history) });
  }

  /** A round in which nothing could be sent, so that whoever looks sees the gap and its reason. */
  private refuse(entry: PathEntry, reason: string, fromMs: number): void {
    entry.reason = reason;
    const untilMs = Math.max(fromMs, this.options.nowMs());
    const hops = [refusedHop(FIRST_TTL)];
    entry.history.lastRound = this.toRound(entry, { hops, fromMs, untilMs, reached: false });
  }

  private search(entry: PathEntry, first: FinishedTrace): void {
    const { running } = entry;
    if (running === null) return;
    const { tracer, monoMs, onWork } = this.options;
    const { report, done } = startMultipath({
      tracer,
      ...running,
      target: running.ip,
      first,
      flowsMax: FLOWS,
      payloadBytes: entry.target.size,
      silentMax: SILENT_MAX,
    });
    const search = { report, endMs: monoMs() + SEARCH_MS_MAX };
    entry.search = search;
    entry.searchTurn = entry.schedule.turns + SEARCH_TURNS;
    onWork();
    void done.then(() => {
      if (entry.search === search) this.endSearch(entry, { isCutOff: false });
    });
  }

  private toRound(
    entry: PathEntry,
    found: { hops: readonly PathHop[]; fromMs: number; untilMs: number; reached: boolean },
  ): PathRound {
    const { target, family, ip, history } = entry;
    return {
      kind: 'path',
      target: target.id,
      host: target.host,
      family,
      ip: ip ?? '',
      protocol: target.protocol,
      bootId: this.options.bootId,
      sequence: entry.rounds++,
      clock: this.options.engine.isClockSynced() ? 'synced' : 'unsynced',
      traces: 1,
      hash: history.tracker.path()?.hash ?? '',
      ...found,
    };
  }
}

function widthOf({ nodes }: MdaReport): number {
  const widths = new Map<number, number>();
  for (const { ttl } of nodes) widths.set(ttl, (widths.get(ttl) ?? 0) + 1);
  return Math.max(0, ...widths.values());
}

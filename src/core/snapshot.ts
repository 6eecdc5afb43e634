import type { MdaReport } from './mda.ts';
import type { Path, PathChange, PathEnd, PathProtocol, PathRound } from './path.ts';
import type { Family, ProbeEvent, Quality, Round, SendErrorReason, Tally } from './round.ts';

// What the daemon knows at one moment. Metrics, page and status API read this and nothing else, so
// none of them touches the engine.

/** Upper bounds of smokeping_prober's histogram, as Go prints them: they are compared as text. */
export const SPARKY_BUCKETS: readonly string[] = [
  '5e-05',
  '0.0001',
  '0.0002',
  '0.0004',
  '0.0008',
  '0.0016',
  '0.0032',
  '0.0064',
  '0.0128',
  '0.0256',
  '0.0512',
  '0.1024',
  '0.2048',
  '0.4096',
  '0.8192',
  '1.6384',
  '3.2768',
  '6.5536',
  '13.1072',
  '26.2144',
];

/** `unavailable`: the kernel takes no packets (no route, a filter …); `down`: an outage is open. */
export type SeriesState = 'measuring' | 'unavailable' | 'unresolved' | 'down';

/** Counters since the series began. */
export interface SeriesCounters extends Tally {
  sendErrors: Record<SendErrorReason, number>;
  quality: Record<Quality, number>;
}

/** SPARKY's view of the answers: counts for each bucket (not cumulative; the last is +Inf). */
export interface SparkyHistogram {
  counts: readonly number[];
  sumSeconds: number;
}

/** One (target, family). `ip` is null while the name has no address in this family. */
export interface SeriesSnapshot {
  target: string;
  host: string;
  family: Family;
  ip: string | null;
  source: string;
  tos: number;
  intervalMs: number;
  labels: Record<string, string>;
  state: SeriesState;
  /** Why it is not measuring, in words; null while it is. */
  reason: string | null;
  counters: SeriesCounters;
  sparky: SparkyHistogram;
  ttl: number | null;
  lastRound: Round | null;
  outages: { open: boolean; total: number; seconds: number };
  resolve: { ok: boolean; atMs: number | null };
  /** False for a series that was replaced and is only exported for another hour. */
  current: boolean;
}

export interface EngineCounters {
  transport: string;
  /** The stamps in force, best first that the kernel granted: `kernel`, `kernel-us`, `user`. */
  stamps: string;
  ticks: number;
  /** Upper bounds in seconds and counts of wake-ups that came later than due (last is +Inf). */
  tickLate: { bounds: readonly number[]; counts: readonly number[]; sumSeconds: number };
  alien: Record<string, number>;
  drops: Record<string, number>;
  overflows: number;
  clockSteps: number;
  inflight: number;
}

/** All routers that flows to a target were spread over, and when that was found out. */
export interface PathMultipath extends MdaReport {
  atMs: number;
}

/** One (target, family) whose path is traced. */
export interface PathSnapshot {
  target: string;
  host: string;
  family: Family;
  ip: string | null;
  protocol: PathProtocol;
  intervalMs: number;
  labels: Record<string, string>;
  /** `unavailable`: the kernel takes no packets, or not of this protocol. */
  state: 'tracing' | 'unresolved' | 'unavailable';
  /** Why it is not traced, in words; null while it is. */
  reason: string | null;
  /** The merged path; null before the first trace. */
  path: Path | null;
  /** Since when it has been this path; the start of the first trace if it never changed. */
  sinceMs: number | null;
  /** Why the last trace ended where it did. */
  end: PathEnd | null;
  lastRound: PathRound | null;
  /** The last changes, oldest first. */
  changes: readonly PathChange[];
  /** By TTL - 1: best RTTs of the last traces in ns, oldest first; null where nothing answered. */
  recent: readonly (readonly (number | null)[])[];
  traces: number;
  /** Turns that were left out, because the traces before were not done. */
  skipped: number;
  probes: number;
  changesTotal: number;
  /** Null before the first search, and where none is configured. */
  multipath: PathMultipath | null;
}

export interface ProbeSnapshot {
  hostname: string;
  version: string;
  hardware: string | null;
  bootId: string;
  startedMs: number;
  nowMs: number;
  clock: { state: 'synced' | 'unsynced'; offsetNs: number | null };
  addon: string;
  series: SeriesSnapshot[];
  paths: PathSnapshot[];
  engine: EngineCounters;
  config: {
    etag: string;
    file: string | null;
    appliedMs: number;
    error: string | null;
    /** False when a changed file can no longer be read after root was given up. */
    readable: boolean;
  };
  store: { bytes: number; oldestMs: number | null; errors: number; lastError: string | null };
  openEvents: ProbeEvent[];
}

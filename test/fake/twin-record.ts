import type { RoundFigures } from './twin-round.ts';

// What the twin remembers: every probe, and for each round of the wall clock an account a series.

export type Fate = 'pending' | 'received' | 'lost' | 'discarded' | 'abandoned' | 'refused';
export type TwinQuality = 'kernel' | 'mixed' | 'user';

export interface TwinProbe {
  series: TwinSeries;
  period: Period;
  attempt: number;
  /** Its place among the accepted ones of its series. */
  place: number;
  /** Raw time of the tick that sent it, and of the send itself. */
  tickMono: bigint;
  sentMono: bigint;
  sentMs: number;
  /** Number of the clock reading that the send followed. */
  reading: number;
  /** When the transmit stamps can be read, and which moments they name; null where none comes. */
  stamp: { readableMono: bigint; sentMono: bigint; scheduledMono: bigint | null } | null;
  fate: Fate;
  rttNs: number | null;
  queueNs: number | null;
  quality: TwinQuality | null;
  wasAnswered: boolean;
  wasQuoted: boolean;
}

export interface TwinSeries {
  number: number;
  state: 'active' | 'stopped' | 'freed';
  attempts: number;
  /** Accepted probes in the order of sending, the highest answered, RFC 3550's running jitter. */
  probes: TwinProbe[];
  highest: number;
  lastRttNs: number | null;
  rfcJitterNs: number | null;
  rounds: number;
  counters: TwinCounters;
  rttNs: number[];
  ttl: number | null;
}

export interface TwinCounters {
  sent: number;
  received: number;
  lost: number;
  discarded: number;
  late: number;
  duplicates: number;
  reordered: number;
  skipped: number;
  icmpErrors: number;
  errors: Record<string, number>;
}

/** A round of the wall clock; each series has an account in it once anything happened. */
export interface Period {
  serial: number;
  fromNs: bigint;
  closeMono: bigint | null;
  isClosed: boolean;
  isUnsynced: boolean;
  accounts: Map<TwinSeries, Account>;
}

export interface Account {
  probes: TwinProbe[];
  /** Received ones in the order of arrival. */
  received: TwinProbe[];
  rfcJitterNs: number | null;
  late: number;
  duplicates: number;
  reordered: number;
  skipped: number;
  errors: Record<string, number>;
}

export interface TwinRound extends RoundFigures {
  series: number;
  sequence: number;
  fromMs: number;
  untilMs: number;
  isSynced: boolean;
}

export interface TwinArrival {
  atMono: bigint;
  order: number;
  kind: 'reply' | 'quote' | 'alien';
  probe: TwinProbe;
  /** Whether the receive stamp is the kernel's, the transport's, or missing. */
  stamped: 'kernel' | 'user' | 'none';
  ttl: number;
  info: number;
}

export interface TwinLine {
  kind: string;
  series: number;
  attempt: number;
  rttNs: number | null;
  quality: TwinQuality | null;
  ttl: number | null;
  sentMs: number;
  info: number;
}

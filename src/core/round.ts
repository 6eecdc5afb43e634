// What a measurement leaves behind. These shapes go over the wire and to disk: the API, the store
// and the control read them, so a name here is a promise (times are Unix milliseconds, durations
// carry their unit, unknown is null and never 0).

export type Family = 'v4' | 'v6';

export const FAMILIES: readonly Family[] = ['v4', 'v6'];

/** Where the two stamps of a sample came from; `kernel` is wire time at both ends. */
export type Quality = 'kernel' | 'mixed' | 'user' | 'hardware';

export const QUALITIES: readonly Quality[] = ['kernel', 'mixed', 'user', 'hardware'];

/** Why the kernel refused a packet; `blocked` is a filter on this machine (EPERM, EACCES). */
export type SendErrorReason =
  | 'blocked'
  | 'unreachable'
  | 'buffer'
  | 'size'
  | 'device'
  | 'invalid'
  | 'other';

export const SEND_ERROR_REASONS: readonly SendErrorReason[] = [
  'blocked',
  'unreachable',
  'buffer',
  'size',
  'device',
  'invalid',
  'other',
];

/** Nanoseconds; nearest rank on the kept samples. */
export interface RttFigures {
  min: number;
  p10: number;
  p25: number;
  median: number;
  p75: number;
  p90: number;
  max: number;
  mean: number;
  stddev: number;
}

export const RTT_FIGURES: readonly (keyof RttFigures)[] = [
  'min',
  'p10',
  'p25',
  'median',
  'p75',
  'p90',
  'max',
  'mean',
  'stddev',
];

/** What became of packets: sent = received + lost + discarded once all is known of them. */
export interface Tally {
  sent: number;
  received: number;
  lost: number;
  discarded: number;
  /** Part of `lost`: answered after the timeout, before the round closed. */
  late: number;
  duplicates: number;
  reordered: number;
  /** Turns that were missed, and not caught up. */
  skipped: number;
}

/** One closed round of one target and family; it never changes once it exists. */
export interface Round extends Tally {
  kind: 'smokeping';
  target: string;
  host: string;
  family: Family;
  /** The address that was measured when the round began. */
  ip: string;
  bootId: string;
  /** Counts the rounds of this series since the probe started. */
  sequence: number;
  fromMs: number;
  untilMs: number;
  clock: 'synced' | 'unsynced';
  /** True while a test of our own loaded the line. */
  loaded: boolean;
  sendErrors: Partial<Record<SendErrorReason, number>>;
  rttNs: RttFigures | null;
  /** False when more replies came than were kept, so that the figures are of a sample of them. */
  exact: boolean;
  jitterNs: number | null;
  jitterRfc3550Ns: number | null;
  lossBurstMax: number;
  quality: Record<Quality, number>;
  localQueueNs: number | null;
}

/** `path`: it leads through other routers; `shift`: its median moved and stayed. */
export const EVENT_KINDS = [
  'outage',
  'address',
  'path',
  'shift',
  'clock-step',
  'config',
  'start',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** Something that happened; an outage that goes on has `untilMs: null`. */
export interface ProbeEvent {
  id: string;
  kind: EventKind;
  target: string | null;
  family: Family | null;
  fromMs: number;
  untilMs: number | null;
  scope: 'target' | 'uplink' | null;
  detail: Record<string, string | number | boolean | null>;
}

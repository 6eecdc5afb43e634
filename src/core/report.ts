import * as v from 'valibot';
import { BOARD_STATE } from './board-state.ts';
import { expecting, objectMessage, wholeNumber } from './config-value.ts';
import { PATH_PROTOCOLS } from './path.ts';
import { EVENT_KINDS, FAMILIES, QUALITIES, type Round } from './round.ts';
import { line, SLUG, TIME_MS } from './wire.ts';

// What a probe says of itself once a minute. The daemon writes PROBE_REPORT into its own part of
// the run directory, as a file; the agent, which alone has the key, wraps it into REPORT and sends
// it. The control believes it of this probe alone, and holds every list to its limit.
//
//   POST /api/v1/report  REPORT  → REPORT_ANSWER    (Authorization: Bearer API-KEY)

export const REPORT_BYTES_MAX = 262_144;
export const REPORT_SERIES_MAX = 256;
export const REPORT_ROUNDS_MAX = 512;
export const REPORT_EVENTS_MAX = 200;
export const REPORT_PATHS_MAX = 128;
export const DETAIL_KEYS_MAX = 32;

const FAMILY = v.picklist(FAMILIES);
const ID = line('an id', 253);
const COUNT = wholeNumber(0, Number.MAX_SAFE_INTEGER);
const NANOSECONDS = v.pipe(v.number(), v.minValue(0), v.maxValue(120e9));
const WORDS = line('a text', 500);

// The message says how much is too much; the path of the issue says of what.
function listOf<const Item extends v.GenericSchema>(item: Item, max: number, what: string) {
  return v.pipe(
    v.array(item, expecting(`an array of ${what}`)),
    v.maxLength(max, expecting(`at most ${max} ${what}`)),
  );
}

const RTT = v.object({
  min: NANOSECONDS,
  p10: NANOSECONDS,
  p25: NANOSECONDS,
  median: NANOSECONDS,
  p75: NANOSECONDS,
  p90: NANOSECONDS,
  max: NANOSECONDS,
  mean: NANOSECONDS,
  stddev: NANOSECONDS,
});

/** A closed round without what no graph shows; all the rest goes the way of the metrics. */
export const REPORTED_ROUND = v.object(
  {
    target: ID,
    family: FAMILY,
    ip: line('an address', 64),
    fromMs: TIME_MS,
    untilMs: TIME_MS,
    clock: v.picklist(['synced', 'unsynced']),
    loaded: v.boolean(),
    sent: COUNT,
    received: COUNT,
    lost: COUNT,
    discarded: COUNT,
    exact: v.boolean(),
    rttNs: v.nullable(RTT),
    jitterNs: v.nullable(NANOSECONDS),
  },
  objectMessage('a round'),
);

export type ReportedRound = v.InferOutput<typeof REPORTED_ROUND>;

export const REPORTED_SERIES = v.object({
  target: ID,
  host: line('a host', 253),
  family: FAMILY,
  ip: v.nullable(line('an address', 64)),
  state: v.picklist(['measuring', 'unavailable', 'unresolved', 'down']),
  /** Why it is not measuring; null while it is. */
  reason: v.nullable(WORDS),
});

export const REPORTED_PATH = v.object({
  target: ID,
  host: line('a host', 253),
  family: FAMILY,
  ip: v.nullable(line('an address', 64)),
  protocol: v.picklist(PATH_PROTOCOLS),
  state: v.picklist(['tracing', 'unresolved', 'unavailable']),
  sinceMs: v.nullable(TIME_MS),
  /** By TTL - 1; null for a hop that never answered. */
  hops: listOf(v.nullable(line('an address', 64)), 64, 'hops'),
});

export const REPORTED_EVENT = v.object({
  id: line('an id', 253),
  kind: v.picklist(EVENT_KINDS),
  target: v.nullable(ID),
  family: v.nullable(FAMILY),
  fromMs: TIME_MS,
  untilMs: v.nullable(TIME_MS),
  scope: v.nullable(v.picklist(['target', 'uplink'])),
  /** At most 32 keys; texts are cut at 500 characters. */
  detail: v.pipe(
    v.record(
      line('a key', 64),
      v.nullable(v.union([line('a text', 500), v.number(), v.boolean()])),
    ),
    v.maxEntries(DETAIL_KEYS_MAX, `expected at most ${DETAIL_KEYS_MAX} keys`),
  ),
});

export type ReportedEvent = v.InferOutput<typeof REPORTED_EVENT>;

export const PROBE_REPORT = v.object(
  {
    schema: v.literal(1),
    writtenMs: TIME_MS,
    hostname: line('a host name', 253),
    bootId: line('a boot id', 64),
    startedMs: TIME_MS,
    version: line('a version', 64),
    node: line('a version', 64),
    addon: line('a version', 64),
    hardware: v.nullable(line('a model', 64)),
    clock: v.object({
      state: v.picklist(['synced', 'unsynced']),
      offsetNs: v.nullable(v.number()),
    }),
    /** Of the control's document. */
    config: v.object({
      /** Of the document in force; null while none of the control's is. */
      etag: v.nullable(line('an ETag', 100)),
      appliedMs: v.nullable(TIME_MS),
      /** Why the newest document was refused; the one before goes on. */
      error: v.nullable(line('a text', 2000)),
      /** Keys that this version does not know. */
      unsupported: listOf(line('a key', 500), 65, 'keys'),
      /** What the board's own policy held back, a sentence each. */
      capped: listOf(WORDS, 65, 'sentences'),
    }),
    /** Stamps of the samples of `rounds`. */
    quality: v.object(
      Object.fromEntries(QUALITIES.map((name) => [name, COUNT])) as Record<
        (typeof QUALITIES)[number],
        typeof COUNT
      >,
    ),
    series: listOf(REPORTED_SERIES, REPORT_SERIES_MAX, 'series'),
    /** Those closed in the last minutes, oldest first. */
    rounds: listOf(REPORTED_ROUND, REPORT_ROUNDS_MAX, 'rounds'),
    paths: listOf(REPORTED_PATH, REPORT_PATHS_MAX, 'paths'),
    /** Open ones and those of the last day, newest first. */
    events: listOf(REPORTED_EVENT, REPORT_EVENTS_MAX, 'events'),
    /** How many series, rounds, paths and events there was no room for. */
    leftOut: COUNT,
    store: v.object({
      bytes: COUNT,
      oldestMs: v.nullable(TIME_MS),
      errors: COUNT,
      lastError: v.nullable(WORDS),
    }),
  },
  objectMessage('a report of a probe'),
);

export type ProbeReport = v.InferOutput<typeof PROBE_REPORT>;

export const REPORT = v.object(
  {
    schema: v.literal(1),
    sentMs: TIME_MS,
    agent: v.object({
      version: line('a version', 64),
      startedMs: TIME_MS,
      bootId: line('a boot id', 64),
      uptimeMs: COUNT,
      model: v.nullable(line('a model', 64)),
      hardware: v.nullable(SLUG),
      /** ETag of the newest document that was fetched. */
      configEtag: v.nullable(line('an ETag', 100)),
      lastError: v.nullable(WORDS),
      /** Of mesh, lockdown and push; older agents say nothing of it. */
      board: v.optional(v.nullable(BOARD_STATE), null),
    }),
    /** Null while the daemon says nothing: it is not running, or older than three minutes. */
    probe: v.nullable(PROBE_REPORT),
  },
  objectMessage('a report'),
);

export type Report = v.InferOutput<typeof REPORT>;

export const REPORT_ANSWER = v.object(
  {
    nowMs: TIME_MS,
    /** Of the document that this probe should run. */
    configEtag: line('an ETag', 100),
  },
  objectMessage('an answer to a report'),
);

/** What a report carries of a round. */
export function toReportedRound(round: Round): ReportedRound {
  const { target, family, ip, fromMs, untilMs, clock, loaded, sent } = round;
  const { received, lost, discarded, exact, rttNs, jitterNs } = round;
  return {
    ...{ target, family, ip, fromMs, untilMs, clock, loaded, sent },
    ...{ received, lost, discarded, exact, rttNs, jitterNs },
  };
}

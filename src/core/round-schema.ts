import {
  EVENT_KINDS,
  FAMILIES,
  type ProbeEvent,
  QUALITIES,
  type Quality,
  type Round,
  RTT_FIGURES,
  type RttFigures,
  SEND_ERROR_REASONS,
  type SendErrorReason,
} from './round.ts';

// Checks of rounds and events that come from disk or from elsewhere. By hand, because a page reads
// thousands at a time and valibot takes twenty times as long. What passes has the right types and
// ranges; whether its numbers add up is not judged, so that a slip of the writer shows and is not
// hidden. The answer is a copy without any other keys.

const TEXT_LENGTH_MAX = 253;
const DETAIL_KEYS_MAX = 32;
/** Holds a path of 64 IPv6 addresses. */
const DETAIL_TEXT_LENGTH_MAX = 4096;
const COUNTERS = [
  'sequence',
  'sent',
  'received',
  'lost',
  'discarded',
  'late',
  'duplicates',
  'reordered',
  'skipped',
  'lossBurstMax',
] as const;

type Fields = Readonly<Record<string, unknown>>;

/** The round, or null when the value is none. */
export function parseRound(value: unknown): Round | null {
  return isFields(value) && isRound(value) ? copyRound(value as Fields & Round) : null;
}

/** The event, or null when the value is none. */
export function parseEvent(value: unknown): ProbeEvent | null {
  return isFields(value) && isEvent(value) ? copyEvent(value as Fields & ProbeEvent) : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRound(value: Fields): boolean {
  return (
    value['kind'] === 'smokeping' &&
    isText(value['target']) &&
    isText(value['host']) &&
    isOneOf(FAMILIES, value['family']) &&
    isText(value['ip']) &&
    isText(value['bootId']) &&
    isSpan(value['fromMs'], value['untilMs']) &&
    (value['clock'] === 'synced' || value['clock'] === 'unsynced') &&
    typeof value['loaded'] === 'boolean' &&
    typeof value['exact'] === 'boolean' &&
    COUNTERS.every((key) => isCount(value[key])) &&
    isSendErrors(value['sendErrors']) &&
    isQuality(value['quality']) &&
    isRtt(value['rttNs']) &&
    isFigureOrNull(value['jitterNs']) &&
    isFigureOrNull(value['jitterRfc3550Ns']) &&
    isFigureOrNull(value['localQueueNs'])
  );
}

function isEvent(value: Fields): boolean {
  const { fromMs, untilMs, target, family, scope } = value;
  return (
    isText(value['id']) &&
    isOneOf(EVENT_KINDS, value['kind']) &&
    (target === null || isText(target)) &&
    (family === null || isOneOf(FAMILIES, family)) &&
    isSpan(fromMs, untilMs === null ? fromMs : untilMs) &&
    (scope === null || scope === 'target' || scope === 'uplink') &&
    isDetail(value['detail'])
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= TEXT_LENGTH_MAX;
}

function isOneOf(values: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && values.includes(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSpan(fromMs: unknown, untilMs: unknown): boolean {
  return isCount(fromMs) && isCount(untilMs) && fromMs <= untilMs;
}

function isFigure(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0;
}

function isFigureOrNull(value: unknown): boolean {
  return value === null || isFigure(value);
}

function isRtt(value: unknown): boolean {
  return value === null || (isFields(value) && RTT_FIGURES.every((key) => isFigure(value[key])));
}

function isQuality(value: unknown): boolean {
  return isFields(value) && QUALITIES.every((key) => isCount(value[key]));
}

function isSendErrors(value: unknown): boolean {
  if (!isFields(value)) return false;
  for (const key in value) {
    if (!isOneOf(SEND_ERROR_REASONS, key) || !isCount(value[key])) return false;
  }
  return true;
}

function isDetail(value: unknown): boolean {
  if (!isFields(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= DETAIL_KEYS_MAX && entries.every(([key, part]) => isPart(key, part));
}

function isPart(key: string, value: unknown): boolean {
  if (!isText(key)) return false;
  if (typeof value === 'string') return value.length <= DETAIL_TEXT_LENGTH_MAX;
  return value === null || typeof value === 'boolean' || Number.isFinite(value);
}

function copyRound(round: Round): Round {
  return {
    kind: 'smokeping',
    target: round.target,
    host: round.host,
    family: round.family,
    ip: round.ip,
    bootId: round.bootId,
    sequence: round.sequence,
    fromMs: round.fromMs,
    untilMs: round.untilMs,
    clock: round.clock,
    loaded: round.loaded,
    sent: round.sent,
    received: round.received,
    lost: round.lost,
    discarded: round.discarded,
    late: round.late,
    duplicates: round.duplicates,
    reordered: round.reordered,
    skipped: round.skipped,
    sendErrors: copySendErrors(round.sendErrors),
    rttNs: round.rttNs === null ? null : copyRtt(round.rttNs),
    exact: round.exact,
    jitterNs: round.jitterNs,
    jitterRfc3550Ns: round.jitterRfc3550Ns,
    lossBurstMax: round.lossBurstMax,
    quality: copyQuality(round.quality),
    localQueueNs: round.localQueueNs,
  };
}

function copySendErrors(
  errors: Partial<Record<SendErrorReason, number>>,
): Partial<Record<SendErrorReason, number>> {
  return { ...errors };
}

function copyRtt(rtt: RttFigures): RttFigures {
  const { min, p10, p25, median, p75, p90, max, mean, stddev } = rtt;
  return { min, p10, p25, median, p75, p90, max, mean, stddev };
}

function copyQuality({ kernel, mixed, user, hardware }: Record<Quality, number>) {
  return { kernel, mixed, user, hardware };
}

function copyEvent(event: ProbeEvent): ProbeEvent {
  const { id, kind, target, family, fromMs, untilMs, scope } = event;
  const detail = Object.fromEntries(Object.entries(event.detail));
  return { id, kind, target, family, fromMs, untilMs, scope, detail };
}

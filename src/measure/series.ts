// One (target, family) as the smokeping measurement sees it: which engine series measures it, and
// what is known beside the engine's counters.
import type { Address } from '../core/address.ts';
import { isLoopback } from '../core/address.ts';
import type { TargetConfig } from '../core/config.ts';
import type { Family, Round, SendErrorReason } from '../core/round.ts';
import type { SeriesCounters, SeriesSnapshot, SeriesState } from '../core/snapshot.ts';
import type { Engine, SeriesState as EngineState } from '../engine/engine.ts';
import type { ClosedRound } from '../engine/readers.ts';

export interface Measured {
  target: TargetConfig;
  family: Family;
  /** The address as text, null while there is none. */
  ip: string | null;
  address: Address | null;
  /** The engine's series, null while there is no address. */
  series: number | null;
  /** That of the series: the target's, or longer where the policy has many share an address. */
  intervalMs: number;
  /** The interface that the series was made for; 0 when the routes decide. */
  interfaceIndex: number;
  /** Why there is no address or no series, in words. */
  reason: string | null;
  resolve: { ok: boolean; atMs: number | null };
  /** The last one of this series. */
  lastRound: Round | null;
  looked: Looked;
}

/** The engine's counts at the last look, and why the kernel takes no packets since then, if so. */
interface Looked {
  attempts: number;
  sent: number;
  sendErrors: SeriesCounters['sendErrors'];
  refusal: string | null;
}

export function newMeasured(target: TargetConfig, family: Family): Measured {
  return {
    target,
    family,
    ip: null,
    address: null,
    series: null,
    intervalMs: target.intervalMs,
    interfaceIndex: 0,
    reason: 'its name is being resolved',
    resolve: { ok: false, atMs: null },
    lastRound: null,
    looked: newLooked(),
  };
}

export function newLooked(): Looked {
  return { attempts: 0, sent: 0, sendErrors: NO_ERRORS, refusal: null };
}

/** What makes a new series: anything else about a target may change while it is measured. */
export function seriesKey(target: TargetConfig): string {
  const { host, size, tos, source, device } = target;
  return JSON.stringify([host, size, tos, source, device]);
}

export function isLocal(measured: Measured): boolean {
  return measured.address !== null && isLoopback(measured.address);
}

/**
 * Notes whether the kernel took any of the packets since the last look. Call about once a second.
 * Returns whether it refused them because of the interface.
 */
export function lookAtSends(measured: Measured, engine: Engine): boolean {
  const { series, looked } = measured;
  if (series === null) return false;
  const { attempts, sent } = engine.progress(series);
  const isTried = attempts > looked.attempts;
  looked.attempts = attempts;
  if (sent > looked.sent) looked.refusal = null;
  const isRefused = isTried && sent === looked.sent;
  looked.sent = sent;
  if (!isRefused) return false;
  const { sendErrors } = engine.state(series);
  const grown = REFUSALS.find(([reason]) => sendErrors[reason] > looked.sendErrors[reason]);
  looked.sendErrors = sendErrors;
  looked.refusal = grown === undefined ? looked.refusal : grown[1](measured);
  return grown?.[0] === 'device';
}

/** A full queue (`buffer`) passes by itself. */
const REFUSALS: readonly [SendErrorReason, (measured: Measured) => string][] = [
  ['unreachable', ({ ip }) => `no route to ${ip}`],
  ['device', (measured) => `its interface${ofDevice(measured)} is down or gone`],
  ['blocked', ({ ip }) => `a filter of this machine refuses packets to ${ip}`],
  ['size', ({ target }) => `packets of ${target.size} bytes are too large for the interface`],
  ['invalid', ({ target }) => `the kernel refuses its packets as invalid${ofSource(target)}`],
  ['other', () => 'the kernel refuses its packets'],
];

function ofDevice({ target, address }: Measured): string {
  const device = target.device ?? address?.zone ?? null;
  return device === null ? '' : ` ${device}`;
}

function ofSource({ source }: TargetConfig): string {
  return source === null ? '' : `: is ${source} an address of this machine?`;
}

/** `sequence` counts the rounds of the target in this family, over all its series. */
export function toRound(
  measured: Measured,
  closed: ClosedRound,
  { bootId, sequence }: { bootId: string; sequence: number },
): Round {
  const { target, family, ip } = measured;
  return {
    kind: 'smokeping',
    target: target.id,
    host: target.host,
    family,
    ip: ip ?? '',
    bootId,
    sequence,
    fromMs: closed.fromMs,
    untilMs: closed.untilMs,
    clock: closed.isSynced ? 'synced' : 'unsynced',
    loaded: closed.isLoaded,
    sent: closed.sent,
    received: closed.received,
    lost: closed.lost,
    discarded: closed.discarded,
    late: closed.late,
    duplicates: closed.duplicates,
    reordered: closed.reordered,
    skipped: closed.skipped,
    sendErrors: closed.sendErrors,
    rttNs: toFigures(closed.figures),
    exact: closed.isExact,
    jitterNs: closed.jitterNs,
    jitterRfc3550Ns: closed.jitterRfc3550Ns,
    lossBurstMax: closed.lossBurstMax,
    quality: closed.quality,
    localQueueNs: closed.localQueueNs,
  };
}

function toFigures(figures: readonly number[] | null): Round['rttNs'] {
  if (figures === null) return null;
  const [min = 0, p10 = 0, p25 = 0, median = 0, p75 = 0, p90 = 0, max = 0, mean = 0, stddev = 0] =
    figures;
  return { min, p10, p25, median, p75, p90, max, mean, stddev };
}

/** A snapshot of a series whose counters are `state`; `isCurrent` is false for a replaced one. */
export function toSnapshot(
  measured: Measured,
  state: EngineState | null,
  isCurrent: boolean,
): SeriesSnapshot {
  const { target, family } = measured;
  return {
    target: target.id,
    host: target.host,
    family,
    ip: measured.ip,
    source: target.source ?? '',
    tos: target.tos,
    intervalMs: measured.series === null ? target.intervalMs : measured.intervalMs,
    labels: target.labels,
    state: stateOf(measured, state),
    reason: measured.reason ?? measured.looked.refusal,
    counters: toCounters(state),
    sparky: {
      counts: state?.buckets ?? new Array<number>(21).fill(0),
      sumSeconds: state?.rttSumSeconds ?? 0,
    },
    ttl: state?.ttl ?? null,
    lastRound: measured.lastRound,
    outages: state?.outages ?? { open: false, total: 0, seconds: 0 },
    resolve: measured.resolve,
    current: isCurrent,
  };
}

function stateOf(measured: Measured, state: EngineState | null): SeriesState {
  if (measured.ip === null) return 'unresolved';
  if (measured.series === null || measured.looked.refusal !== null) return 'unavailable';
  return state?.outages.open === true ? 'down' : 'measuring';
}

const NO_ERRORS = {
  blocked: 0,
  unreachable: 0,
  buffer: 0,
  size: 0,
  device: 0,
  invalid: 0,
  other: 0,
} as const;

function toCounters(state: EngineState | null): SeriesCounters {
  return {
    sent: state?.sent ?? 0,
    received: state?.received ?? 0,
    lost: state?.lost ?? 0,
    discarded: state?.discarded ?? 0,
    late: state?.late ?? 0,
    duplicates: state?.duplicates ?? 0,
    reordered: state?.reordered ?? 0,
    skipped: state?.skipped ?? 0,
    sendErrors: state?.sendErrors ?? NO_ERRORS,
    quality: state?.quality ?? { kernel: 0, mixed: 0, user: 0, hardware: 0 },
  };
}

// Echoes within the policy: a series begins when there is room at its address, keeps the pace that
// all series there leave it, and is charged for what it sent.
import type { Address } from '../core/address.ts';
import { echoBytes } from '../core/policy-caps.ts';
import type { Engine } from '../engine/engine.ts';
import { type Guard, ipOf } from './guard.ts';
import type { Share } from './guard-shares.ts';
import { addSeries, type Entry } from './smokeping-entry.ts';
import { toSpec } from './source.ts';

export interface GuardedEngine {
  engine: Engine;
  guard: Guard;
  /** Never goes back, ms. */
  monoMs: () => number;
}

export type Started =
  | { ok: true; series: number; interfaceIndex: number }
  | { ok: false; reason: string; retryMs: number };

/** A series that could not be made is tried again after this time. */
const RETRY_MS = 5000;
/** A change of pace below this share is not worth touching a series for. */
const PACE_STEP = 0.05;

/** A series that must wait longer does so outside of the engine, whose grid would forget it. */
const PHASE_MS_MAX = 1000;
/** A turn that was not taken is gone after this time. */
const TURN_MS = 5000;
const TURN_REASON = 'waits for its turn: the policy limits the packets to its address';

export const HELD_REASON = 'held back: the policy allows no more packets now';

/** Begins to measure an entry at an address that the policy allows. */
export function startSeries(context: GuardedEngine, entry: Entry, address: Address): Started {
  const { engine, guard } = context;
  const { measured } = entry;
  const { target } = measured;
  const made = toSpec(target, address);
  if (!made.ok) return failed(made.reason, RETRY_MS);
  const ip = ipOf(address);
  const waitMs = guard.isRuling('smokeping') ? guard.holdMs(ip) : 0;
  if (waitMs > 0) return heldBack(guard, entry, waitMs);
  const { intervalMs, phaseMs } = joinOthers(context, entry, ip);
  if (phaseMs !== null && phaseMs > PHASE_MS_MAX)
    return failed(TURN_REASON, phaseMs - PHASE_MS_MAX);
  const { spec } = made;
  const added = addSeries(engine, { ...spec, intervalMs, phaseMs: phaseMs ?? spec.phaseMs });
  if (!added.ok) {
    guard.shares.leave(entry);
    return failed(added.reason, RETRY_MS);
  }
  measured.intervalMs = intervalMs;
  entry.charged = 0;
  entry.turn = null;
  return { ok: true, series: added.series, interfaceIndex: spec.interfaceIndex };
}

function joinOthers({ engine, guard, monoMs }: GuardedEngine, entry: Entry, ip: string): Share {
  const nowMs = monoMs();
  const { turn } = entry;
  const isWaiting = turn !== null && turn.ip === ip && nowMs - turn.atMs < TURN_MS;
  const share = guard.shares.join(entry, ip, {
    intervalMs: entry.measured.target.intervalMs,
    turnMs: isWaiting ? turn.atMs : null,
    onSlower: (slowerMs) => slowDown(engine, entry, slowerMs),
  });
  entry.turn = share.phaseMs === null ? null : { ip, atMs: nowMs + share.phaseMs };
  return share;
}

/** A series ends: what it sent stays charged to its address. */
export function leaveSeries(context: GuardedEngine, entry: Entry): void {
  charge(context, entry);
  context.guard.shares.leave(entry);
}

/**
 * Charges what was sent since the last look and keeps the pace. Returns for how long the entry must
 * be stopped, ms; 0 when it may go on.
 */
export function lookAtPolicy(context: GuardedEngine, entry: Entry): number {
  const { address, series } = entry.measured;
  if (series === null || address === null) return 0;
  keepPace(context, entry, series);
  // Also while nothing is ruled: what was sent then is not to be charged later.
  charge(context, entry);
  return context.guard.isRuling('smokeping') ? context.guard.holdMs(ipOf(address)) : 0;
}

/** Counts the echoes that are not sent meanwhile. */
export function heldBack(guard: Guard, entry: Entry, waitMs: number): Started {
  const { intervalMs } = entry.measured.target;
  guard.holdBack('smokeping', Math.max(1, Math.round(waitMs / intervalMs)));
  return failed(HELD_REASON, waitMs);
}

function failed(reason: string, retryMs: number): Started {
  return { ok: false, reason, retryMs };
}

function charge({ engine, guard }: GuardedEngine, entry: Entry): void {
  const { series, address, target, family } = entry.measured;
  if (series === null || address === null) return;
  // Counted in 32 bits.
  const attempts = engine.progress(series).attempts;
  const packets = (attempts - entry.charged) >>> 0;
  entry.charged = attempts;
  if (packets === 0) return;
  const bytes = 2 * packets * echoBytes(family, target.size);
  guard.charge('smokeping', { ip: ipOf(address), packets, bytes });
}

function slowDown(engine: Engine, { measured }: Entry, intervalMs: number): void {
  if (measured.series === null || intervalMs <= measured.intervalMs) return;
  engine.setInterval(measured.series, intervalMs);
  measured.intervalMs = intervalMs;
}

function keepPace({ engine, guard }: GuardedEngine, entry: Entry, series: number): void {
  const { measured } = entry;
  const wanted = guard.shares.intervalOf(entry) ?? measured.target.intervalMs;
  const isSlower = wanted > measured.intervalMs;
  const isFaster = wanted < measured.intervalMs * (1 - PACE_STEP);
  const isOwn = wanted === measured.target.intervalMs && wanted !== measured.intervalMs;
  if (!isSlower && !isFaster && !isOwn) return;
  if (!isSlower && !guard.shares.mayShorten(entry)) return;
  engine.setInterval(series, wanted);
  measured.intervalMs = wanted;
}

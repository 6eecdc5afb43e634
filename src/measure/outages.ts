// Outages as events. The engine says when a series goes down and comes back; here that becomes an
// event with an identity, which survives a change of address and a restart, and outages of
// everything at once become one of the uplink.
import type { Family, ProbeEvent } from '../core/round.ts';
import { type UplinkSeries, uplinkDownSince } from '../core/uplink.ts';

export interface Outages {
  /** The open outage of a series, or null. */
  openOf(target: string, family: Family): ProbeEvent | null;
  opened(target: string, family: Family, from: { fromMs: number; lost: number }): void;
  /** Also an outage that was never announced as open. */
  closed(
    target: string,
    family: Family,
    end: { fromMs: number; untilMs: number; lost: number },
  ): void;
  /** Closes what no series measures any more (the target was removed): its end is not known. */
  dropped(target: string, family: Family, nowMs: number): void;
  /** Closes an outage of the uplink of which no member is left: nothing else would. */
  droppedUplink(nowMs: number): void;
  /** Looks at all series together, after outages opened or closed (`atMs`: the last of these). */
  judgeUplink(series: readonly JudgedSeries[], atMs: number): void;
  open(): ProbeEvent[];
}

export type JudgedSeries = Omit<UplinkSeries, 'outage'> & { family: Family };

export interface OutagesOptions {
  bootId: string;
  /** Outages that were open when the probe last stopped. */
  left: readonly ProbeEvent[];
  /** Writes an event, or its newer version. */
  emit: (event: ProbeEvent) => void;
}

const UPLINK = '';

export function trackOutages(options: OutagesOptions): Outages {
  const open = new Map<string, ProbeEvent>();
  for (const event of options.left) {
    if (event.kind !== 'outage' || event.untilMs !== null) continue;
    open.set(keyOf(event.target ?? UPLINK, event.family), event);
  }
  let count = 0;

  function put(event: ProbeEvent): void {
    const key = keyOf(event.target ?? UPLINK, event.family);
    if (event.untilMs === null) open.set(key, event);
    else open.delete(key);
    options.emit(event);
  }

  function begin(target: string | null, family: Family | null, fromMs: number): ProbeEvent {
    return {
      id: `${options.bootId}-o${count++}`,
      kind: 'outage',
      target,
      family,
      fromMs,
      untilMs: null,
      scope: target === null ? 'uplink' : 'target',
      detail: {},
    };
  }

  function end(event: ProbeEvent, untilMs: number, detail: ProbeEvent['detail']): void {
    put({ ...event, untilMs, detail: { ...event.detail, ...detail } });
  }

  return {
    openOf: (target, family) => open.get(keyOf(target, family)) ?? null,
    opened(target, family, { fromMs, lost }) {
      if (open.has(keyOf(target, family))) return;
      put({ ...begin(target, family, fromMs), detail: { lost } });
    },
    closed(target, family, { fromMs, untilMs, lost }) {
      const event = open.get(keyOf(target, family)) ?? begin(target, family, fromMs);
      end(event, Math.max(untilMs, event.fromMs), { lost });
    },
    dropped(target, family, nowMs) {
      const event = open.get(keyOf(target, family));
      if (event !== undefined) end(event, Math.max(nowMs, event.fromMs), { dropped: true });
    },
    droppedUplink(nowMs) {
      const uplink = open.get(keyOf(UPLINK, null));
      if (uplink === undefined || open.size > 1) return;
      end(uplink, Math.max(nowMs, uplink.fromMs), { dropped: true });
    },
    judgeUplink(series, atMs) {
      const judged = series.map((one) => ({
        ...one,
        outage: open.get(keyOf(one.target, one.family)) ?? null,
      }));
      const uplink = open.get(keyOf(UPLINK, null));
      const sinceMs = uplinkDownSince(judged);
      if (sinceMs === null && uplink !== undefined) end(uplink, Math.max(atMs, uplink.fromMs), {});
      if (sinceMs === null || uplink !== undefined) return;
      const event = begin(null, null, sinceMs);
      put(event);
      // The members stay, each with its own end, but point to the outage that they are part of.
      for (const { outage, isLocal } of judged) {
        if (outage === null || isLocal || outage.fromMs < sinceMs) continue;
        put({ ...outage, scope: 'uplink', detail: { ...outage.detail, uplink: event.id } });
      }
    },
    open: () => [...open.values()],
  };
}

function keyOf(target: string, family: Family | null): string {
  return `${family ?? ''} ${target}`;
}

import type { ProbeEvent } from '../core/round.ts';
import { lastsUntil } from './column.ts';
import { formatMoment, formatRtt } from './format.ts';

// Outages and dated marks of a graph, and which of their labels find room in the one line above it.
// Room is judged for a phone: what does not fit there is in the description and in the event list.

export interface Mark {
  kind: 'outage' | 'mark';
  /** Percent of the width. */
  from: number;
  until: number;
  label: string;
}

export interface Label {
  text: string;
  at: number;
  anchor: 'start' | 'end';
  kind: Mark['kind'] | 'load' | 'peak';
}

/** Flapping lines have hundreds of outages: the longest are drawn, the text counts them all. */
export const MARKS_MAX = 48;

/** A character in percent of the narrowest plot we mean to be read on, 290 px. */
const CHARACTER_PERCENT = 2.25;

/** To the left of the plot there is room for the labels of the axis, and above them for ours. */
const MARGIN_PERCENT = 12;

/** Outages first, longest first, then the other events, newest first. */
export function marksOf(
  events: readonly ProbeEvent[],
  span: { fromMs: number; untilMs: number },
): Mark[] {
  const toPercent = (timeMs: number): number => percentOf(timeMs, span);
  return [...events]
    .sort((a, b) => weight(b, span.untilMs) - weight(a, span.untilMs) || b.fromMs - a.fromMs)
    .slice(0, MARKS_MAX)
    .map((event) => ({
      kind: event.kind === 'outage' ? 'outage' : 'mark',
      from: toPercent(event.fromMs),
      until: toPercent(lastsUntil(event, span.untilMs)),
      label: markLabel(event, span.untilMs),
    }));
}

/** Where a time lies in the span, in percent with two decimals, held within the picture. */
export function percentOf(timeMs: number, span: { fromMs: number; untilMs: number }): number {
  const share = (timeMs - span.fromMs) / (span.untilMs - span.fromMs);
  return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 100;
}

/** Labels in order of importance; one that would run into an earlier one is left out. */
export function placeLabels(wanted: ReadonlyArray<Omit<Label, 'anchor'>>): Label[] {
  const placed: Array<{ from: number; until: number; label: Label }> = [];
  for (const candidate of wanted) {
    const width = candidate.text.length * CHARACTER_PERCENT;
    const over = candidate.at + width - 100;
    const anchor = over <= 0 || over <= width - candidate.at - MARGIN_PERCENT ? 'start' : 'end';
    const from = anchor === 'start' ? candidate.at : candidate.at - width;
    const until = from + width;
    if (placed.some((other) => from < other.until && other.from < until)) continue;
    placed.push({ from, until, label: { ...candidate, anchor } });
  }
  return placed.map(({ label }) => label);
}

/** `outage 13:50–13:54`, `outage since 14:02`, `14:02 path changed at hop 4`. */
export function markLabel(event: ProbeEvent, nowMs: number): string {
  const from = formatMoment(event.fromMs, nowMs);
  if (event.kind !== 'outage') return `${from} ${pointName(event)}`;
  const name = eventName(event);
  if (event.untilMs === null) return `${name} since ${from}`;
  const until = formatMoment(event.untilMs, nowMs);
  return from === until ? `${name} ${from}` : `${name} ${from}–${until}`;
}

/** What happened, in two words. */
export function eventName(event: Pick<ProbeEvent, 'kind' | 'scope'>): string {
  switch (event.kind) {
    case 'outage':
      return event.scope === 'uplink' ? 'uplink outage' : 'outage';
    case 'address':
      return 'new address';
    case 'path':
      return 'path changed';
    case 'shift':
      return 'latency moved';
    case 'clock-step':
      return 'clock step';
    case 'config':
      return 'configuration';
    case 'start':
      return 'probe start';
  }
}

/** A graph has room for the one detail that says most. */
function pointName(event: ProbeEvent): string {
  const { ttl, beforeNs, afterNs } = event.detail;
  if (event.kind === 'path' && typeof ttl === 'number') return `path changed at hop ${ttl}`;
  const isShift = event.kind === 'shift';
  if (!isShift || typeof beforeNs !== 'number' || typeof afterNs !== 'number') {
    return eventName(event);
  }
  return `median ${formatRtt(beforeNs)} → ${formatRtt(afterNs)}`;
}

function weight(event: ProbeEvent, openUntilMs: number): number {
  if (event.kind === 'outage') return 1 + lastsUntil(event, openUntilMs) - event.fromMs;
  return POINT_WEIGHTS[event.kind] ?? 0.3;
}

/** Among the points in time another path and a new address explain most, a start least. */
const POINT_WEIGHTS: Readonly<Partial<Record<ProbeEvent['kind'], number>>> = {
  path: 0.6,
  address: 0.5,
  shift: 0.45,
  'clock-step': 0.4,
};

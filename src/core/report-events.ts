import { DETAIL_KEYS_MAX, type ReportedEvent } from './report.ts';

// Events as the control keeps them. Clocks of boards are wrong at times, by years: what such a
// clock says stays readable, but does not decide what comes first on a page.

/** Kept of one probe; a report may bring so many new ones. */
export const EVENTS_KEPT_MAX = 500;
export const EVENTS_NEW_MAX = 60;
export const EVENTS_KEEP_MS = 30 * 86_400_000;

const AHEAD_MS_MAX = 300_000;

export interface PlacedEvent {
  event: ReportedEvent;
  /** Its times are the control's: the first ones stay when it is heard of again. */
  isMoved: boolean;
}

/**
 * Times within reason stay; else the event ends (or, if open, begins) when it was heard of, and
 * `detail.toldMs` has the begin that the probe told.
 */
export function placeEvent(event: ReportedEvent, heardMs: number): PlacedEvent {
  const { fromMs } = event;
  const untilMs = event.untilMs === null ? null : Math.max(fromMs, event.untilMs);
  const latestMs = heardMs + AHEAD_MS_MAX;
  const isSane = fromMs >= heardMs - EVENTS_KEEP_MS && (untilMs ?? fromMs) <= latestMs;
  if (isSane) return { event: { ...event, untilMs }, isMoved: false };
  const lastedMs = untilMs === null ? 0 : Math.min(untilMs - fromMs, EVENTS_KEEP_MS);
  const moved = { fromMs: heardMs - lastedMs, untilMs: untilMs === null ? null : heardMs };
  const told = Object.entries(event.detail).slice(0, DETAIL_KEYS_MAX - 1);
  const detail = { ...Object.fromEntries(told), toldMs: fromMs };
  return { event: { ...event, ...moved, detail }, isMoved: true };
}

/** What of an event can change while it is the same one. */
export interface KnownEvent {
  untilMs: number | null;
  detail: string;
}

export interface EventChanges {
  added: PlacedEvent[];
  changed: PlacedEvent[];
  /** New ones beyond what one report may bring: the next report has them again. */
  leftOut: number;
}

/** What a report adds to or changes of what is known; of two with one id the first counts. */
export function changedEvents(
  events: readonly ReportedEvent[],
  known: ReadonlyMap<string, KnownEvent>,
  heardMs: number,
): EventChanges {
  const changes: EventChanges = { added: [], changed: [], leftOut: 0 };
  const seen = new Set<string>();
  for (const event of events) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    const placed = placeEvent(event, heardMs);
    const before = known.get(event.id);
    if (before === undefined) {
      if (changes.added.length < EVENTS_NEW_MAX) changes.added.push(placed);
      else changes.leftOut++;
    } else if (isChanged(before, placed)) changes.changed.push(placed);
  }
  return changes;
}

// Of a moved one the times are those of its first coming: that it is over is all that is new.
function isChanged(before: KnownEvent, { event, isMoved }: PlacedEvent): boolean {
  if (isMoved) return (before.untilMs === null) !== (event.untilMs === null);
  return before.untilMs !== event.untilMs || before.detail !== JSON.stringify(event.detail);
}

// From outages of engine series to outages of targets: a target keeps its outage when its series is
// replaced, because it has another address or was configured anew.
import type { Engine } from '../engine/engine.ts';
import type { EngineEvent } from '../engine/readers.ts';
import type { JudgedSeries, Outages } from './outages.ts';
import { isLocal, type Measured } from './series.ts';
import type { Entry, Owner } from './smokeping-entry.ts';

export type OutageEvent = Exclude<EngineEvent, { kind: 'clock-step' }>;

export interface OutageContext {
  engine: Engine;
  nowMs: () => number;
  outages: Outages;
  owners: ReadonlyMap<number, Owner>;
  entries: () => Iterable<Entry>;
}

/**
 * Takes what the engine says of series, also of ones that were replaced and drain. The uplink is
 * judged once after all of them: when it fails, as many outages begin as there are targets.
 */
export function takeOutages(context: OutageContext, events: readonly OutageEvent[]): void {
  let judgedAtMs = Number.POSITIVE_INFINITY;
  for (const event of events) judgedAtMs = Math.min(judgedAtMs, takeOutage(context, event));
  if (judgedAtMs === Number.POSITIVE_INFINITY) return;
  context.outages.judgeUplink(judged(context.entries()), judgedAtMs);
}

/** When the series answered again, or now; infinite when there is nothing new to judge. */
function takeOutage(context: OutageContext, event: OutageEvent): number {
  const owner = context.owners.get(event.series);
  if (owner === undefined || owner.entry.isGone) return Number.POSITIVE_INFINITY;
  const { measured } = owner.entry;
  if (owner.measured === measured) return note(context, measured, event);
  if (event.kind === 'outage-open') return noteLeft(context, measured, event);
  return Number.POSITIVE_INFINITY;
}

function note(context: OutageContext, { target, family }: Measured, event: OutageEvent): number {
  const { outages } = context;
  const { lost } = event;
  // The engine knows them to the microsecond; events are kept in whole milliseconds.
  const fromMs = Math.round(event.fromMs);
  const untilMs = event.kind === 'outage-open' ? null : Math.round(event.untilMs);
  if (untilMs === null) outages.opened(target.id, family, { fromMs, lost });
  else outages.closed(target.id, family, { fromMs, untilMs, lost });
  return untilMs ?? context.nowMs();
}

/**
 * The last echoes of a replaced series turned out to be an outage: it goes on in the series that
 * followed, or it ended when that one began.
 */
function noteLeft(context: OutageContext, measured: Measured, event: OutageEvent): number {
  const { engine, outages, owners } = context;
  const { series, target, family } = measured;
  if (outages.openOf(target.id, family) !== null) return Number.POSITIVE_INFINITY;
  if (series !== null && engine.state(series).received > 0) {
    const untilMs = owners.get(series)?.beganMs ?? event.fromMs;
    return note(context, measured, { ...event, kind: 'outage-closed', untilMs });
  }
  if (series !== null) engine.seedOutage(series, event.fromMs, event.lost);
  return note(context, measured, event);
}

/** What the kernel refuses to send says nothing about the network. */
function judged(entries: Iterable<Entry>): JudgedSeries[] {
  return [...entries]
    .filter(({ measured }) => measured.series !== null && measured.looked.refusal === null)
    .map(({ measured }) => ({
      target: measured.target.id,
      family: measured.family,
      isLocal: isLocal(measured),
      isGateway: measured.target.host === '@gateway',
    }));
}

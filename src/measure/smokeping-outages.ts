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

/** Takes what the engine says of a series, also of one that was replaced and drains. */
export function takeOutage(context: OutageContext, event: OutageEvent): void {
  const owner = context.owners.get(event.series);
  if (owner === undefined || owner.entry.isGone) return;
  const { measured } = owner.entry;
  if (owner.measured === measured) note(context, measured, event);
  else if (event.kind === 'outage-open') noteLeft(context, measured, event);
}

function note(context: OutageContext, { target, family }: Measured, event: OutageEvent): void {
  const { outages } = context;
  const { lost } = event;
  // The engine knows them to the microsecond; events are kept in whole milliseconds.
  const fromMs = Math.round(event.fromMs);
  const untilMs = event.kind === 'outage-open' ? null : Math.round(event.untilMs);
  if (untilMs === null) outages.opened(target.id, family, { fromMs, lost });
  else outages.closed(target.id, family, { fromMs, untilMs, lost });
  outages.judgeUplink(judged(context.entries()), untilMs ?? context.nowMs());
}

/**
 * The last echoes of a replaced series turned out to be an outage: it goes on in the series that
 * followed, or it ended when that one began.
 */
function noteLeft(context: OutageContext, measured: Measured, event: OutageEvent): void {
  const { engine, outages, owners } = context;
  const { series, target, family } = measured;
  if (outages.openOf(target.id, family) !== null) return;
  if (series !== null && engine.state(series).received > 0) {
    const untilMs = owners.get(series)?.beganMs ?? event.fromMs;
    note(context, measured, { ...event, kind: 'outage-closed', untilMs });
    return;
  }
  note(context, measured, event);
  if (series !== null) engine.seedOutage(series, event.fromMs, event.lost);
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

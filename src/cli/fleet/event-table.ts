// What happened at probes, as a table.
import type * as v from 'valibot';
import type { REPORTED_EVENT } from '../../core/report.ts';
import { formatDuration } from '../../graph/format.ts';
import type { Cell } from './columns.ts';
import type { Fleet } from './fleet.ts';
import { moment } from './text.ts';

type ReportedEvent = v.InferOutput<typeof REPORTED_EVENT>;

/** Without `probe` where all are of one. Kinds of a newer control are shown as they are. */
export interface ShownEvent
  extends Pick<ReportedEvent, 'target' | 'fromMs' | 'untilMs' | 'detail'> {
  probe?: string | undefined;
  kind: string;
  family: string | null;
  scope: string | null;
}

export function eventTable({ view }: Fleet, events: readonly ShownEvent[], nowMs: number): void {
  view.table(
    [
      { head: 'SINCE' },
      { head: 'LASTED' },
      { head: 'PROBE', widthMin: 12 },
      { head: 'WHAT' },
      { head: 'TARGET', widthMin: 12 },
      { head: 'FAMILY', rank: 2 },
      { head: 'DETAIL', widthMin: 12, rank: 1 },
    ],
    events.map((event) => [
      moment(event.fromMs, nowMs),
      lasted(event),
      event.probe ?? '',
      event.scope === 'uplink' ? `${event.kind} of the uplink` : event.kind,
      event.target ?? '',
      event.family ?? '',
      detailText(event.detail),
    ]),
  );
}

const LASTING: readonly string[] = ['outage'];

function lasted({ kind, fromMs, untilMs }: ShownEvent): string | Cell {
  if (untilMs !== null) return untilMs > fromMs ? formatDuration(untilMs - fromMs) : '';
  return LASTING.includes(kind) ? { text: 'goes on', colour: 'red' } : '';
}

function detailText(detail: ShownEvent['detail']): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}

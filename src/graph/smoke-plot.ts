import { html } from 'hono/html';
import type { ProbeEvent } from '../core/round.ts';
import { type Column, type ColumnSpan, type GraphRound, lastsUntil } from './column.ts';
import type { SpanFigures } from './figures.ts';
import { formatClock, formatPercent, formatRtt } from './format.ts';
import type { Scale } from './scale.ts';
import {
  bandPath,
  boxPath,
  LOSS_CLASSES,
  lossPath,
  medianPath,
  type Run,
  runsOf,
  type ToY,
} from './smoke-path.ts';

// The stretched part of a smoke graph: bands, median, loss and tooltips, in units of one column and
// a tenth of a pixel. There is no text in it, it would be stretched as well.

export type Markup = ReturnType<typeof html>;

export interface SmokeInput {
  /** Unique in the document; letters and digits. */
  id: string;
  /** What is shown, as the accessible name begins: target, family, span. */
  title: string;
  rounds: readonly GraphRound[];
  /** Already of this series: see `eventsOfSeries`. */
  events: readonly ProbeEvent[];
  figures: SpanFigures;
  span: ColumnSpan;
  roundMs: number;
  /** Of the plot alone, in CSS pixels. */
  heightPx: number;
  /** True to give each column a tooltip with its figures. */
  hasTooltips: boolean;
}

/** Pixels above the plot for labels, and below it for loss ticks. */
export const LABEL_PX = 17;
export const LOSS_PX = 11;
const UNITS_A_PIXEL = 10;

/** An inner picture as wide as the outer one, from the label line down to the loss ticks. */
export function smokePlot(columns: readonly Column[], scale: Scale, input: SmokeInput): Markup {
  const height = input.heightPx * UNITS_A_PIXEL;
  const toY: ToY = (rttNs) => Math.round(height * (1 - Math.min(1, rttNs / scale.topNs)));
  const loss = { baseY: height + UNITS_A_PIXEL, mostY: (LOSS_PX - 1) * UNITS_A_PIXEL };
  const full = height + LOSS_PX * UNITS_A_PIXEL;
  const clipped = runsOf(
    columns,
    ({ rttNs, loaded }) => !loaded && rttNs !== null && rttNs.max > scale.topNs,
  );
  const lines = columns.map((column) => withoutLoadAbove(column, scale.topNs));
  return html`<svg y="${LABEL_PX}" width="100%" height="${
    input.heightPx + LOSS_PX
  }" viewBox="0 0 ${columns.length} ${full}" preserveAspectRatio="none">${[
    shape('lost', boxPath(lostRuns(columns, input), 0, height)),
    shape('all', bandPath(columns, toY, 'min', 'max')),
    shape('most', bandPath(columns, toY, 'p10', 'p90')),
    shape('half', bandPath(columns, toY, 'p25', 'p75')),
    shape('clip', boxPath(clipped, 0, 2 * UNITS_A_PIXEL)),
    LOSS_CLASSES.map((name) => shape(`median ${name}`, medianPath(lines, toY, name))),
    LOSS_CLASSES.map((name) => shape(`loss ${name}`, lossPath(columns, name, loss))),
    input.hasTooltips ? tooltips(columns, input, full) : [],
  ]}</svg>`;
}

/** All lost, and no outage tints it already. */
function lostRuns(columns: readonly Column[], { events, span }: SmokeInput): Run[] {
  return runsOf(columns, (column, index) => {
    const middleMs = span.fromMs + (index + 0.5) * span.columnMs;
    const isIn = (event: ProbeEvent): boolean =>
      event.kind === 'outage' &&
      event.fromMs <= middleMs &&
      lastsUntil(event, span.untilMs) >= middleMs;
    return column.state === 'lost' && !events.some(isIn);
  });
}

/** The line leaves the picture where our own load lifts it out; its label says how far. */
function withoutLoadAbove(column: Column, topNs: number): Column {
  const isOut = column.loaded && column.rttNs !== null && column.rttNs.median > topNs;
  return isOut ? { ...column, state: 'unknown', rttNs: null } : column;
}

function shape(name: string, path: string): Markup | null {
  return path === '' ? null : html`<path class="${name}" d="${path}"/>`;
}

function tooltips(columns: readonly Column[], { span }: SmokeInput, height: number) {
  return columns.map((column, index) => {
    if (column.sent === 0) return null;
    const clock = formatClock(span.fromMs + index * span.columnMs);
    const { rttNs, lossPercent } = column;
    const loss = lossPercent === null ? '' : `, loss ${formatPercent(lossPercent)}`;
    const figures =
      rttNs === null
        ? 'no reply'
        : `median ${formatRtt(rttNs.median)}, ${formatRtt(rttNs.min)} to ${formatRtt(rttNs.max)}`;
    const text = `${clock} UTC: ${figures}${loss}`;
    return html`<rect class="tip" x="${index}" width="1" height="${height}"><title>${
      text
    }</title></rect>`;
  });
}

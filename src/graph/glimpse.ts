import { html } from 'hono/html';
import { type ColumnSpan, columnsOf, type GraphRound } from './column.ts';
import { spanFigures } from './figures.ts';
import { formatDuration, formatPercent, formatRtt } from './format.ts';
import { scaleOf } from './scale.ts';
import {
  bandPath,
  boxPath,
  LOSS_CLASSES,
  lossPath,
  medianPath,
  runsInState,
  type ToY,
} from './smoke-path.ts';
import type { Markup } from './smoke-plot.ts';

// A smoke graph without axes and words, for a card among many: is it level, did it step, does it
// lose. Its figures are in the sentence that goes with it.

const PLOT = 400;
const LOSS = 80;

/** `what` begins the description, as `probe07 to one.one.one.one (IPv4), last hour`. */
export function glimpse(input: {
  rounds: readonly GraphRound[];
  span: ColumnSpan;
  roundMs: number;
  what: string;
}): Markup {
  const { rounds, span, roundMs, what } = input;
  const columns = columnsOf(rounds, span, roundMs);
  const { topNs } = scaleOf(columns, 4);
  const toY: ToY = (rttNs) => Math.round(PLOT * (1 - Math.min(1, rttNs / topNs)));
  const loss = { baseY: PLOT + 10, mostY: LOSS - 10 };
  const lost = boxPath(runsInState(columns, 'lost'), 0, PLOT);
  return html`<svg class="smoke glimpse" role="img" aria-label="${describe(
    input,
    what,
  )}" width="100%" height="48" viewBox="0 0 ${columns.length} ${
    PLOT + LOSS
  }" preserveAspectRatio="none">${[
    shape('lost', lost),
    shape('all', bandPath(columns, toY, 'min', 'max')),
    shape('most', bandPath(columns, toY, 'p10', 'p90')),
    LOSS_CLASSES.map((name) => shape(`median ${name}`, medianPath(columns, toY, name))),
    LOSS_CLASSES.map((name) => shape(`loss ${name}`, lossPath(columns, name, loss))),
  ]}</svg>`;
}

function shape(name: string, path: string): Markup | null {
  return path === '' ? null : html`<path class="${name}" d="${path}"/>`;
}

function describe({ rounds, span, roundMs }: Parameters<typeof glimpse>[0], what: string): string {
  const figures = spanFigures(rounds.filter(({ loaded }) => !loaded));
  const lasted = formatDuration(Math.min(span.untilMs - span.fromMs, rounds.length * roundMs));
  if (rounds.length === 0) return `${what}: no data.`;
  if (figures.medianNs === null) return `${what}: no reply in ${lasted}.`;
  const loss = figures.lossPercent ?? 0;
  const told = loss === 0 ? 'no loss' : `loss ${formatPercent(loss)}`;
  return `${what}: median ${formatRtt(figures.medianNs)}, ${told}.`;
}

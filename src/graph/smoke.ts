import { html } from 'hono/html';
import { type Column, columnsOf } from './column.ts';
import { formatClock, formatDate, formatRtt, formatRttTick } from './format.ts';
import { type Label, type Mark, marksOf, percentOf, placeLabels } from './mark.ts';
import { type Scale, scaleOf } from './scale.ts';
import { describeSpan } from './sentence.ts';
import { type Run, runsInState } from './smoke-path.ts';
import { LABEL_PX, LOSS_PX, type Markup, type SmokeInput, smokePlot } from './smoke-plot.ts';
import { timeTicks } from './ticks.ts';

export type { Markup, SmokeInput } from './smoke-plot.ts';

// The smoke graph: bands of all, 10–90 % and 25–75 % of the replies, the median as a line that
// takes the colour of the loss, loss as ticks under the axis. The outer picture has no view box:
// its lengths are CSS pixels and percent of whatever width the page gives it, so text and lines
// keep their size; only the inner one, which holds paths alone, is stretched. Labels of the
// vertical axis hang out to the left, where the style sheet leaves a margin for them.

/** Pixels below the loss ticks for the times. */
const TIME_PX = 18;
const TIME_TICKS = 7;
/** Narrower than this there is no room for the words in a gap, in percent. */
const GAP_LABEL_PERCENT = 22;

/** One picture with its text alternative, safe to be put into a page. */
export function smokeGraph(input: SmokeInput): Markup {
  const columns = columnsOf(input.rounds, input.span, input.roundMs);
  const scale = scaleOf(columns, input.heightPx >= 120 ? 5 : 4);
  const marks = marksOf(input.events, input.span);
  const description = describeSpan({ ...input, ...input.span, columns });
  const { id } = input;
  return html`<svg class="smoke" role="img" aria-labelledby="${id}t ${id}d" width="100%" height="${
    LABEL_PX + input.heightPx + LOSS_PX + TIME_PX
  }"><title id="${id}t">${input.title}</title><desc id="${id}d">${description}</desc>${[
    axes(input, scale),
    gaps(columns, input),
    loadedSpans(input),
    marks.filter((mark) => mark.kind === 'outage').map((mark) => outageSpan(mark, input)),
    smokePlot(columns, scale, input),
    marks.map((mark) => markLine(mark, input)),
    placeLabels([
      ...marks.map(({ kind, from, label }) => ({ kind, at: from, text: label })),
      ...loadLabels(input),
      ...peakLabel(scale, columns.length),
    ]).map(labelText),
  ]}</svg>`;
}

function axes(input: SmokeInput, scale: Scale): Markup[] {
  const { heightPx, span } = input;
  const lines = scale.ticksNs.map((tick) => {
    const y = LABEL_PX + heightPx - Math.round((heightPx * tick) / scale.topNs) + 0.5;
    const name = tick === 0 ? 'base' : 'grid';
    return html`<line class="${name}" x1="0" x2="100%" y1="${y}" y2="${y}"/>${label(
      { name: 'tick', x: -7, y: y + 4, anchor: 'end' },
      formatRttTick(tick, scale.topNs),
    )}`;
  });
  const y = LABEL_PX + heightPx + LOSS_PX + 13;
  const times = timeTicks(span.fromMs, span.untilMs, TIME_TICKS).map((timeMs, index) => {
    const x = `${percentOf(timeMs, span)}%`;
    // A narrow page leaves every second one out.
    const name = index % 2 === 1 ? 'tick odd' : 'tick';
    return label({ name, x, y, anchor: 'middle' }, timeLabel(timeMs));
  });
  return [...lines, ...times];
}

function label(
  at: { name: string; x: string | number; y: number; anchor: 'start' | 'middle' | 'end' },
  text: string,
): Markup {
  const { name, x, y, anchor } = at;
  return html`<text class="${name}" x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;
}

/** Midnight bears the date, which says the time as well. */
function timeLabel(timeMs: number): string {
  const clock = formatClock(timeMs);
  return clock === '00:00' ? formatDate(timeMs) : clock;
}

/** Time without data is hatched: stripes, made of one broad dashed line, need no pattern id. */
function gaps(columns: readonly Column[], input: SmokeInput): Markup[] {
  const y = LABEL_PX + input.heightPx / 2;
  const toPercent = (column: number): number => Math.round((column / columns.length) * 1e4) / 100;
  return runsInState(columns, 'missing', 'unknown').map(({ from, until }: Run) => {
    const [x1, x2] = [toPercent(from), toPercent(until)];
    const words = columns[from]?.state === 'missing' ? 'no data' : 'not measured';
    const x = `${(x1 + x2) / 2}%`;
    const hasRoom = x2 - x1 >= GAP_LABEL_PERCENT;
    return html`<line class="gap" x1="${x1}%" x2="${x2}%" y1="${y}" y2="${y}" stroke-width="${
      input.heightPx
    }"/>${hasRoom && label({ name: 'gaptext', x, y: y + 4, anchor: 'middle' }, words)}`;
  });
}

interface LoadedSpan {
  fromMs: number;
  untilMs: number;
  /** The largest median of its rounds. */
  medianNs: number;
}

/** Neighbouring rounds in which we loaded the line, as stretches of time. */
function loadsOf(input: SmokeInput): LoadedSpan[] {
  const spans: LoadedSpan[] = [];
  for (const { loaded, fromMs, untilMs, rttNs } of input.rounds) {
    const last = spans.at(-1);
    if (!loaded || untilMs <= input.span.fromMs || fromMs >= input.span.untilMs) continue;
    const medianNs = rttNs?.median ?? 0;
    if (last === undefined || last.untilMs !== fromMs) spans.push({ fromMs, untilMs, medianNs });
    else {
      last.untilMs = untilMs;
      last.medianNs = Math.max(last.medianNs, medianNs);
    }
  }
  return spans;
}

function loadedSpans(input: SmokeInput): Markup[] {
  return loadsOf(input).map(({ fromMs, untilMs }) => {
    const from = percentOf(fromMs, input.span);
    const until = percentOf(untilMs, input.span);
    return tint('loaded', { from, until }, input.heightPx);
  });
}

function outageSpan(mark: Mark, { heightPx }: SmokeInput): Markup {
  return tint('outage', mark, heightPx + LOSS_PX);
}

function tint(name: string, at: { from: number; until: number }, height: number): Markup {
  const width = (at.until - at.from).toFixed(2);
  return html`<rect class="${name}" x="${at.from}%" y="${LABEL_PX}" width="${width}%" height="${
    height
  }"/>`;
}

function markLine(mark: Mark, { heightPx }: SmokeInput): Markup {
  const { kind, from } = mark;
  const bottom = LABEL_PX + heightPx + LOSS_PX;
  return html`<line class="${kind}line" x1="${from}%" x2="${from}%" y1="4" y2="${bottom}"/>`;
}

function loadLabels(input: SmokeInput) {
  return loadsOf(input).map(({ fromMs, medianNs }) => ({
    kind: 'load' as const,
    at: percentOf(fromMs, input.span),
    text: medianNs === 0 ? 'loaded by us' : `loaded by us: ${formatRtt(medianNs)}`,
  }));
}

function peakLabel({ peak }: Scale, columns: number) {
  if (peak === null) return [];
  const at = Math.round(((peak.column + 0.5) / columns) * 1e4) / 100;
  return [{ kind: 'peak' as const, at, text: `↑ ${formatRtt(peak.rttNs)}` }];
}

function labelText({ kind, at, anchor, text }: Label): Markup {
  const gap = kind === 'peak' ? 0 : 4;
  const dx = anchor === 'start' ? gap : -gap;
  return html`<text class="label ${kind}" x="${at}%" dx="${dx}" y="11" text-anchor="${
    anchor
  }">${text}</text>`;
}

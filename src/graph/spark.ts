import { html } from 'hono/html';
import { formatCount, formatRtt } from './format.ts';
import type { Markup } from './smoke-plot.ts';

// A line as high as a line of text: the best RTT of each of the last traces to one hop, oldest to
// the left. Each has its own scale, which begins at zero: noise is not blown up, a step is seen.
// A trace without an answer is a tick at the foot, in no colour of loss: a router need not answer.

const WIDTH_PX = 72;
const HEIGHT_PX = 20;
/** In units of the stretched picture: a tenth of a pixel. */
const HEIGHT = HEIGHT_PX * 10;
const TICK = 40;
/** Below this many traces the line does not take the whole width. */
const SPAN_LEAST = 30;
/** The newest are drawn. */
const SPAN_MOST = 240;
/** Room above what is ordinary; one value far above it is clipped and marked. */
const RISE = 1.3;
const ORDINARY = 0.95;

/** `recent` in ns, oldest first, null where nothing answered; `what` begins the description. */
export function sparkGraph(recent: readonly (number | null)[], what: string): Markup {
  const values = recent.slice(-SPAN_MOST);
  const width = Math.max(SPAN_LEAST, values.length);
  const first = width - values.length;
  const topNs = topOf(values);
  const toY = (rttNs: number): number =>
    Math.round((HEIGHT - 10) * (1 - Math.min(1, rttNs / topNs))) + 5;
  const clipped = values.flatMap((value, index) =>
    value !== null && value > topNs ? `M${first + index} 0h1v12h-1z` : [],
  );
  return html`<svg class="spark" role="img" width="${WIDTH_PX}" height="${
    HEIGHT_PX
  }" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none"><title>${describe(
    values,
    what,
  )}</title><path class="foot" d="M0 ${HEIGHT}h${width}"/>${[
    shape('still', stillPath(values, first)),
    shape('clip', clipped.join('')),
    shape('line', linePath(values, first, toY)),
  ]}</svg>`;
}

function shape(name: string, path: string): Markup | null {
  return path === '' ? null : html`<path class="${name}" d="${path}"/>`;
}

/** Ends above the ordinary values, so that one slow answer does not press the others flat. */
function topOf(values: readonly (number | null)[]): number {
  const sorted = answersOf(values).sort((a, b) => a - b);
  const ordinary = sorted[Math.ceil(ORDINARY * sorted.length) - 1] ?? 0;
  const largest = sorted.at(-1) ?? 0;
  return Math.max(ordinary, Math.min(largest, ordinary * RISE)) * RISE || 1;
}

/** Steps of one unit each; a stretch without answers interrupts the line. */
function linePath(
  values: readonly (number | null)[],
  first: number,
  toY: (rttNs: number) => number,
): string {
  let path = '';
  let level: number | null = null;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      level = null;
      continue;
    }
    const y = toY(value);
    if (level === null) path += `M${first + index} ${y}h1`;
    else path += y === level ? 'h1' : `v${y - level}h1`;
    level = y;
  }
  return path;
}

function stillPath(values: readonly (number | null)[], first: number): string {
  return values
    .flatMap((value, index) =>
      value === null ? `M${first + index} ${HEIGHT - TICK}h1v${TICK}h-1z` : [],
    )
    .join('');
}

function describe(values: readonly (number | null)[], what: string): string {
  const answers = answersOf(values);
  const traces = values.length === 1 ? 'the last trace' : `the last ${values.length} traces`;
  if (answers.length === 0) return `${what}: no answer in ${traces}.`;
  const without = values.length - answers.length;
  const [least, most] = [Math.min(...answers), Math.max(...answers)].map(formatRtt);
  const range = least === most ? least : `${least} to ${most}`;
  const rest = without > 0 ? `, no answer in ${formatCount(without)} of them` : '';
  return `${what}: best answers of ${traces} ${range}${rest}.`;
}

function answersOf(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

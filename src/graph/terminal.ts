import { lossPercent } from './figures.ts';
import { formatCount, formatPercent, formatRtt } from './format.ts';

// Smoke in a terminal: one character an echo, higher for slower, a cross for a lost one. Names come
// from the user and from DNS, so control characters are taken out before they reach a terminal.

const BLOCKS = '▁▂▃▄▅▆▇█';
const LOST = '×';
const ELLIPSIS = '…';
/** A calm line is not blown up to a storm: the picture spans at least this part of its minimum. */
const RANGE_LEAST = 0.25;
/** Nor does one slow reply press the others flat: above this many medians all are full blocks. */
const MEDIANS_MOST = 2.5;
/** A smoke line shorter than this says nothing; then the figures stand alone. */
const SPARK_LEAST = 8;

/** What a live line and a summary say of one host and family; nanoseconds. */
export interface PingFigures {
  sent: number;
  received: number;
  lost: number;
  minNs: number | null;
  medianNs: number | null;
  p99Ns: number | null;
  maxNs: number | null;
  jitterNs: number | null;
}

/** The last `width` values as block characters, oldest first; null is a lost echo. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const shown = width > 0 ? values.slice(-Math.floor(width)) : [];
  const known = shown.filter((value) => value !== null).sort((a, b) => a - b);
  const low = known[0] ?? 0;
  const median = known[Math.floor(known.length / 2)] ?? 0;
  const high = Math.min(known.at(-1) ?? 0, MEDIANS_MOST * median);
  const range = Math.max(high - low, RANGE_LEAST * low, Number.MIN_VALUE);
  return shown.map((value) => (value === null ? LOST : block((value - low) / range))).join('');
}

/**
 * Name, smoke, last reply, loss: at most `width` columns, whatever the name. The smoke takes what
 * the others leave, and is left out where that is too little.
 */
export function liveLine(input: {
  name: string;
  nameWidth: number;
  values: readonly (number | null)[];
  figures: PingFigures;
  width: number;
}): string {
  const last = input.values.at(-1);
  const reply = last === undefined ? 'waiting' : last === null ? 'lost' : formatRtt(last);
  const loss = lossText(input.figures);
  const name = fit(input.name, Math.min(input.nameWidth, Math.floor(input.width / 3)));
  const figures = `${reply.padStart(8)}  ${loss}`;
  const room = input.width - name.length - figures.length - 4;
  if (room < SPARK_LEAST) return `${name}  ${figures}`.slice(0, Math.max(0, input.width));
  return `${name}  ${sparkline(input.values, room).padEnd(room)}  ${figures}`;
}

/** The end of a measurement in one line; it may be longer than the terminal is wide. */
export function summaryLine(name: string, figures: PingFigures): string {
  const { minNs, medianNs, p99Ns, maxNs, jitterNs } = figures;
  const counts = `${formatCount(figures.sent)} sent, ${formatCount(figures.received)} received`;
  const head = `${printable(name)}: ${counts}, ${lossText(figures)}`;
  if (minNs === null || medianNs === null || p99Ns === null || maxNs === null) return head;
  const rtt = `min ${formatRtt(minNs)}, median ${formatRtt(medianNs)}, p99 ${formatRtt(p99Ns)}`;
  const jitter = jitterNs === null ? '' : `, jitter ${formatRtt(jitterNs)}`;
  return `${head}; ${rtt} of ${formatCount(figures.received)}, max ${formatRtt(maxNs)}${jitter}`;
}

/** Without control characters and the marks that turn the direction of text. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

function lossText(figures: PingFigures): string {
  const percent = lossPercent(figures);
  return percent === null ? 'no result yet' : `loss ${formatPercent(percent)}`;
}

function fit(name: string, width: number): string {
  const shown = printable(name);
  if (shown.length <= width) return shown.padEnd(width);
  return width < 2 ? shown.slice(0, width) : `${shown.slice(0, width - 1)}${ELLIPSIS}`;
}

function block(height: number): string {
  const level = Math.floor(Math.min(1, Math.max(0, height)) * (BLOCKS.length - 1) + 0.5);
  return BLOCKS[level] ?? LOST;
}

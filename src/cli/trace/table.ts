// The table of `flint trace`: a head, a line for each hop, and below it further addresses and MPLS
// labels. It has the columns of mtr; a narrow terminal gets fewer of them, a wide one smoke, too.
import type { HopRtt } from '../../core/path.ts';
import { formatRtt, NARROW_SPACE } from '../../graph/format.ts';
import { printable, sparkline } from '../../graph/terminal.ts';
import { type HopLine, hopLines, type NameOf } from './lines.ts';
import type { TracedPath } from './path.ts';

export interface TableOptions {
  nameOf: NameOf;
  /** No line is wider. */
  width: number;
  hasSmoke: boolean;
}

type Figure = 'loss' | 'sent' | 'last' | 'avg' | 'best' | 'worst' | 'stdev';

const HEADS: Readonly<Record<Figure, string>> = {
  loss: 'Loss%',
  sent: 'Snt',
  last: 'Last',
  avg: 'Avg',
  best: 'Best',
  worst: 'Wrst',
  stdev: 'StDev',
};
const WIDTHS: Readonly<Record<Figure, number>> = {
  loss: 7,
  sent: 5,
  last: 7,
  avg: 7,
  best: 7,
  worst: 7,
  stdev: 7,
};
/** The first that leaves room for the addresses is taken. */
const SETS: readonly (readonly Figure[])[] = [
  ['loss', 'sent', 'last', 'avg', 'best', 'worst', 'stdev'],
  ['loss', 'sent', 'last', 'avg', 'best', 'worst'],
  ['loss', 'sent', 'last', 'avg', 'worst'],
  ['loss', 'sent', 'last', 'avg'],
  ['loss', 'last'],
];
const TTL_WIDTH = 4;
const NAME_WIDTH_MIN = 12;
const NAME_WIDTH_MAX = 48;
const SMOKE_WIDTH_MIN = 10;
const SMOKE_WIDTH_MAX = 60;
/** Room that is kept for remarks, so that columns stay where they are when one appears. */
const REMARK_WIDTH = 12;
const GAP = 2;

interface Columns {
  figures: readonly Figure[];
  nameWidth: number;
  smokeWidth: number;
  /** Columns behind the figures and the smoke. */
  remarkWidth: number;
}

export function traceTable(path: TracedPath, options: TableOptions): string[] {
  const lines = hopLines(path, options.nameOf);
  const title = titleOf(path);
  const columns = chooseColumns(lines, title, options);
  const { figures, nameWidth } = columns;
  const head = figures.map((figure) => HEADS[figure].padStart(WIDTHS[figure])).join('');
  return [
    `${fit(title, nameWidth + TTL_WIDTH)}${head}`,
    ...lines.flatMap((line, i) => [
      hopText(line, columns, path.hops[i]?.recent ?? []),
      ...extraLines(line),
    ]),
  ].map((line) => cut(line.trimEnd(), Math.max(0, options.width)));
}

function chooseColumns(
  lines: readonly HopLine[],
  title: string,
  { width, hasSmoke }: TableOptions,
): Columns {
  const texts = [...lines.map((line) => nameOf(line)), title.slice(TTL_WIDTH)];
  const wanted = Math.max(NAME_WIDTH_MIN, ...texts.map((text) => [...text].length));
  const nameMin = Math.min(wanted, NAME_WIDTH_MAX);
  const roomOf = (set: readonly Figure[]): number =>
    width - TTL_WIDTH - REMARK_WIDTH - set.reduce((sum, figure) => sum + WIDTHS[figure], 0);
  const figures = SETS.find((set) => roomOf(set) >= nameMin) ?? SETS.at(-1) ?? [];
  const nameWidth = Math.max(NAME_WIDTH_MIN, Math.min(nameMin, roomOf(figures)));
  const rest = roomOf(figures) - nameWidth;
  const smoke =
    hasSmoke && rest >= SMOKE_WIDTH_MIN + GAP ? Math.min(rest - GAP, SMOKE_WIDTH_MAX) : 0;
  const remarkWidth = REMARK_WIDTH + rest - (smoke === 0 ? 0 : smoke + GAP);
  return { figures, nameWidth, smokeWidth: smoke, remarkWidth };
}

function titleOf({ host, ip, protocol }: TracedPath): string {
  const name = printable(host);
  return `${name === ip ? ip : `${name} (${ip})`} ${protocol}`;
}

function nameOf({ ip, name }: HopLine): string {
  if (ip === null) return '???';
  return name === null || name === undefined ? ip : `${printable(name)} (${ip})`;
}

function hopText(line: HopLine, columns: Columns, recent: readonly (number | null)[]): string {
  const { figures, nameWidth, smokeWidth, remarkWidth } = columns;
  const values = figures.map((figure) => figureText(line, figure).padStart(WIDTHS[figure]));
  const smoke = smokeWidth === 0 ? '' : gap(sparkline(recent, smokeWidth).padEnd(smokeWidth));
  const [long, short] = remarkOf(line);
  const remark = gap(long).length <= remarkWidth ? long : short;
  const ttl = String(line.ttl).padStart(TTL_WIDTH - 2);
  return `${ttl}. ${fit(nameOf(line), nameWidth)}${values.join('')}${smoke}${gap(remark)}`;
}

function figureText({ lossPercent, sent, rttNs }: HopLine, figure: Figure): string {
  if (figure === 'sent') return String(sent);
  if (figure === 'loss') return lossPercent === null ? '' : `${percent(lossPercent)}%`;
  return rttNs === null ? '' : rttText(rttNs, figure);
}

function percent(value: number): string {
  return value.toFixed(value % 1 === 0 ? 0 : 1);
}

/** At most six characters: a column is narrow. */
function rttText(rttNs: HopRtt, figure: Exclude<Figure, 'loss' | 'sent'>): string {
  const value = rttNs[figure];
  return value < 999.5 ? `${Math.round(value)}ns` : formatRtt(value).replace(NARROW_SPACE, '');
}

/** What the loss column alone would lead one to misread, long and short. */
function remarkOf({ kind, lossKind, lossPercent }: HopLine): readonly [string, string] {
  if (kind === 'unreachable') return ['unreachable', '!H'];
  if (kind === 'too-big') return ['packet too big', 'too big'];
  if (lossKind === 'forwarding') return ['loses packets', 'loses'];
  if (lossKind === 'silent') return ['silent, passes all on', 'silent'];
  if (lossKind === 'none' && (lossPercent ?? 0) > 0) {
    return ['answers some, passes all on', 'passes all'];
  }
  return ['', ''];
}

function extraLines({ others, mpls }: HopLine): string[] {
  const labels = mpls.map(({ label, trafficClass, ttl }) => {
    return `    MPLS label ${label}, class ${trafficClass}, TTL ${ttl}`;
  });
  return [...others.map((ip) => `    ${ip}`), ...labels];
}

function gap(text: string): string {
  return text === '' ? '' : `${' '.repeat(GAP)}${text}`;
}

/** Exactly so wide. */
function fit(text: string, width: number): string {
  return cut(text, width).padEnd(width);
}

function cut(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`.slice(0, Math.max(0, width));
}

// A metric family is described once, as data, and reads what it shows from an item (a target, a
// merged series, or the whole snapshot) at scrape time. Two writers print families: prom-client's
// registry, and the one below, which gives way to the event loop while it prints thousands of rows.
// Both print the text exposition format 0.0.4, to the byte the same.

export type MetricType = 'counter' | 'gauge' | 'histogram';
export type Labels = Readonly<Record<string, string>>;
export type Suffix = '' | '_bucket' | '_sum' | '_count';

/** `labels` and `unit` are for the documentation, which a test compares with what is exported. */
export interface MetricDescription {
  name: string;
  type: MetricType;
  help: string;
  unit: string;
  labels: readonly string[];
}

/** Labels and their escaped text, made once because many lines repeat them. */
export interface LabelSet {
  labels: Labels;
  text: string;
}

/** Puts one sample; null and what is not a finite number leave no line, since unknown is not 0. */
export type Put = (value: number | null, extra?: LabelSet, suffix?: Suffix) => void;

export interface Family<Item> extends MetricDescription {
  write(item: Item, put: Put): void;
}

export interface Row<Item> {
  set: LabelSet;
  item: Item;
  /** When it was measured, where a scrape may come much later. */
  timestampMs?: number;
}

/** A family together with the rows that it prints. */
export interface BoundFamily extends MetricDescription {
  rows: readonly LabelSet[];
  /** By row; null where no row has one: the scrape's time holds. */
  timestampsMs: readonly (number | undefined)[] | null;
  write(row: number, put: Put): void;
}

export const NO_LABELS: LabelSet = { labels: {}, text: '' };

/** The order of `labels` is the order on the line. */
export function labelSet(labels: Labels): LabelSet {
  let text = '';
  for (const [name, value] of Object.entries(labels)) {
    text += `${text === '' ? '' : ','}${name}="${escapeLabel(value)}"`;
  }
  return { labels, text };
}

export function bindFamilies<Item>(
  families: readonly Family<Item>[],
  rows: readonly Row<Item>[],
): BoundFamily[] {
  const sets = rows.map((row) => row.set);
  const timestampsMs = rows.some((row) => row.timestampMs !== undefined)
    ? rows.map((row) => row.timestampMs)
    : null;
  return families.map((family) => ({
    name: family.name,
    type: family.type,
    help: family.help,
    unit: family.unit,
    labels: family.labels,
    rows: sets,
    timestampsMs,
    write(index, put) {
      const row = rows[index];
      if (row !== undefined) family.write(row.item, put);
    },
  }));
}

export function familyHeader(family: MetricDescription): string {
  return `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.type}\n`;
}

/** The lines of rows `from` to `until` (not included), without the header. */
export function familyLines(family: BoundFamily, from: number, until: number): string {
  let text = '';
  let base = '';
  let stamp = '';
  function put(value: number | null, extra: LabelSet = NO_LABELS, suffix: Suffix = ''): void {
    if (value === null || !Number.isFinite(value)) return;
    const comma = base === '' || extra.text === '' ? '' : ',';
    const labels = base + comma + extra.text;
    const braces = labels === '' ? '' : `{${labels}}`;
    text += `${family.name}${suffix}${braces} ${value}${stamp}\n`;
  }
  for (let row = from; row < until; row++) {
    base = family.rows[row]?.text ?? '';
    const timestampMs = family.timestampsMs?.[row];
    stamp = timestampMs === undefined ? '' : ` ${Math.round(timestampMs)}`;
    family.write(row, put);
  }
  return text;
}

/** Cumulative buckets, then sum and count; `bounds` are the `le` labels without +Inf. */
export function putHistogram(
  put: Put,
  bounds: readonly LabelSet[],
  counts: readonly number[],
  sum: number,
): void {
  let total = 0;
  for (let index = 0; index < bounds.length; index++) {
    total += counts[index] ?? 0;
    put(total, bounds[index], '_bucket');
  }
  total += counts[bounds.length] ?? 0;
  put(total, INFINITE_BOUND, '_bucket');
  put(sum, NO_LABELS, '_sum');
  put(total, NO_LABELS, '_count');
}

const INFINITE_BOUND = labelSet({ le: '+Inf' });

function escapeLabel(value: string): string {
  return value.replace(/[\\\n"]/g, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}

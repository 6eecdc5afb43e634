// A reader of the text exposition, written from the format's description and not from the writer:
// it refuses what a scraper would refuse.

export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
  /** Where the line tells when it was measured. */
  timestampMs?: number;
}

/** Throws on a malformed line, a doubled series, or a family that is torn apart. */
export function parseMetrics(text: string): ParsedSample[] {
  const samples: ParsedSample[] = [];
  const seen = new Set<string>();
  const closed = new Set<string>();
  let family = '';
  for (const line of text.split('\n')) {
    const header = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (header !== null) {
      if (closed.has(header[1] ?? '')) throw new Error(`family twice: ${line}`);
      closed.add(family);
      family = header[1] ?? '';
    }
    if (line === '' || line.startsWith('# ')) continue;
    const sample = parseSample(line);
    if (!sample.name.startsWith(family)) throw new Error(`line outside of its family: ${line}`);
    const key = seriesKey(sample);
    if (seen.has(key)) throw new Error(`series twice: ${line}`);
    seen.add(key);
    samples.push(sample);
  }
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  return samples;
}

/** The only sample of this name whose labels include these. */
export function findValue(
  samples: readonly ParsedSample[],
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`more than one ${name} with ${JSON.stringify(labels)}`);
  return found[0]?.value;
}

function parseSample(line: string): ParsedSample {
  const head = /^([a-zA-Z_:][\w:]*)(\{)?/.exec(line);
  if (head === null) throw new Error(`no name: ${line}`);
  const labels: Record<string, string> = {};
  let at = head[0].length;
  while (head[2] === '{' && line[at] !== '}') {
    const label = /^,?([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/.exec(line.slice(at));
    if (label === null) throw new Error(`bad label at ${at}: ${line}`);
    const name = label[1] ?? '';
    if (Object.hasOwn(labels, name)) throw new Error(`label twice: ${line}`);
    labels[name] = unescapeLabel(label[2] ?? '');
    at += label[0].length;
  }
  const rest = line.slice(head[2] === '{' ? at + 1 : at);
  const figures = /^ (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?: (\d{1,15}))?$/.exec(rest);
  if (figures === null) throw new Error(`bad value: ${line}`);
  const sample = { name: head[1] ?? '', labels, value: Number(figures[1]) };
  return figures[2] === undefined ? sample : { ...sample, timestampMs: Number(figures[2]) };
}

function unescapeLabel(text: string): string {
  return text.replace(/\\(["\\n])/g, (_, character) => (character === 'n' ? '\n' : character));
}

// An empty label is the same as none.
function seriesKey({ name, labels }: ParsedSample): string {
  const shown = Object.entries(labels).filter(([, value]) => value !== '');
  return JSON.stringify([name, shown.sort()]);
}

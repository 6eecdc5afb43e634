// Targets as a network engineer writes them: one a line, a host and then what is special about it,
// as `one.one.one.one id=cf interval=5s families=v4 label.site=fra`. What follows # is a comment
// and is not kept.
import { isRecord } from '../../core/config-value.ts';

export interface TargetLines {
  /** As in a configuration; a plain host is text. */
  targets: unknown[];
  /** `line 3: …`, for the form. */
  errors: string[];
}

const NUMBERS: readonly string[] = ['size', 'tos', 'port'];
const TEXTS: readonly string[] = ['id', 'interval', 'source', 'device', 'protocol'];
const ERRORS_MAX = 5;
const LINES_MAX = 2048;

/** What the schema of the probe's configuration judges later is not judged here. */
export function parseTargetLines(text: string): TargetLines {
  const read = text
    .split(/\r\n|\r|\n/, LINES_MAX)
    .map((line, index) => ({ index, words: wordsOf(line) }))
    .filter(({ words }) => words.length > 0)
    .map(({ index, words }) => ({ index, ...toTarget(words[0] ?? '', words.slice(1)) }));
  const errors = read.flatMap((one) =>
    'fault' in one ? [`line ${one.index + 1}: ${one.fault}`] : [],
  );
  const targets = read.flatMap((one) => ('fault' in one ? [] : [one.target]));
  return { targets, errors: errors.slice(0, ERRORS_MAX) };
}

/** The lines of targets as they stand in a set; what has no place in a line is given back apart. */
export function printTargets(targets: readonly unknown[]): { text: string; isWhole: boolean } {
  const lines = targets.map(printTarget);
  const isWhole = lines.every((line) => line !== null);
  return { text: lines.filter((line) => line !== null).join('\n'), isWhole };
}

function wordsOf(line: string): string[] {
  const text = line.replace(/(^|\s)#.*$/, '').trim();
  return text === '' ? [] : text.split(/\s+/);
}

function toTarget(
  host: string,
  options: readonly string[],
): { target: unknown } | { fault: string } {
  if (host.includes('=')) return { fault: `expected a host first but got ${clip(host)}` };
  if (options.length === 0) return { target: host };
  const target: Record<string, unknown> = { host };
  for (const option of options) {
    const at = option.indexOf('=');
    const [key, value] = [option.slice(0, at), option.slice(at + 1)];
    if (at < 1 || value === '') return { fault: `expected key=value but got ${clip(option)}` };
    const fault = takeOption(target, key, value);
    if (fault !== null) return { fault };
  }
  return { target };
}

/** Null when it was taken. */
function takeOption(target: Record<string, unknown>, key: string, value: string): string | null {
  if (key.startsWith('label.')) {
    const labels = isRecord(target['labels']) ? target['labels'] : {};
    target['labels'] = { ...labels, [key.slice(6)]: decode(value) };
  } else if (key === 'families') target[key] = value.split(',');
  else if (TEXTS.includes(key)) target[key] = value;
  else if (!NUMBERS.includes(key)) return `${clip(key)} is none of ${KEYS}`;
  else if (!/^\d{1,6}$/.test(value)) {
    return `expected a number for ${key} but got ${clip(value)}`;
  } else target[key] = Number(value);
  return null;
}

const KEYS = [...TEXTS, ...NUMBERS, 'families', 'label.NAME'].join(', ');

function printTarget(target: unknown): string | null {
  if (typeof target === 'string') return isWord(target) ? target : null;
  if (!isRecord(target) || typeof target['host'] !== 'string' || !isWord(target['host']))
    return null;
  const words = [target['host']];
  for (const [key, value] of Object.entries(target)) {
    if (key === 'host' || value === null) continue;
    const printed = printOption(key, value);
    if (printed === null) return null;
    words.push(...printed);
  }
  return words.join(' ');
}

function printOption(key: string, value: unknown): string[] | null {
  if (key === 'labels' && isRecord(value)) {
    const entries = Object.entries(value);
    if (!entries.every(([, text]) => typeof text === 'string' && text !== '')) return null;
    return entries.map(([name, text]) => `label.${name}=${encode(String(text))}`);
  }
  if (key === 'families' && Array.isArray(value)) return [`families=${value.join(',')}`];
  if (NUMBERS.includes(key) && typeof value === 'number') return [`${key}=${value}`];
  if (TEXTS.includes(key) && typeof value === 'string' && isWord(value)) return [`${key}=${value}`];
  return null;
}

/** Blanks and # part words; in a label they are written as %20 and %23. */
function encode(text: string): string {
  return text.replace(/[\s%#]/g, (sign) => encodeURIComponent(sign));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isWord(text: string): boolean {
  return text !== '' && !/[\s#=]/.test(text);
}

function clip(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}

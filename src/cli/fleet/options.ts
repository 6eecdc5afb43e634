// Options that commands of `flint fleet` share. Only words here: schemas are loaded with the
// command that runs, not with the table that every start of flint reads.
import { formatDuration, parseDuration } from '../../core/duration.ts';
import { type OptionSpec, UsageError } from '../command.ts';

const DAY_MS = 86_400_000;

/** Every command has them, behind its own. */
export const CONNECTION: readonly OptionSpec[] = [
  { flags: '--json', text: 'what the control says, as JSON' },
  { flags: '--control <url>', text: 'another control than that of the last login' },
  { flags: '--ca <file>', text: 'certificate of an authority to trust' },
  { flags: '--insecure-http', text: 'speak http:// with a control on another machine' },
];

export const ABOUT: readonly OptionSpec[] = [
  { flags: '--group <names>', text: 'groups, again or with commas', parse: words },
  { flags: '--tag <words>', text: 'tags, again or with commas', parse: words },
  { flags: '--location <text>', text: 'where it stands' },
  { flags: '--contact <text>', text: 'who plugged it in' },
  { flags: '--note <text>', text: 'anything else' },
];

export const SCOPE: readonly OptionSpec[] = [
  { flags: '--all', text: 'all probes' },
  { flags: '--group <name>', text: 'the probes of a group' },
  { flags: '--probe <name>', text: 'one probe' },
];

export const YES: OptionSpec = { flags: '--yes', text: 'do it without a question' };

/** Gathers `--group a --group b,c`; an empty text gives none, which clears what there was. */
export function words(text: string, before?: unknown): string[] {
  const gathered = Array.isArray(before) ? (before as string[]) : [];
  const given = text.split(',').map((word) => word.trim());
  return [...new Set([...gathered, ...given.filter((word) => word !== '')])];
}

/** A duration of minutes to months, as milliseconds. */
export function span(leastMs: number, mostMs: number): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== null && value >= leastMs && value <= mostMs) return value;
    const range = `from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`;
    throw new UsageError(`expected a duration ${range}, as 90m, 12h or 30d, got "${text}"`);
  };
}

export const YEAR_MS = 366 * DAY_MS;

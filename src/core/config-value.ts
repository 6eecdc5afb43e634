import * as v from 'valibot';
import { formatDuration, parseDuration } from './duration.ts';

// Schemas of single values of a configuration, whose messages say what is expected and what came.

const SHOWN_LENGTH_MAX = 60;

/** The message of an issue: "expected a port but got "80"". */
export function expecting(what: string): (issue: { input: unknown }) => string {
  return (issue) => `expected ${what} but got ${show(issue.input)}`;
}

/** The message of an object schema, which also speaks for a key that is missing. */
export function objectMessage(
  what: string,
): (issue: v.StrictObjectIssue | v.ObjectIssue) => string {
  return (issue) => {
    const isMissingKey = issue.expected?.startsWith('"') === true;
    return isMissingKey ? 'expected but missing' : expecting(what)(issue);
  };
}

/** A value as a message may print it: short, and never the inside of an object. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return clip(typeof value === 'string' ? JSON.stringify(value) : String(value));
}

export function clip(text: string): string {
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}

/** A plain object of a JSON document. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function wholeNumber(min: number, max: number) {
  const message = expecting(`a whole number from ${min} to ${max}`);
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

export function flag() {
  return v.boolean(expecting('true or false'));
}

/** Text that a pattern describes; the pattern bounds it too, `max` says so to every reader. */
export function text(what: string, pattern: RegExp, max: number) {
  const message = expecting(what);
  return v.pipe(v.string(message), v.maxLength(max, message), v.regex(pattern, message));
}

/** Text with a unit in, milliseconds out. */
export function duration(minMs: number, maxMs: number) {
  const range = `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const message = expecting(`a duration from ${range}, such as "${formatDuration(minMs)}"`);
  return v.pipe(
    v.string(message),
    v.maxLength(16, message),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const ms = parseDuration(dataset.value);
      if (ms !== null && ms >= minMs && ms <= maxMs) return ms;
      addIssue({ message });
      return NEVER;
    }),
  );
}

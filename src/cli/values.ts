import { formatDuration, parseDuration } from '../core/duration.ts';
import { UsageError } from './command.ts';

// Values of options: each parser takes the text and says what it wanted.

/** A whole number between two bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(`expected a whole number from ${least} to ${most}, got "${text}"`);
  };
}

/** A duration with its unit (`10ms`, `1s`), as ms. */
export function durationBetween(leastMs: number, mostMs: number): (text: string) => number {
  return (text) => {
    const value = parseDuration(text);
    if (value !== null && value >= leastMs && value <= mostMs) return value;
    const range = `from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`;
    throw new UsageError(`expected a duration ${range}, as 10ms or 1s, got "${text}"`);
  };
}

/** One of a few words. */
export function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    if (words.includes(text)) return text;
    throw new UsageError(`expected ${words.join(', ')}, got "${text}"`);
  };
}

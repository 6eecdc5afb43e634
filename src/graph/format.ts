import type { Family } from '../core/round.ts';

// Figures as text: three significant digits, the unit always there and kept on the line by a narrow
// no-break space. All times are UTC, so that two probes and their operator speak of the same
// minute.

/** U+202F, between a figure and its unit and between groups of three digits. */
export const NARROW_SPACE = '\u202f';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** A duration in nanoseconds as `8.31 ms`, `410 µs` or `1.24 s`. */
export function formatRtt(rttNs: number): string {
  const unit = rttUnit(rttNs);
  return `${significant(rttNs / unit.ns)}${NARROW_SPACE}${unit.name}`;
}

/** A tick of an axis: all its ticks share the unit that fits `topNs`, and carry no idle zeros. */
export function formatRttTick(rttNs: number, topNs: number): string {
  if (rttNs === 0) return '0';
  const unit = rttUnit(topNs);
  return `${Number((rttNs / unit.ns).toPrecision(6))}${NARROW_SPACE}${unit.name}`;
}

/** `1.27 %`, `0.045 %`; `0 %` and `100 %` are said only of exactly none and all. */
export function formatPercent(percent: number): string {
  const rounded = Number(percent.toPrecision(percent < 1 ? 2 : 3));
  const shown = percent < 100 ? Math.min(rounded, 99.9) : percent;
  return `${shown >= 0.001 || shown === 0 ? shown : '<0.001'}${NARROW_SPACE}%`;
}

/** A duration in words, the two largest units at most: `12 s`, `4 min 10 s`, `3 h 20 min`. */
export function formatDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs);
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)}${NARROW_SPACE}s`;
  if (ms < 10 * MINUTE_MS) return pair(ms, MINUTE_MS, 'min', SECOND_MS, 's');
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)}${NARROW_SPACE}min`;
  if (ms < DAY_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'min');
  return pair(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

/** `12 345`. */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

/** `12.4 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}${NARROW_SPACE}B`;
  const names = ['KiB', 'MiB', 'GiB'];
  let value = bytes / 1024;
  let index = 0;
  while (value >= 999.5 && index < names.length - 1) {
    value /= 1024;
    index++;
  }
  return `${significant(value)}${NARROW_SPACE}${names[index]}`;
}

/** `+0.400 ms`: a difference keeps its sign. */
export function formatSigned(differenceNs: number): string {
  return `${differenceNs < 0 ? '−' : '+'}${formatRtt(Math.abs(differenceNs))}`;
}

/** `14:02`. */
export function formatClock(timeMs: number): string {
  return isoTime(timeMs).slice(11, 16);
}

/** `14:02:30`. */
export function formatClockSeconds(timeMs: number): string {
  return isoTime(timeMs).slice(11, 19);
}

/** `22 Nov`. */
export function formatDate(timeMs: number): string {
  const date = new Date(timeMs);
  return `${date.getUTCDate()}${NARROW_SPACE}${MONTHS[date.getUTCMonth()]}`;
}

/** `14:02`, with the date before it unless it is the day of `nowMs`. */
export function formatMoment(timeMs: number, nowMs: number): string {
  const clock = formatClock(timeMs);
  return isSameDay(timeMs, nowMs) ? clock : `${formatDate(timeMs)} ${clock}`;
}

/** `14:02:30`, with the date before it unless it is the day of `nowMs`. */
export function formatInstant(timeMs: number, nowMs: number): string {
  const clock = formatClockSeconds(timeMs);
  return isSameDay(timeMs, nowMs) ? clock : `${formatDate(timeMs)} ${clock}`;
}

/** `2026-11-22T14:02:30.000Z`; a time that no calendar holds becomes the epoch. */
export function isoTime(timeMs: number): string {
  const date = new Date(timeMs);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}

export function familyName(family: Family): string {
  return family === 'v4' ? 'IPv4' : 'IPv6';
}

/** `one.one.one.one (IPv4)`. */
export function seriesName(series: { target: string; family: Family }): string {
  return `${series.target} (${familyName(series.family)})`;
}

function isSameDay(aMs: number, bMs: number): boolean {
  return Math.floor(aMs / DAY_MS) === Math.floor(bMs / DAY_MS);
}

function rttUnit(rttNs: number): { ns: number; name: string } {
  // 999.5 of a unit would print as 1000 of it.
  if (rttNs < 999.5e3) return { ns: 1e3, name: 'µs' };
  if (rttNs < 999.5e6) return { ns: 1e6, name: 'ms' };
  return { ns: 1e9, name: 's' };
}

function significant(value: number): string {
  if (value === 0) return '0';
  if (value >= 100) return String(Math.round(value));
  return value < 0.001 ? '<0.001' : value.toPrecision(3);
}

function pair(ms: number, large: number, largeName: string, small: number, smallName: string) {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms - whole * large) / small);
  const first = `${whole}${NARROW_SPACE}${largeName}`;
  return rest === 0 ? first : `${first} ${rest}${NARROW_SPACE}${smallName}`;
}

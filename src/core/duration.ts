// Durations as people write them in a configuration or on a command line: a number and one unit.

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const UNITS_LARGEST_FIRST = ['d', 'h', 'm', 's', 'ms'] as const;
const DURATION = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)$/;

/** Milliseconds of "10ms", "1.5s", "30s", "48h"; null when it is no duration of whole ones. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null) return null;
  const ms = Number(match[1]) * UNITS_MS[match[2] as keyof typeof UNITS_MS];
  const whole = Math.round(ms);
  return Math.abs(ms - whole) < 1e-6 ? whole : null;
}

/** The shortest exact text: 90000 → "90s", 3600000 → "1h". */
export function formatDuration(ms: number): string {
  const unit = UNITS_LARGEST_FIRST.find((name) => ms % UNITS_MS[name] === 0 && ms > 0) ?? 'ms';
  return `${ms / UNITS_MS[unit]}${unit}`;
}

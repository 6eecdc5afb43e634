import type { Shared } from './overview-shared.ts';
import type { Family } from './round.ts';

// What an overview of the fleet is made of, and what it finds.

/** What is known of one probe; texts that are empty are unknown. */
export interface FleetProbe {
  name: string;
  isSilent: boolean;
  /** Reports, or did before it fell silent, and is neither disabled nor in maintenance. */
  isExpected: boolean;
  isWell: boolean;
  seenMs: number | null;
  /** /24 or /56 of the address that its reports come from. */
  prefix: string | null;
  groups: readonly string[];
  location: string;
  version: string | null;
  hardware: string;
}

export interface FleetSeries {
  target: string;
  family: Family;
}

/** The newest event of its kind of this series, as long as it is in force. */
export interface FleetEvent extends FleetSeries {
  probe: string;
  kind: 'outage' | 'shift' | 'path';
  fromMs: number;
  /** Of a shift: what was added to the median; negative where it got better. */
  deltaNs: number | null;
}

export interface FleetPath extends FleetSeries {
  probe: string;
  hops: readonly string[];
  /** Those that the last change brought, when that was lately. */
  fresh: readonly string[];
}

export interface FleetFacts {
  probes: readonly FleetProbe[];
  /** By `seriesKey`: who measures it. */
  measured: ReadonlyMap<string, readonly string[]>;
  events: readonly FleetEvent[];
  /** Of the series that events are of. */
  paths: readonly FleetPath[];
}

export type Finding =
  | {
      kind: 'silent';
      probes: string[];
      /** When the first and the last of them were heard. */
      fromMs: number;
      untilMs: number;
      shared: Shared | null;
      /** Of a single one: others behind the same prefix. */
      neighbours: { prefix: string; well: number; silent: number } | null;
      /** Nearly everybody: it is more likely us. */
      isEverybody: boolean;
    }
  | {
      /** Nothing that these probes measure answers, and it does elsewhere. */
      kind: 'cut';
      probes: string[];
      fromMs: number;
      targets: number;
      shared: Shared | null;
    }
  | {
      kind: 'outage' | 'shift' | 'path';
      series: FleetSeries[];
      probes: string[];
      /** How many probes measure it and can be heard. */
      of: number;
      fromMs: number;
      /** Median of what was added, of a shift. */
      deltaNs: number | null;
      shared: Shared | null;
    };

export type EventFinding = Extract<Finding, { series: FleetSeries[] }>;

export function seriesKey({ target, family }: FleetSeries): string {
  return `${family} ${target}`;
}

/** What begins within so long of each other may have begun together. */
export const TOGETHER_MS = 300_000;
export const MANY_LEAST = 3;

export function expectedNames({ probes }: FleetFacts): string[] {
  return probes.filter(({ isExpected }) => isExpected).map(({ name }) => name);
}

/** Where nothing happened for `TOGETHER_MS` another group begins. */
export function splitByTime<One extends { atMs: number }>(all: readonly One[]): One[][] {
  const groups: One[][] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const one of [...all].sort((a, b) => a.atMs - b.atMs)) {
    const group = groups.at(-1);
    if (group === undefined || one.atMs - lastMs > TOGETHER_MS) groups.push([one]);
    else group.push(one);
    lastMs = one.atMs;
  }
  return groups;
}

export function countBy<One>(
  all: readonly One[],
  keyOf: (one: One) => string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1);
  return counts;
}

export function middle(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}

export function lowest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

export function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

import { type PathChange, type PathStep, toPathEventDetail } from '../../core/path.ts';
import type { Family, ProbeEvent } from '../../core/round.ts';
import type { PathSnapshot } from '../../core/snapshot.ts';
import type { PageInput } from './input.ts';

// What changed on a path within a day: the events of the store, which outlive a restart, and those
// changes of the snapshot that no event tells.

export interface PastChange {
  family: Family;
  atMs: number;
  /** The first TTL at which the two differ. */
  ttl: number;
  before: readonly PathStep[];
  after: readonly PathStep[];
  /** The path led to the target until then. */
  isCut: boolean;
}

/** A path is never shown longer. */
export const HOPS_MAX = 64;
/** Nor are more of its changes. */
export const CHANGES_MAX = 32;
const DAY_MS = 86_400_000;
const ADDRESS_LENGTH_MAX = 64;

/** Newest first, at most `CHANGES_MAX`. */
export function changesOf(input: PageInput, path: PathSnapshot): PastChange[] {
  const events = eventsByPath(input.events).get(keyOf(path)) ?? [];
  const told = events.slice(0, CHANGES_MAX).flatMap((event) => toPastChange(event) ?? []);
  const times = new Set(events.map(({ fromMs }) => fromMs));
  const rest = path.changes.filter(({ atMs }) => !times.has(atMs));
  const all = [...told, ...rest.map((change) => fromSnapshot(path, change))];
  const recent = all.filter(({ atMs }) => input.snapshot.nowMs - atMs <= DAY_MS);
  return recent.sort((a, b) => b.atMs - a.atMs).slice(0, CHANGES_MAX);
}

/** When the last one was; null when none was within a day. */
export function lastChangeMs(input: PageInput, path: PathSnapshot): number | null {
  const told = eventsByPath(input.events).get(keyOf(path))?.[0]?.fromMs ?? 0;
  const atMs = Math.max(told, path.changes.at(-1)?.atMs ?? 0);
  return input.snapshot.nowMs - atMs <= DAY_MS ? atMs : null;
}

/** The last one; null when none was within a day. */
export function lastChangeOf(input: PageInput, path: PathSnapshot): PastChange | null {
  const atMs = lastChangeMs(input, path);
  if (atMs === null) return null;
  const told = eventsByPath(input.events).get(keyOf(path))?.[0];
  if (told?.fromMs === atMs) return toPastChange(told);
  const last = path.changes.at(-1);
  return last === undefined ? null : fromSnapshot(path, last);
}

/** Addresses from the first TTL on, `*` for a silent one, as an event tells a path. */
export function toSteps(text: string): PathStep[] {
  const words = text.split(' ', HOPS_MAX).filter((word) => word !== '');
  return words.map((word, index) => ({
    ttl: index + 1,
    ip: word === '*' ? null : word.slice(0, ADDRESS_LENGTH_MAX),
  }));
}

/** Who stood at the first hop that differs and who stands there now, by an event of kind `path`. */
export function firstStep({ detail }: ProbeEvent): { from: string; to: string } {
  const index = (typeof detail['ttl'] === 'number' ? detail['ttl'] : 1) - 1;
  const at = (text: unknown): string => {
    const step = typeof text === 'string' ? toSteps(text)[index] : undefined;
    return step === undefined ? 'none' : (step.ip ?? 'silent');
  };
  return { from: at(detail['before']), to: at(detail['after']) };
}

/** Whether what led to the target does not any more, by an event of kind `path`. */
export function isCutBy({ detail }: ProbeEvent): boolean {
  return detail['beforeReached'] !== false && detail['afterReached'] === false;
}

// Every part of a page asks for them.
const byPath = new WeakMap<readonly ProbeEvent[], Map<string, ProbeEvent[]>>();

function eventsByPath(events: readonly ProbeEvent[]): Map<string, ProbeEvent[]> {
  const made = byPath.get(events) ?? groupEvents(events);
  byPath.set(events, made);
  return made;
}

function groupEvents(events: readonly ProbeEvent[]): Map<string, ProbeEvent[]> {
  const groups = new Map<string, ProbeEvent[]>();
  const wanted = events.filter(({ kind }) => kind === 'path');
  for (const event of wanted.sort((a, b) => b.fromMs - a.fromMs)) {
    const known = groups.get(keyOf(event));
    if (known === undefined) groups.set(keyOf(event), [event]);
    else known.push(event);
  }
  return groups;
}

function keyOf({ target, family }: { target: string | null; family: Family | null }): string {
  return `${family} ${target}`;
}

function fromSnapshot({ family, protocol }: PathSnapshot, change: PathChange): PastChange {
  const { atMs, before, after } = change;
  return {
    family,
    atMs,
    ttl: toPathEventDetail(protocol, change).ttl,
    before: before.hops.slice(0, HOPS_MAX),
    after: after.hops.slice(0, HOPS_MAX),
    isCut: before.reached && !after.reached,
  };
}

/** Null when the event does not say the paths. */
function toPastChange(event: ProbeEvent): PastChange | null {
  const { family, fromMs, detail } = event;
  const { before, after, ttl } = detail;
  if (family === null || typeof before !== 'string' || typeof after !== 'string') return null;
  return {
    family,
    atMs: fromMs,
    ttl: typeof ttl === 'number' ? ttl : 1,
    before: toSteps(before),
    after: toSteps(after),
    isCut: isCutBy(event),
  };
}

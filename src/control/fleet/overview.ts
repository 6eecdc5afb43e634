// How the fleet is: counts, and what is common to the probes that are in trouble. One look serves
// all who ask within some seconds, so that a fleet of thousands costs as much as one reader.
import type { ProbeHealth } from '../../core/fleet.ts';
import { type Finding, findTrouble } from '../../core/overview.ts';
import type { ControlContext } from '../request/context.ts';
import { factsOf, readEvents } from './overview-events.ts';
import { countsOf, readFleet } from './overview-fleet.ts';
import { readSaid } from './overview-reports.ts';

export interface FleetLook {
  atMs: number;
  counts: Record<ProbeHealth, number>;
  findings: Finding[];
  refusals: Array<{ probe: string; error: string }>;
  capped: Array<{ probe: string; sentences: readonly string[] }>;
  groups: string[];
}

/** So long an answer is good; and so long it is given while the next one is made. */
const FRESH_MS = 5_000;
const STALE_MS = 60_000;
const CHEAP_MS = 20;
const COST_SHARE = 20;
const LISTED_MAX = 50;

interface Kept {
  look: FleetLook | null;
  next: Promise<FleetLook> | null;
  /** What the last look took: a dear one is good for longer. */
  costMs: number;
  /** By the monotonic clock. */
  counted: { counts: Counts; untilMs: number } | null;
}

const KEPT = new WeakMap<ControlContext, Kept>();

/** Counts are exact at once after a change; the rest is at most a minute old. */
export async function lookAtFleet(context: ControlContext): Promise<FleetLook> {
  const kept = KEPT.get(context) ?? { look: null, next: null, counted: null, costMs: 0 };
  KEPT.set(context, kept);
  const { look } = kept;
  const freshMs = Math.max(FRESH_MS, COST_SHARE * kept.costMs);
  const ageMs = look === null ? Number.POSITIVE_INFINITY : Math.abs(context.nowMs() - look.atMs);
  if (look !== null && ageMs < freshMs) return { ...look, ...(await countFleet(context, kept)) };
  const startMs = performance.now();
  kept.next ??= makeLook(context)
    .then((made) => {
      kept.look = made;
      kept.costMs = performance.now() - startMs;
      return made;
    })
    .finally(() => {
      kept.next = null;
    });
  if (look === null || ageMs > STALE_MS) return await kept.next;
  kept.next.catch((error: unknown) => context.log.error(`the overview failed: ${String(error)}`));
  return { ...look, ...(await countFleet(context, kept)) };
}

type Counts = Pick<FleetLook, 'counts' | 'groups'>;

/** Cheap ones are made anew each time; those of a large fleet serve for twenty times their cost. */
async function countFleet(context: ControlContext, kept: Kept): Promise<Counts> {
  const startMs = performance.now();
  if (kept.counted !== null && startMs < kept.counted.untilMs) return kept.counted.counts;
  const { rows, groups } = await readFleet(context);
  const counts = { counts: countsOf(rows), groups };
  const costMs = performance.now() - startMs;
  const untilMs = costMs < CHEAP_MS ? 0 : startMs + COST_SHARE * costMs;
  kept.counted = { counts, untilMs };
  return counts;
}

async function makeLook(context: ControlContext): Promise<FleetLook> {
  const atMs = context.nowMs();
  const { rows, groups } = await readFleet(context);
  const said = await readSaid(context);
  const heard = rows.filter(({ health }) => health === 'well' || health === 'trouble');
  const events = await readEvents(context, new Set(heard.map(({ id }) => id)));
  const facts = factsOf(rows, said, events);
  const told = heard.flatMap(({ id, probe }) => {
    const own = said.get(id);
    return own === undefined ? [] : [{ probe: probe.name, ...own }];
  });
  return {
    atMs,
    counts: countsOf(rows),
    findings: findTrouble(facts),
    refusals: told
      .flatMap(({ probe, error }) => (error === null ? [] : [{ probe, error }]))
      .slice(0, LISTED_MAX),
    capped: told
      .flatMap(({ probe, capped }) => (capped.length === 0 ? [] : [{ probe, sentences: capped }]))
      .slice(0, LISTED_MAX),
    groups,
  };
}

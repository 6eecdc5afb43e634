// How the fleet is: counts, and what is common to the probes that are in trouble. One look serves
// all who ask within some seconds, so that a fleet of thousands costs as much as one reader.
import type { ProbeHealth } from '../core/fleet.ts';
import { type Finding, findTrouble } from '../core/overview.ts';
import type { ControlContext } from './context.ts';
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
const LISTED_MAX = 50;

interface Kept {
  look: FleetLook | null;
  next: Promise<FleetLook> | null;
}

const KEPT = new WeakMap<ControlContext, Kept>();

/** Counts are exact at once after a change; the rest is at most a minute old. */
export async function lookAtFleet(context: ControlContext): Promise<FleetLook> {
  const kept = KEPT.get(context) ?? { look: null, next: null };
  KEPT.set(context, kept);
  const { look } = kept;
  const ageMs = look === null ? Number.POSITIVE_INFINITY : Math.abs(context.nowMs() - look.atMs);
  if (look !== null && ageMs < FRESH_MS) return { ...look, ...(await countFleet(context)) };
  kept.next ??= makeLook(context)
    .then((made) => {
      kept.look = made;
      return made;
    })
    .finally(() => {
      kept.next = null;
    });
  if (look === null || ageMs > STALE_MS) return await kept.next;
  kept.next.catch((error: unknown) => context.log.error(`the overview failed: ${String(error)}`));
  return { ...look, ...(await countFleet(context)) };
}

async function countFleet(context: ControlContext): Promise<Pick<FleetLook, 'counts' | 'groups'>> {
  const { rows, groups } = await readFleet(context);
  return { counts: countsOf(rows), groups };
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

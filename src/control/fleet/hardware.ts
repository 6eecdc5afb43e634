// The kinds of boards: those that come with the program, and those of a fleet's own folder, which
// stand before them. What is wrong with the former ends the start; of the latter it is told, and
// the kind stays what it was.

import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { HardwareProfile } from '../../core/hardware.ts';
import { SLUG } from '../../core/wire.ts';
import { OWN_HARDWARE, readProfileIn, slugsIn } from '../../host/hardware.ts';
import type { HardwareFolder } from '../request/config.ts';
import type { ControlContext } from '../request/context.ts';

const NAMES_MAX = 3;
const FAULTS_MAX = 20;

/** Those of the program. Throws ERR_CONFIG_INVALID with the file at fault. */
export function readHardware(directory: string = OWN_HARDWARE): HardwareProfile[] {
  const found = slugsIn(directory);
  if (!found.ok) throw invalid(found.reason);
  const profiles = found.slugs.map((slug) => {
    const one = readProfileIn(directory, slug);
    if (one.ok) return one.profile;
    throw invalid(one.reason);
  });
  if (profiles.some(({ slug }) => slug === 'generic')) return profiles;
  throw invalid(`there is no profile "generic" in ${directory}, and every fleet needs it`);
}

export interface FleetHardware {
  /** Sorted by slug. */
  profiles: HardwareProfile[];
  /** What is wrong with the fleet's own folder, one sentence for each file. */
  faults: string[];
}

/** `before`: what was known until now, of which a kind stays that cannot be read any more. */
export function readFleetHardware(
  folder: HardwareFolder | null,
  own: readonly HardwareProfile[],
  before: readonly HardwareProfile[] = own,
): FleetHardware {
  if (folder === null) return { profiles: [...own], faults: [] };
  const found = slugsIn(folder.directory);
  if (!found.ok) {
    const isFine = found.isMissing && folder.isOptional;
    return isFine
      ? { profiles: [...own], faults: [] }
      : { profiles: [...before], faults: [found.reason] };
  }
  const bySlug = new Map(own.map((profile) => [profile.slug, profile]));
  const faults: string[] = [];
  for (const slug of found.slugs) {
    const one = readNamed(folder.directory, slug);
    const known = one.ok ? one.profile : before.find((profile) => profile.slug === slug);
    if (known !== undefined) bySlug.set(slug, known);
    if (!one.ok) faults.push(one.reason);
  }
  return { profiles: [...bySlug.values()].sort((a, b) => (a.slug < b.slug ? -1 : 1)), faults };
}

/** At the start and at a reload: what is wrong, and which probes have no profile, is told. */
export function refreshHardware(context: ControlContext, own: readonly HardwareProfile[]): void {
  const { config, log } = context;
  const { profiles, faults } = readFleetHardware(config.hardware, own, context.hardware);
  context.hardware = profiles;
  for (const fault of faults.slice(0, FAULTS_MAX)) log.warn(fault);
  if (faults.length > FAULTS_MAX) {
    log.warn(`${faults.length - FAULTS_MAX} more hardware profiles cannot be used`);
  }
  for (const { slug, count, names } of probesWithout(context)) {
    const more = count > NAMES_MAX ? ` and ${count - NAMES_MAX} more` : '';
    log.warn(`there is no hardware profile "${slug}", which ${names}${more} have: they stay`);
  }
}

/** Kinds that probes have and nothing describes, with some names of the probes. */
function probesWithout({ store, hardware }: ControlContext) {
  const known = JSON.stringify(hardware.map(({ slug }) => slug));
  return store.raw
    .prepare<[string, number], { slug: string; count: number; names: string }>(
      `select hardware as slug, max(total) as count, group_concat(name, ', ') as names from (
         select hardware, name, count(*) over (partition by hardware) as total,
           row_number() over (partition by hardware order by name) as place
         from probes where hardware not in (select value from json_each(?))
       ) where place <= ? group by hardware order by hardware`,
    )
    .all(known, NAMES_MAX);
}

function readNamed(directory: string, slug: string) {
  if (v.is(SLUG, slug)) return readProfileIn(directory, slug);
  const what = 'the name of its directory is no slug (a-z, 0-9 and -)';
  const reason = `the hardware profile ${directory}/${slug}: ${what}`;
  return { ok: false, reason } as const;
}

function invalid(message: string): ProbeError {
  return new ProbeError('ERR_CONFIG_INVALID', message);
}

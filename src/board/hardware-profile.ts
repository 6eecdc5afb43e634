const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import * as v from 'valibot';
import { HARDWARE_PROFILE, type HardwareProfile } from '../core/hardware.ts';
import { FACT_PLACES } from './facts.ts';

/** Of the profiles that come with the program; null for one that does not, or is none. */
export function readProfile(
  slug: string,
  directory: string = FACT_PLACES.hardware,
): HardwareProfile | null {
  try {
    const text = fs.readFileSync(path.join(directory, slug, 'profile.json'), 'utf8');
    return v.parse(HARDWARE_PROFILE, JSON.parse(text));
  } catch {
    return null;
  }
}

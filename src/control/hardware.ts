// The kinds of boards, from hardware/<slug>/profile.json beside the package.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { ProbeError } from '../core/error.ts';
import { HARDWARE_PROFILE, type HardwareProfile } from '../core/hardware.ts';

const PROFILE_BYTES_MAX = 65_536;

/** The same place from src/control and from dist/control. */
export const HARDWARE_DIRECTORY = fileURLToPath(new URL('../../hardware/', import.meta.url));

/** By slug. Throws ERR_CONFIG_INVALID with the file at fault. */
export function readHardware(directory: string = HARDWARE_DIRECTORY): HardwareProfile[] {
  const names = readNames(directory);
  const profiles = names.map((name) => readProfile(join(directory, name, 'profile.json'), name));
  if (profiles.some(({ slug }) => slug === 'generic')) return profiles;
  throw invalid(
    join(directory, 'generic', 'profile.json'),
    'is not there, and every fleet needs it',
  );
}

function readNames(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch (cause) {
    throw invalid(directory, 'cannot be read', cause);
  }
}

function readProfile(file: string, slug: string): HardwareProfile {
  const parsed = v.safeParse(HARDWARE_PROFILE, parseJson(file));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue);
    throw invalid(file, path === null ? issue.message : `${path}: ${issue.message}`);
  }
  if (parsed.output.slug === slug) return parsed.output;
  throw invalid(file, `slug: expected "${slug}", as its directory is called`);
}

function parseJson(file: string): unknown {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length > PROFILE_BYTES_MAX) throw new Error(`more than ${PROFILE_BYTES_MAX} bytes`);
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(file, 'cannot be read', cause);
  }
}

function invalid(file: string, what: string, cause?: unknown): ProbeError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new ProbeError('ERR_CONFIG_INVALID', `the hardware profile ${file}: ${what}${why}`, {
    cause,
  });
}

import { ProbeError } from '../core/error.ts';
import type { HardwareProfile } from '../core/hardware.ts';
import {
  findProfile,
  hardwareBeside,
  OWN_HARDWARE,
  readProfileIn,
  slugsIn,
} from '../host/hardware.ts';

/** Where profiles are looked for: beside agent.json first, then with the program. */
export function hardwareFolders(configFile: string): string[] {
  return [hardwareBeside(configFile), OWN_HARDWARE];
}

/** Null for a slug that none has. Throws ERR_CONFIG_INVALID for a profile that is broken. */
export function readProfile(
  slug: string,
  folders: readonly string[] = [OWN_HARDWARE],
): HardwareProfile | null {
  const found = findProfile(slug, folders);
  if (found.ok) return found.profile;
  if (found.isMissing) return null;
  throw new ProbeError('ERR_CONFIG_INVALID', found.reason);
}

/** Slugs of those that can be read, sorted, for people. Never throws. */
export function knownProfiles(folders: readonly string[]): string[] {
  const known = folders.flatMap((folder) => {
    const found = slugsIn(folder);
    return found.ok ? found.slugs.filter((slug) => readProfileIn(folder, slug).ok) : [];
  });
  return [...new Set(known)].sort();
}

const fs = process.getBuiltinModule('node:fs');

import * as v from 'valibot';
import { ENROLL_PAYLOAD } from '../core/enroll-wire.ts';
import { line } from '../core/wire.ts';
import { findProfile, OWN_HARDWARE } from '../host/hardware.ts';
import { hardwareModel } from '../host/places.ts';
import type { AgentSettings } from './agent-config.ts';
import { type FoundMac, findMac } from './mac.ts';

// What the board says of itself, beside its key.

export interface BoardFacts extends FoundMac {
  /** As the machine calls itself. */
  model: string | null;
  /** Slug of the profile that the image was made for. */
  hardware: string | null;
  version: string;
  node: string;
  sshHostKey: string | null;
  bootId: string;
  /** Why the profile does not say whose MAC is taken; null where it does, or is not asked. */
  profileFault: string | null;
}

/** Where the facts are read. */
export interface FactPlaces {
  sys: string;
  sshHostKey: string;
  /** Folders of profiles; the first one that has the slug counts. */
  hardware: readonly string[];
}

export const FACT_PLACES: FactPlaces = {
  sys: '/sys',
  sshHostKey: '/etc/ssh/ssh_host_ed25519_key.pub',
  hardware: [OWN_HARDWARE],
};

/** Throws ERR_CONFIG_INVALID and ERR_USAGE as `findMac` does. */
export function readFacts(
  settings: Pick<AgentSettings, 'mac' | 'interface' | 'hardware'>,
  version: string,
  places: FactPlaces = FACT_PLACES,
): BoardFacts {
  const { usual, profileFault } = usualInterface(settings, places.hardware);
  const found = findMac({ ...settings, usual, sys: places.sys });
  return {
    ...found,
    model: printable(hardwareModel()),
    hardware: settings.hardware,
    version,
    node: process.version.slice(1),
    sshHostKey: readHostKey(places.sshHostKey),
    bootId: readText('/proc/sys/kernel/random/boot_id')?.trim().slice(0, 64) ?? 'unknown',
    profileFault,
  };
}

// A board whose profile is lost or broken starts nevertheless: with its first wired interface.
function usualInterface(
  settings: Pick<AgentSettings, 'mac' | 'interface' | 'hardware'>,
  folders: readonly string[],
): { usual: string | null; profileFault: string | null } {
  const { mac, hardware } = settings;
  const isAsked = mac === null && settings.interface === null && hardware !== null;
  if (!isAsked) return { usual: null, profileFault: null };
  const found = findProfile(hardware, folders);
  if (found.ok) return { usual: found.profile.interface, profileFault: null };
  return { usual: null, profileFault: found.reason };
}

// Firmware may hold anything.
function printable(model: string | null): string | null {
  return v.is(line('a model', 64), model) ? model : null;
}

// Type and key without the comment, which names who made it.
function readHostKey(file: string): string | null {
  const key = readText(file)?.trim().split(/\s+/).slice(0, 2).join(' ') ?? null;
  return v.is(ENROLL_PAYLOAD.entries.sshHostKey, key) ? key : null;
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

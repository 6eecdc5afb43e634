const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { ENROLL_PAYLOAD } from '../core/enroll-wire.ts';
import { HARDWARE_PROFILE } from '../core/hardware.ts';
import { line } from '../core/wire.ts';
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
}

/** Where the facts are read. */
export interface FactPlaces {
  sys: string;
  sshHostKey: string;
  /** Of the profiles: `<slug>/profile.json`. */
  hardware: string;
}

// Both src/board and dist/board lie two levels below.
export const FACT_PLACES: FactPlaces = {
  sys: '/sys',
  sshHostKey: '/etc/ssh/ssh_host_ed25519_key.pub',
  hardware: fileURLToPath(new URL('../../hardware', import.meta.url)),
};

/** Throws ERR_CONFIG_INVALID and ERR_USAGE as `findMac` does. */
export function readFacts(
  settings: Pick<AgentSettings, 'mac' | 'interface' | 'hardware'>,
  version: string,
  places: FactPlaces = FACT_PLACES,
): BoardFacts {
  const usual = usualInterface(places.hardware, settings.hardware);
  const found = findMac({ ...settings, usual, sys: places.sys });
  return {
    ...found,
    model: printable(hardwareModel()),
    hardware: settings.hardware,
    version,
    node: process.version.slice(1),
    sshHostKey: readHostKey(places.sshHostKey),
    bootId: readText('/proc/sys/kernel/random/boot_id')?.trim().slice(0, 64) ?? 'unknown',
  };
}

function usualInterface(directory: string, hardware: string | null): string | null {
  if (hardware === null) return null;
  const text = readText(path.join(directory, hardware, 'profile.json'));
  // Images may be of a profile that this version does not bring.
  if (text === null) return null;
  try {
    return v.parse(HARDWARE_PROFILE, JSON.parse(text)).interface;
  } catch {
    return null;
  }
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

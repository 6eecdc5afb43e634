const fs = process.getBuiltinModule('node:fs');

import { fileURLToPath } from 'node:url';
import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';

// The units, users and directories of a board are data, in nix/units.json, which the modules for
// NixOS read too: what hardens one hardens both. Here they become texts for any other system.

const VALUE = v.union([v.string(), v.array(v.string())]);
const SECTION = v.record(v.pipe(v.string(), v.regex(/^[A-Za-z]{1,64}$/)), VALUE);
const NAME = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,30}$/));
const PATH = v.pipe(v.string(), v.regex(/^\/[a-z/-]{1,200}$/));

const UNITS = v.strictObject({
  schema: v.literal(1),
  /** Keys that only a systemd of this version or a later one knows. */
  since: v.record(v.string(), v.number()),
  users: v.array(v.strictObject({ name: NAME, about: v.string(), home: PATH })),
  directories: v.array(
    v.strictObject({
      path: PATH,
      mode: v.pipe(v.string(), v.regex(/^0[0-7]{3}$/)),
      user: NAME,
      group: NAME,
    }),
  ),
  units: v.record(
    v.pipe(v.string(), v.regex(/^flint-[a-z-]{1,40}\.service$/)),
    v.strictObject({ Unit: SECTION, Service: SECTION, Install: SECTION }),
  ),
});

export type Units = v.InferOutput<typeof UNITS>;
export type Unit = Units['units'][string];
export type Section = v.InferOutput<typeof SECTION>;

/** What stands for the placeholders, `@flint@` and so on; absolute paths. */
export interface UnitValues {
  /** The program: the directory with dist/, build/ and hardware/. */
  flint: string;
  node: string;
  launch: string;
  vmagent: string;
  config: string;
}

// Both src/board/install and dist/board/install lie three levels below.
const UNITS_FILE = fileURLToPath(new URL('../../../nix/units.json', import.meta.url));

/** Throws ERR_CONFIG_INVALID. */
export function readUnits(file: string = UNITS_FILE): Units {
  try {
    return v.parse(UNITS, JSON.parse(fs.readFileSync(file, 'utf8')));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError('ERR_CONFIG_INVALID', `the units ${file} cannot be used: ${why}`, {
      cause,
    });
  }
}

/** Name → text, for a systemd of that version. */
export function renderUnits(
  { units, since }: Units,
  values: UnitValues,
  systemdVersion: number,
): Map<string, string> {
  const isKnown = (key: string): boolean => (since[key] ?? 0) <= systemdVersion;
  return new Map(
    Object.entries(units).map(([name, unit]) => [name, renderUnit(unit, values, isKnown)]),
  );
}

/** As sysusers.d(5) wants it; each user has a group of its own name. */
export function renderUsers({ users }: Units): string {
  return lines(users.map(({ name, about, home }) => `u ${name} - "${about}" ${home}`));
}

/** As tmpfiles.d(5) wants it: what must be there again after a boot. */
export function renderDirectories({ directories }: Units): string {
  return lines(
    directories.map(({ path, mode, user, group }) => `d ${path} ${mode} ${user} ${group} -`),
  );
}

/** The targets that want the unit once it is enabled. */
export function wantedBy({ Install }: Unit): string[] {
  return listOf(Install['WantedBy'] ?? []);
}

const MARK = '# Made by "flint install". Changes belong into "systemctl edit", not in here.';

function lines(texts: readonly string[]): string {
  return `${['# Made by "flint install".', ...texts].join('\n')}\n`;
}

function renderUnit(unit: Unit, values: UnitValues, isKnown: (key: string) => boolean): string {
  const sections = Object.entries(unit)
    .filter(([, section]) => Object.keys(section).length > 0)
    .map(([name, section]) => `[${name}]\n${renderSection(section, values, isKnown)}`);
  return `${[MARK, ...sections].join('\n\n')}\n`;
}

function renderSection(
  section: Section,
  values: UnitValues,
  isKnown: (key: string) => boolean,
): string {
  return Object.entries(section)
    .filter(([key]) => isKnown(key))
    .flatMap(([key, value]) => listOf(value).map((one) => `${key}=${fill(one, values)}`))
    .join('\n');
}

function listOf(value: string | readonly string[]): string[] {
  return typeof value === 'string' ? [value] : [...value];
}

function fill(text: string, values: UnitValues): string {
  return text.replace(/@([a-z]+)@/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name as keyof UnitValues] : whole,
  );
}

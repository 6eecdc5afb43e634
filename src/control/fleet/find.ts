// One probe by its name, with what a change of it has to know, and what the audit log says of it.
import type { Selectable } from 'kysely';
import { ProbeError } from '../../core/error.ts';
import type { HardwareProfile } from '../../core/hardware.ts';
import { inputInvalid } from '../request/problem.ts';
import type { Db } from '../store/db.ts';
import type { ProbeTable } from '../store/db-tables.ts';

export type ProbeRecord = Selectable<ProbeTable>;

export interface Labels {
  groups: string[];
  tags: string[];
}

/** Throws ERR_NOT_FOUND. */
export async function probeByName(db: Db, name: string): Promise<ProbeRecord> {
  const probe = await db
    .selectFrom('probes')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  if (probe !== undefined) return probe;
  throw new ProbeError('ERR_NOT_FOUND', `there is no probe ${JSON.stringify(name)}`);
}

export async function labelsOf(db: Db, probeId: number): Promise<Labels> {
  const rows = await db
    .selectFrom('probe_labels')
    .select(['kind', 'value'])
    .where('probeId', '=', probeId)
    .orderBy('value')
    .execute();
  return {
    groups: rows.filter(({ kind }) => kind === 'group').map(({ value }) => value),
    tags: rows.filter(({ kind }) => kind === 'tag').map(({ value }) => value),
  };
}

/** Replaces both lists; what is named twice is kept once. */
export async function putLabels(db: Db, probeId: number, { groups, tags }: Labels): Promise<void> {
  await db.deleteFrom('probe_labels').where('probeId', '=', probeId).execute();
  const rows = [
    ...[...new Set(groups)].map((value) => ({ probeId, kind: 'group' as const, value })),
    ...[...new Set(tags)].map((value) => ({ probeId, kind: 'tag' as const, value })),
  ];
  if (rows.length > 0) await db.insertInto('probe_labels').values(rows).execute();
}

/** The same text for what is stored and for what is searched. */
export function searchText(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** All that a search looks through. */
export function searchOf(
  probe: Pick<ProbeRecord, 'name' | 'mac' | 'hardware' | 'address'> &
    Pick<ProbeRecord, 'location' | 'contact' | 'note'>,
  { groups, tags }: Labels,
): string {
  const { name, mac, hardware, address, location, contact, note } = probe;
  const words = [name, mac, address ?? '', hardware, location, contact, note, ...groups, ...tags];
  return searchText(words.join('\n'));
}

/** What the audit log keeps of a probe: all that an operator decides, and no secret. */
export function auditOf(probe: ProbeRecord, labels: Labels): Record<string, unknown> {
  const { name, mac, hardware, address, location, contact, note, fingerprint } = probe;
  const isDisabled = probe.disabledMs !== null;
  return {
    ...{ name, mac, hardware, address, location, contact, note, fingerprint },
    ...{ ...labels, isDisabled },
  };
}

/** Throws ERR_INPUT_INVALID for a slug that no profile has. */
export function checkHardware(profiles: readonly HardwareProfile[], slug: string): void {
  if (profiles.some((profile) => profile.slug === slug)) return;
  const known = profiles.map((profile) => profile.slug).join(', ');
  const message = `expected one of ${known} but got ${JSON.stringify(slug)}`;
  throw inputInvalid(`hardware: ${message}`, [{ path: 'hardware', message }]);
}

/** A probe's name is its host name, which RFC 1123 §2.1 lets end in no hyphen. */
export function checkName(name: string): void {
  if (!name.endsWith('-')) return;
  const message = `expected a name that ends in a letter or digit but got ${JSON.stringify(name)}`;
  throw inputInvalid(`name: ${message}`, [{ path: 'name', message }]);
}

// Probes are added, changed and removed.
import type { InferOutput } from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { PROBE_CHANGE, PROBE_INPUT, ProbeRow } from '../../core/fleet.ts';
import { parseMac } from '../../core/wire.ts';
import { recordAudit } from '../accounts/audit.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import type { Db } from '../store/db.ts';
import { historyOf } from '../store/history.ts';
import {
  auditOf,
  checkHardware,
  checkName,
  type Labels,
  labelsOf,
  type ProbeRecord,
  probeByName,
  putLabels,
  searchOf,
} from './find.ts';
import { checkRunner } from './judge.ts';
import { nextAddress, nextName } from './names.ts';
import { forgetProbeKeys } from './probe-keys.ts';
import { readFacts, toRow } from './rows.ts';

export type ProbeInput = InferOutput<typeof PROBE_INPUT>;
export type ProbeChange = InferOutput<typeof PROBE_CHANGE>;

/** Registers a board by its MAC. Throws ERR_CONFLICT for a MAC or name that is taken. */
export async function addProbe(
  context: ControlContext,
  actor: Actor,
  input: ProbeInput,
): Promise<ProbeRow> {
  checkHardware(context.hardware, input.hardware);
  return await context.store.write(async (db) => {
    const { id } = await insertProbe(db, context, input);
    await admitWaiting(db, id, parseMac(input.mac) ?? '');
    await recordAdded(db, context, { actor, action: 'probe.add', id });
    return await rowOf(db, context, id);
  });
}

/** What is named changes. Throws ERR_NOT_FOUND, ERR_CONFLICT, ERR_INPUT_INVALID. */
export async function changeProbe(
  context: ControlContext,
  actor: Actor,
  name: string,
  change: ProbeChange,
): Promise<ProbeRow> {
  return await context.store.write(async (db) => {
    const probe = await probeByName(db, name);
    const labels = await labelsOf(db, probe.id);
    const { groups = labels.groups, tags = labels.tags, ...values } = change;
    const next = withValues(probe, values);
    // One whose profile is gone may still be edited.
    if (next.hardware !== probe.hardware) checkHardware(context.hardware, next.hardware);
    if (next.name !== probe.name) await refuseTakenName(db, next.name);
    await putLabels(db, probe.id, { groups, tags });
    const nextLabels = await labelsOf(db, probe.id);
    await saveAbout(db, next, nextLabels);
    await checkRunner(db, { id: probe.id, name: next.name, groups: nextLabels.groups });
    const before = auditOf(probe, labels);
    const after = auditOf(next, nextLabels);
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      const entry = { actor, action: 'probe.edit', subject: name, before, after };
      await recordAudit(db, context.nowMs(), entry);
      context.revision.value++;
      forgetProbeKeys(context, probe.id);
    }
    return await rowOf(db, context, probe.id);
  });
}

/** With all that it reported; its name and address may be given again. Throws ERR_NOT_FOUND. */
export async function removeProbe(
  context: ControlContext,
  actor: Actor,
  name: string,
): Promise<void> {
  const removed = await context.store.write(async (db) => {
    const probe = await probeByName(db, name);
    const before = auditOf(probe, await labelsOf(db, probe.id));
    for (const table of ['assignments', 'maintenance'] as const) {
      await db
        .deleteFrom(table)
        .where('scope', '=', 'probe')
        .where('value', '=', String(probe.id))
        .execute();
    }
    await db.deleteFrom('probes').where('id', '=', probe.id).execute();
    const entry = { actor, action: 'probe.remove', subject: name, before };
    await recordAudit(db, context.nowMs(), entry);
    context.revision.value++;
    forgetProbeKeys(context, probe.id);
    return probe.id;
  });
  historyOf(context)?.removeProbe(removed);
}

/** Inside a write: the row of a new probe, its labels, and that what it will run is possible. */
export async function insertProbe(
  db: Db,
  context: ControlContext,
  input: ProbeInput,
): Promise<{ id: number; name: string }> {
  const mac = parseMac(input.mac) ?? '';
  await refuseTakenMac(db, mac);
  if (input.name !== undefined) await refuseTakenName(db, input.name);
  const name = input.name ?? (await nextName(db, context.config.namePrefix));
  const address = await nextAddress(db, context.config.addressPrefix);
  const { hardware, location = '', contact = '', note = '', groups = [], tags = [] } = input;
  const about = { name, mac, hardware, address: address?.text ?? null, location, contact, note };
  const { id } = await db
    .insertInto('probes')
    .values({
      ...about,
      addressKey: address?.key ?? null,
      search: searchOf(about, { groups, tags }),
      createdMs: context.nowMs(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await putLabels(db, id, { groups, tags });
  await checkRunner(db, { id, name, groups });
  return { id, name };
}

/** Inside a write: throws ERR_CONFLICT with the name of the probe that has the MAC. */
export async function refuseTakenMac(db: Db, mac: string): Promise<void> {
  const other = await db
    .selectFrom('probes')
    .select('name')
    .where('mac', '=', mac)
    .executeTakeFirst();
  if (other === undefined) return;
  throw new ProbeError('ERR_CONFLICT', `the MAC ${mac} is that of ${other.name} already`);
}

/** Inside a write: boards with this MAC that asked before it was registered wait for approval. */
export async function admitWaiting(db: Db, probeId: number, mac: string): Promise<void> {
  const boards = await db
    .deleteFrom('boards')
    .where('mac', '=', mac)
    .returning(['publicKey', 'fingerprint', 'model', 'hardware', 'version', 'seenFrom'])
    .returning(['firstMs', 'lastMs', 'attempts'])
    .execute();
  const latest = boards.sort((a, b) => b.lastMs - a.lastMs).slice(0, CANDIDATES_MAX);
  if (latest.length === 0) return;
  await db
    .insertInto('candidates')
    .values(latest.map((board) => ({ ...board, probeId, sshHostKey: null })))
    .execute();
}

export async function rowOf(db: Db, context: ControlContext, id: number): Promise<ProbeRow> {
  const nowMs = context.nowMs();
  const [facts] = await readFacts(db, [id], nowMs);
  if (facts === undefined) throw new ProbeError('ERR_NOT_FOUND', `there is no probe ${id}`);
  return toRow(facts, nowMs);
}

/** Inside a write. */
export async function recordAdded(
  db: Db,
  context: ControlContext,
  { actor, action, id }: { actor: Actor; action: string; id: number },
): Promise<void> {
  const probe = await db
    .selectFrom('probes')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const after = auditOf(probe, await labelsOf(db, id));
  await recordAudit(db, context.nowMs(), { actor, action, subject: probe.name, after });
  context.revision.value++;
}

function withValues(probe: ProbeRecord, change: Omit<ProbeChange, keyof Labels>): ProbeRecord {
  const { name, hardware, location, contact, note } = change;
  return {
    ...probe,
    name: name ?? probe.name,
    hardware: hardware ?? probe.hardware,
    location: location ?? probe.location,
    contact: contact ?? probe.contact,
    note: note ?? probe.note,
  };
}

/** Keys that wait for one probe (control/enroll/store.ts holds them to it, too). */
const CANDIDATES_MAX = 8;

async function refuseTakenName(db: Db, name: string): Promise<void> {
  checkName(name);
  const other = await db
    .selectFrom('probes')
    .select('mac')
    .where('name', '=', name)
    .executeTakeFirst();
  if (other === undefined) return;
  throw new ProbeError(
    'ERR_CONFLICT',
    `${name} is the name of the probe with ${other.mac} already`,
  );
}

async function saveAbout(db: Db, probe: ProbeRecord, labels: Labels): Promise<void> {
  const { id, name, hardware, location, contact, note } = probe;
  await db
    .updateTable('probes')
    .set({ name, hardware, location, contact, note, search: searchOf(probe, labels) })
    .where('id', '=', id)
    .execute();
}

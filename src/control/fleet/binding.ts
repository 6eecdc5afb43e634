// Which board a probe is: approved by a person who compared fingerprints, refused, disabled,
// enabled, freed for another key, or replaced by another board. Whatever a person may click twice
// does nothing the second time.
import type { InferOutput } from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { ProbeRow, REPLACEMENT } from '../../core/fleet.ts';
import type { CANDIDATE_CHOICE } from '../../core/fleet-boards.ts';
import { parseMac } from '../../core/wire.ts';
import { recordAudit } from '../accounts/audit.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import type { Db } from '../store/db.ts';
import {
  auditOf,
  checkHardware,
  labelsOf,
  type ProbeRecord,
  probeByName,
  searchOf,
} from './find.ts';
import { forgetProbeKeys } from './probe-keys.ts';
import { admitWaiting, refuseTakenMac, rowOf } from './probes.ts';

export type CandidateChoice = InferOutput<typeof CANDIDATE_CHOICE>;
export type Replacement = InferOutput<typeof REPLACEMENT>;

/** The key that a probe is bound to, and what its board said with it. */
export interface BoardKey {
  publicKey: string;
  fingerprint: string;
  sshHostKey: string | null;
  model: string | null;
}

/** Throws ERR_NOT_FOUND without such a candidate, ERR_CONFLICT when it cannot be bound. */
export async function approveProbe(
  context: ControlContext,
  actor: Actor,
  name: string,
  choice: CandidateChoice,
): Promise<ProbeRow> {
  return await changing(context, { actor, name, action: 'probe.approve' }, async (db, probe) => {
    const fingerprint = fingerprintOf(choice);
    if (probe.fingerprint === fingerprint) return false;
    refuseBound(probe);
    const candidate = await db
      .selectFrom('candidates')
      .selectAll()
      .where('probeId', '=', probe.id)
      .where('fingerprint', '=', fingerprint)
      .executeTakeFirst();
    if (candidate === undefined) {
      const text = `no board with the fingerprint ${fingerprint} asks to be ${name} (any more)`;
      throw new ProbeError('ERR_NOT_FOUND', text);
    }
    await bindKey(db, context.nowMs(), probe, candidate);
    return true;
  });
}

/** It may ask again, and is then shown again. */
export async function refuseCandidate(
  context: ControlContext,
  actor: Actor,
  name: string,
  choice: CandidateChoice,
): Promise<ProbeRow> {
  return await context.store.write(async (db) => {
    const probe = await probeByName(db, name);
    const fingerprint = fingerprintOf(choice);
    const [gone] = await db
      .deleteFrom('candidates')
      .where('probeId', '=', probe.id)
      .where('fingerprint', '=', fingerprint)
      .returning(['fingerprint', 'model', 'seenFrom'])
      .execute();
    if (gone !== undefined) {
      const entry = { actor, action: 'probe.refuse', subject: name, before: gone };
      await recordAudit(db, context.nowMs(), entry);
    }
    return await rowOf(db, context, probe.id);
  });
}

/** Its API keys end with this very change; it stays bound to its board. */
export async function disableProbe(
  context: ControlContext,
  actor: Actor,
  name: string,
): Promise<ProbeRow> {
  return await changing(context, { actor, name, action: 'probe.disable' }, async (db, { id }) => {
    const { numUpdatedRows } = await db
      .updateTable('probes')
      .set({ disabledMs: context.nowMs() })
      .where('id', '=', id)
      .where('disabledMs', 'is', null)
      .executeTakeFirst();
    await db.deleteFrom('probe_keys').where('probeId', '=', id).execute();
    await db.deleteFrom('candidates').where('probeId', '=', id).execute();
    return numUpdatedRows > 0n;
  });
}

/** Its board gets a new API key when it asks next. */
export async function enableProbe(
  context: ControlContext,
  actor: Actor,
  name: string,
): Promise<ProbeRow> {
  return await changing(context, { actor, name, action: 'probe.enable' }, async (db, { id }) => {
    const { numUpdatedRows } = await db
      .updateTable('probes')
      .set({ disabledMs: null })
      .where('id', '=', id)
      .where('disabledMs', 'is not', null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  });
}

/** Forgets its key, so that the board with this MAC may be approved anew. */
export async function rearmProbe(
  context: ControlContext,
  actor: Actor,
  name: string,
): Promise<ProbeRow> {
  return await changing(context, { actor, name, action: 'probe.rearm' }, async (db, probe) => {
    if (probe.publicKey === null) return false;
    await forgetBoard(db, probe.id);
    return true;
  });
}

/** Another board in its place: name, address, groups and history stay. */
export async function replaceProbe(
  context: ControlContext,
  actor: Actor,
  name: string,
  { mac: written, hardware }: Replacement,
): Promise<ProbeRow> {
  const mac = parseMac(written) ?? '';
  return await changing(context, { actor, name, action: 'probe.replace' }, async (db, probe) => {
    const next = { ...probe, mac, hardware: hardware ?? probe.hardware };
    if (next.mac === probe.mac && next.hardware === probe.hardware) return false;
    if (next.hardware !== probe.hardware) checkHardware(context.hardware, next.hardware);
    const isOther = next.mac !== probe.mac;
    if (isOther) {
      await refuseTakenMac(db, mac);
      await forgetBoard(db, probe.id);
    }
    const search = searchOf(next, await labelsOf(db, probe.id));
    await db
      .updateTable('probes')
      .set({ mac, hardware: next.hardware, search })
      .where('id', '=', probe.id)
      .execute();
    if (isOther) await admitWaiting(db, probe.id, mac);
    return true;
  });
}

/** Inside a write: binds the key, and ends the wait of all others. Throws ERR_CONFLICT. */
export async function bindKey(
  db: Db,
  nowMs: number,
  probe: Pick<ProbeRecord, 'id' | 'name' | 'publicKey' | 'fingerprint' | 'disabledMs'>,
  { publicKey, fingerprint, sshHostKey, model }: BoardKey,
): Promise<void> {
  const { id, name } = probe;
  if (probe.disabledMs !== null) {
    throw new ProbeError('ERR_CONFLICT', `${name} is disabled: enable it first`);
  }
  refuseBound(probe);
  const owner = await db
    .selectFrom('probes')
    .select('name')
    .where('publicKey', '=', publicKey)
    .executeTakeFirst();
  if (owner !== undefined) {
    const text = `the board with the fingerprint ${fingerprint} is ${owner.name} already`;
    throw new ProbeError('ERR_CONFLICT', `${text}: re-arm or remove that first`);
  }
  await db
    .updateTable('probes')
    .set({ publicKey, fingerprint, sshHostKey, model, boundMs: nowMs })
    .where('id', '=', id)
    .execute();
  await db.deleteFrom('candidates').where('probeId', '=', id).execute();
}

function refuseBound({
  name,
  publicKey,
  fingerprint,
}: Pick<ProbeRecord, 'name' | 'publicKey' | 'fingerprint'>): void {
  if (publicKey === null) return;
  const text = `${name} is bound to another board (${fingerprint}): re-arm it first`;
  throw new ProbeError('ERR_CONFLICT', text);
}

// What it said last was said by a board that is no longer it.
async function forgetBoard(db: Db, id: number): Promise<void> {
  const none = { publicKey: null, fingerprint: null, boundMs: null, sshHostKey: null, model: null };
  await db.updateTable('probes').set(none).where('id', '=', id).execute();
  for (const table of ['probe_keys', 'candidates', 'probe_states'] as const) {
    await db.deleteFrom(table).where('probeId', '=', id).execute();
  }
}

interface Change {
  actor: Actor;
  name: string;
  action: string;
}

/** One write with its audit entry; `work` returns whether anything changed. */
async function changing(
  context: ControlContext,
  { actor, name, action }: Change,
  work: (db: Db, probe: ProbeRecord) => Promise<boolean>,
): Promise<ProbeRow> {
  return await context.store.write(async (db) => {
    const probe = await probeByName(db, name);
    const isChanged = await work(db, probe);
    if (isChanged) {
      const labels = await labelsOf(db, probe.id);
      const before = auditOf(probe, labels);
      const after = auditOf(await probeByName(db, name), labels);
      const entry = { actor, action, subject: name, before, after };
      await recordAudit(db, context.nowMs(), entry);
    }
    forgetProbeKeys(context, probe.id);
    return await rowOf(db, context, probe.id);
  });
}

function fingerprintOf({ fingerprint }: CandidateChoice): string {
  const digits = fingerprint.toLowerCase().replace(/[\s:-]/g, '');
  return (digits.match(/.{1,4}/g) ?? []).join(' ');
}

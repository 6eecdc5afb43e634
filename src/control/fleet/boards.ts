// Boards that asked to be let in and whose MAC nobody registered.
import type { InferOutput } from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { BOARD_REGISTRATION, ProbeRow } from '../../core/fleet.ts';
import type { UNKNOWN_BOARD } from '../../core/fleet-boards.ts';
import { recordAudit } from '../accounts/audit.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import type { Db } from '../store/db.ts';
import { bindKey } from './binding.ts';
import { checkHardware, probeByName } from './find.ts';
import { insertProbe, recordAdded, rowOf } from './probes.ts';

export type BoardRegistration = InferOutput<typeof BOARD_REGISTRATION>;
export type UnknownBoard = InferOutput<typeof UNKNOWN_BOARD>;

/** The table is bounded (control/enroll/store.ts); so is this. */
const LISTED_MAX = 1000;

/** Those that asked last first. */
export async function listBoards(context: ControlContext): Promise<UnknownBoard[]> {
  return await context.store.db
    .selectFrom('boards')
    .select(['id', 'mac', 'publicKey', 'fingerprint', 'model', 'hardware', 'version', 'seenFrom'])
    .select(['firstMs', 'lastMs', 'attempts'])
    .orderBy('lastMs', 'desc')
    .orderBy('id', 'desc')
    .limit(LISTED_MAX)
    .execute();
}

/**
 * Makes a probe of the board and binds the key that asked; others with its MAC are forgotten.
 * Throws ERR_NOT_FOUND, ERR_CONFLICT, ERR_INPUT_INVALID.
 */
export async function registerBoard(
  context: ControlContext,
  actor: Actor,
  id: number,
  input: BoardRegistration,
): Promise<ProbeRow> {
  if (input.hardware !== undefined) checkHardware(context.hardware, input.hardware);
  return await context.store.write(async (db) => {
    const board = await boardById(db, id);
    const known = context.hardware.some(({ slug }) => slug === board.hardware);
    const hardware = input.hardware ?? (known ? board.hardware : null) ?? 'generic';
    checkHardware(context.hardware, hardware);
    const { id: probeId, name } = await insertProbe(db, context, {
      ...input,
      hardware,
      mac: board.mac,
    });
    const probe = await probeByName(db, name);
    await bindKey(db, context.nowMs(), probe, { ...board, sshHostKey: null });
    await db.deleteFrom('boards').where('mac', '=', board.mac).execute();
    await recordAdded(db, context, { actor, action: 'board.register', id: probeId });
    return await rowOf(db, context, probeId);
  });
}

/** It is shown again if it asks again; one that is gone already is no error. */
export async function forgetBoard(
  context: ControlContext,
  actor: Actor,
  id: number,
): Promise<void> {
  await context.store.write(async (db) => {
    const [board] = await db
      .deleteFrom('boards')
      .where('id', '=', id)
      .returning(['mac', 'fingerprint', 'model', 'seenFrom'])
      .execute();
    if (board === undefined) return;
    const entry = { actor, action: 'board.forget', subject: board.mac, before: board };
    await recordAudit(db, context.nowMs(), entry);
  });
}

async function boardById(db: Db, id: number) {
  const board = await db.selectFrom('boards').selectAll().where('id', '=', id).executeTakeFirst();
  if (board !== undefined) return board;
  const text = `there is no board ${id} (any more): it may be registered already`;
  throw new ProbeError('ERR_NOT_FOUND', text);
}

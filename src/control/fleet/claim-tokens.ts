// Claim tokens: an image that carries one is let in without a person's approval, so often and so
// long as the token says.
import type { InferOutput } from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { CLAIM_TOKEN, CLAIM_TOKEN_INPUT, CLAIM_TOKEN_MADE } from '../../core/fleet-boards.ts';
import { recordAudit } from '../accounts/audit.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import { makeCredential } from '../request/credential.ts';
import type { Db } from '../store/db.ts';
import { probeByName } from './find.ts';

export type ClaimTokenInput = InferOutput<typeof CLAIM_TOKEN_INPUT>;
export type ClaimToken = InferOutput<typeof CLAIM_TOKEN>;
export type ClaimTokenMade = InferOutput<typeof CLAIM_TOKEN_MADE>;

const LISTED_MAX = 1000;

/** The newest first, those that no longer work among them. */
export async function listClaimTokens(context: ControlContext): Promise<ClaimToken[]> {
  return await select(context.store.db)
    .orderBy('claim_tokens.id', 'desc')
    .limit(LISTED_MAX)
    .execute();
}

/** The token itself is told here and never again. Throws ERR_NOT_FOUND, ERR_CONFLICT. */
export async function makeClaimToken(
  context: ControlContext,
  actor: Actor,
  { label, probe: name, uses, lifetimeMs }: ClaimTokenInput,
): Promise<ClaimTokenMade> {
  const { text: token, sha256: tokenSha256 } = makeCredential('claim');
  const nowMs = context.nowMs();
  return await context.store.write(async (db) => {
    await refuseTooMany(db);
    const probe = name === null ? null : await probeByName(db, name);
    const { id } = await db
      .insertInto('claim_tokens')
      .values({
        ...{ tokenSha256, label, probeId: probe?.id ?? null, usesMax: uses, uses: 0 },
        ...{ createdMs: nowMs, untilMs: nowMs + lifetimeMs, createdBy: actor.text },
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const made = await byId(db, id);
    const after = { id, label, probe: name, usesMax: uses, untilMs: made.untilMs };
    const entry = { actor, action: 'claim-token.make', subject: label, after };
    await recordAudit(db, nowMs, entry);
    return { ...made, token };
  });
}

/** Nothing is let in with it from now on; what was let in stays. Throws ERR_NOT_FOUND. */
export async function revokeClaimToken(
  context: ControlContext,
  actor: Actor,
  id: number,
): Promise<ClaimToken> {
  const nowMs = context.nowMs();
  return await context.store.write(async (db) => {
    const before = await byId(db, id);
    if (before.revokedMs !== null) return before;
    await db.updateTable('claim_tokens').set({ revokedMs: nowMs }).where('id', '=', id).execute();
    const after = await byId(db, id);
    const entry = { actor, action: 'claim-token.revoke', subject: before.label, before, after };
    await recordAudit(db, nowMs, entry);
    return after;
  });
}

function select(db: Db) {
  return db
    .selectFrom('claim_tokens')
    .leftJoin('probes', 'probes.id', 'claim_tokens.probeId')
    .select(['claim_tokens.id', 'claim_tokens.label', 'probes.name as probe'])
    .select(['claim_tokens.usesMax', 'claim_tokens.uses', 'claim_tokens.createdMs'])
    .select(['claim_tokens.untilMs', 'claim_tokens.revokedMs', 'claim_tokens.createdBy']);
}

async function byId(db: Db, id: number): Promise<ClaimToken> {
  const token = await select(db).where('claim_tokens.id', '=', id).executeTakeFirst();
  if (token !== undefined) return token;
  throw new ProbeError('ERR_NOT_FOUND', `there is no claim token ${id}`);
}

const TOKENS_MAX = 10_000;

// Rows are kept after their end, for the audit; a program that makes them in a loop is stopped.
async function refuseTooMany(db: Db): Promise<void> {
  const { count } = await db
    .selectFrom('claim_tokens')
    .select((fn) => fn.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count < TOKENS_MAX) return;
  const text = `there are ${count} claim tokens already; one token may be used up to 10000 times`;
  throw new ProbeError('ERR_CONFLICT', text);
}

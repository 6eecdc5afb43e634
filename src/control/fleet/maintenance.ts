// Maintenance windows: for their time nobody is troubled with what is known to be down. They are
// kept after their end, as an answer to "was that us?".
import type { InferOutput } from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { MAINTENANCE, MAINTENANCE_INPUT } from '../../core/fleet-maintenance.ts';
import { recordAudit } from '../accounts/audit.ts';
import type { Actor, ControlContext } from '../request/context.ts';
import { inputInvalid } from '../request/problem.ts';
import type { Db } from '../store/db.ts';
import { nameOfScope, valueOfScope } from './scope.ts';

export type MaintenanceInput = InferOutput<typeof MAINTENANCE_INPUT>;
export type Maintenance = InferOutput<typeof MAINTENANCE>;

export interface ActiveWindow {
  untilMs: number;
  reason: string;
}

/** Of each scope the window that ends last. */
export interface ActiveWindows {
  all: ActiveWindow | null;
  groups: ReadonlyMap<string, ActiveWindow>;
  probes: ReadonlyMap<number, ActiveWindow>;
}

const LISTED_MAX = 200;
const KEPT_MAX = 2000;
const LENGTH_MS_MAX = 366 * 86_400_000;

/** Those that end last first: what is on and to come stands before what was. */
export async function listMaintenance(context: ControlContext): Promise<Maintenance[]> {
  const { db } = context.store;
  const rows = await db
    .selectFrom('maintenance')
    .selectAll()
    .orderBy('untilMs', 'desc')
    .orderBy('id', 'desc')
    .limit(LISTED_MAX)
    .execute();
  const windows: Maintenance[] = [];
  for (const row of rows) windows.push({ ...row, value: await nameOfScope(db, row) });
  return windows;
}

/** Throws ERR_INPUT_INVALID, and ERR_NOT_FOUND for a probe that there is not. */
export async function addMaintenance(
  context: ControlContext,
  actor: Actor,
  input: MaintenanceInput,
): Promise<Maintenance> {
  const nowMs = context.nowMs();
  checkTimes(input, nowMs);
  return await context.store.write(async (db) => {
    const { scope, fromMs, untilMs, reason } = input;
    const value = await valueOfScope(db, input);
    const { id } = await db
      .insertInto('maintenance')
      .values({ scope, value, fromMs, untilMs, reason, createdBy: actor.text })
      .returning('id')
      .executeTakeFirstOrThrow();
    await forgetOldest(db);
    const window = { id, ...input, createdBy: actor.text };
    const subject = scope === 'all' ? 'all' : `${scope} ${input.value}`;
    await recordAudit(db, nowMs, { actor, action: 'maintenance.add', subject, after: window });
    return window;
  });
}

/** Ends it now; one that has not begun is taken back, one that is over stays as it is. */
export async function endMaintenance(
  context: ControlContext,
  actor: Actor,
  id: number,
): Promise<void> {
  const nowMs = context.nowMs();
  await context.store.write(async (db) => {
    const row = await db
      .selectFrom('maintenance')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined) {
      throw new ProbeError('ERR_NOT_FOUND', `there is no maintenance window ${id}`);
    }
    if (row.untilMs <= nowMs) return;
    const before = { ...row, value: await nameOfScope(db, row) };
    const isBegun = row.fromMs < nowMs;
    if (isBegun) {
      await db.updateTable('maintenance').set({ untilMs: nowMs }).where('id', '=', id).execute();
    } else {
      await db.deleteFrom('maintenance').where('id', '=', id).execute();
    }
    const subject = row.scope === 'all' ? 'all' : `${row.scope} ${before.value}`;
    const after = isBegun ? { ...before, untilMs: nowMs } : undefined;
    await recordAudit(db, nowMs, { actor, action: 'maintenance.end', subject, before, after });
  });
}

export async function activeWindows(db: Db, nowMs: number): Promise<ActiveWindows> {
  const rows = await db
    .selectFrom('maintenance')
    .select(['scope', 'value', 'untilMs', 'reason'])
    .where('fromMs', '<=', nowMs)
    .where('untilMs', '>', nowMs)
    .orderBy('untilMs')
    .execute();
  const windows = {
    all: null as ActiveWindow | null,
    groups: new Map<string, ActiveWindow>(),
    probes: new Map<number, ActiveWindow>(),
  };
  for (const { scope, value, untilMs, reason } of rows) {
    const window = { untilMs, reason };
    if (scope === 'all') windows.all = window;
    else if (scope === 'group') windows.groups.set(value, window);
    else windows.probes.set(Number(value), window);
  }
  return windows;
}

/** The window that a probe is in: of several the one that ends last. */
export function windowOf(
  { all, groups, probes }: ActiveWindows,
  probeId: number,
  ofGroups: readonly string[],
): ActiveWindow | null {
  let last = all;
  const others = [probes.get(probeId), ...ofGroups.map((group) => groups.get(group))];
  for (const window of others) {
    if (window !== undefined && window.untilMs > (last?.untilMs ?? 0)) last = window;
  }
  return last;
}

function checkTimes({ fromMs, untilMs }: MaintenanceInput, nowMs: number): void {
  const fault = faultOfTimes(fromMs, untilMs, nowMs);
  if (fault === null) return;
  throw inputInvalid(`untilMs: ${fault}`, [{ path: 'untilMs', message: fault }]);
}

function faultOfTimes(fromMs: number, untilMs: number, nowMs: number): string | null {
  if (untilMs <= fromMs) return 'expected an end behind the beginning';
  if (untilMs <= nowMs) return 'expected an end that is still to come';
  return untilMs - fromMs > LENGTH_MS_MAX ? 'expected a window of at most 366 days' : null;
}

async function forgetOldest(db: Db): Promise<void> {
  await db
    .deleteFrom('maintenance')
    .where('id', 'in', (from) =>
      from
        .selectFrom('maintenance')
        .select('id')
        .orderBy('untilMs', 'desc')
        .limit(-1)
        .offset(KEPT_MAX),
    )
    .execute();
}

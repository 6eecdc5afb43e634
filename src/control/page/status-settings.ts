// What the public may see, and by which names. Nothing is public unless an administrator says so,
// and then only under the names that he chose for it: a probe's own name, addresses, MAC, place and
// contact never leave by this way.
import * as v from 'valibot';
import { flag } from '../../core/config-value.ts';
import { line, SLUG } from '../../core/wire.ts';
import { recordAudit } from '../accounts/audit.ts';
import type { Actor, ControlContext } from '../request/context.ts';

const NAME = v.pipe(line('a name to show', 100), v.minLength(1));
const ID = line('the id of a target', 253);

export const STATUS_SETTINGS = v.strictObject({
  isPublic: v.optional(flag(), false),
  title: v.optional(line('a title', 100), ''),
  text: v.optional(line('a text', 1000), ''),
  /** Only probes of these groups; none named means of all. */
  groups: v.optional(v.pipe(v.array(SLUG), v.maxLength(32)), []),
  /** Only those named are shown. */
  probes: v.optional(
    v.pipe(v.array(v.strictObject({ probe: SLUG, name: NAME })), v.maxLength(50)),
    [],
  ),
  targets: v.optional(
    v.pipe(v.array(v.strictObject({ target: ID, name: NAME })), v.maxLength(20)),
    [],
  ),
});

export type StatusSettings = v.InferOutput<typeof STATUS_SETTINGS>;

const KEY = 'status-page';

/** Off, should they be unreadable. */
export async function readStatusSettings({ store }: ControlContext): Promise<StatusSettings> {
  const row = await store.db
    .selectFrom('meta')
    .select('value')
    .where('key', '=', KEY)
    .executeTakeFirst();
  const parsed = v.safeParse(STATUS_SETTINGS, parseJson(row?.value ?? '{}'));
  return parsed.success ? parsed.output : v.parse(STATUS_SETTINGS, {});
}

export async function saveStatusSettings(
  context: ControlContext,
  actor: Actor,
  settings: StatusSettings,
): Promise<void> {
  const before = await readStatusSettings(context);
  await context.store.write(async (db) => {
    const value = JSON.stringify(settings);
    await db
      .insertInto('meta')
      .values({ key: KEY, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute();
    const entry = { actor, action: 'status.edit', subject: 'status page', before, after: settings };
    await recordAudit(db, context.nowMs(), entry);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

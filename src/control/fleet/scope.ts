// Whom an assignment or a maintenance window concerns: people name a probe, the database keeps its
// id, so that it may be renamed. A group is a word; there need not be a probe in it yet.
import type { Assignment } from '../../core/fleet-sets.ts';
import { inputInvalid } from '../request/problem.ts';
import type { Db } from '../store/db.ts';
import { probeByName } from './find.ts';

/** What is stored. Throws ERR_INPUT_INVALID, ERR_NOT_FOUND. */
export async function valueOfScope(db: Db, { scope, value }: Assignment): Promise<string> {
  if ((scope === 'all') !== (value === '')) {
    const wanted = scope === 'all' ? 'no value with "all"' : `the name of a ${scope}`;
    const message = `expected ${wanted}`;
    throw inputInvalid(`value: ${message}`, [{ path: 'value', message }]);
  }
  return scope === 'probe' ? String((await probeByName(db, value)).id) : value;
}

/** What people read. */
export async function nameOfScope(db: Db, { scope, value }: Assignment): Promise<string> {
  if (scope !== 'probe') return value;
  const probe = await db
    .selectFrom('probes')
    .select('name')
    .where('id', '=', Number(value))
    .executeTakeFirst();
  return probe?.name ?? value;
}

// Names and addresses that the control gives out. Both are found by an index, however many probes
// there are and however large the prefix is.
import { sql } from 'kysely';
import { ProbeError } from '../../core/error.ts';
import {
  addressAt,
  addressKey,
  capacityOf,
  numberOf,
  type Prefix,
  parsePrefix,
} from '../../core/prefix.ts';
import type { Db } from '../store/db.ts';

const DIGITS_MIN = 2;
const DIGITS_MAX = 9;

/**
 * `<prefix><number>`, one more than the highest there is, of two digits at least. Gaps are left:
 * the name of a removed probe stays in graphs and in people's minds.
 */
export async function nextName(db: Db, prefix: string): Promise<string> {
  let highest = 0;
  for (let digits = 1; digits <= DIGITS_MAX; digits++) {
    highest = Math.max(highest, await highestOf(db, prefix, digits));
  }
  const next = String(highest + 1).padStart(DIGITS_MIN, '0');
  if (next.length <= DIGITS_MAX) return `${prefix}${next}`;
  const text = `after ${prefix}${highest} there is no further number: give the probe a name`;
  throw new ProbeError('ERR_CONFLICT', text);
}

/**
 * An address out of the prefix that no probe has: one above the highest, and where that is the last
 * one, the lowest gap. Null without a prefix. Throws ERR_CONFLICT when all are given.
 */
export async function nextAddress(
  db: Db,
  text: string | null,
): Promise<{ text: string; key: string } | null> {
  if (text === null) return null;
  const prefix = parsePrefix(text);
  if (prefix === null) {
    throw new ProbeError('ERR_CONFIG_INVALID', `addressPrefix ${text} is no address prefix`);
  }
  const highest = await highestNumber(db, prefix);
  const number = highest === null ? prefix.first : highest + 1n;
  const address = addressAt(prefix, number) ?? addressAt(prefix, await lowestGap(db, prefix));
  if (address !== null) return { text: address, key: addressKey(address) ?? '' };
  throw new ProbeError(
    'ERR_CONFLICT',
    `all ${capacityOf(prefix)} addresses of ${text} are given: remove a probe, or configure a ` +
      'larger addressPrefix (probes keep the addresses that they have)',
  );
}

// Of names with the same number of digits the last one has the highest number.
async function highestOf(db: Db, prefix: string, digits: number): Promise<number> {
  const length = prefix.length + digits;
  const pattern = `${prefix}${'[0-9]'.repeat(digits)}`;
  const { rows } = await sql<{ name: string }>`
    select name from probes
    where length(name) = ${length} and name >= ${prefix + '0'.repeat(digits)}
      and name <= ${prefix + '9'.repeat(digits)} and name glob ${pattern}
    order by name desc limit 1`.execute(db);
  return Number(rows[0]?.name.slice(prefix.length) ?? 0);
}

async function highestNumber(db: Db, prefix: Prefix): Promise<bigint | null> {
  const { rows } = await sql<{ address: string }>`
    select address from probes where addressKey between ${keyAt(prefix, prefix.first)}
      and ${keyAt(prefix, prefix.last)} order by addressKey desc limit 1`.execute(db);
  const address = rows[0]?.address;
  return address === undefined ? null : numberOf(prefix, address);
}

// Comes only when the top of the prefix is taken, and then looks through the probes, never through
// the prefix.
async function lowestGap(db: Db, prefix: Prefix): Promise<bigint> {
  const { rows } = await sql<{ address: string }>`
    select address from probes where addressKey between ${keyAt(prefix, prefix.first)}
      and ${keyAt(prefix, prefix.last)} order by addressKey`.execute(db);
  let expected = prefix.first;
  for (const { address } of rows) {
    if (numberOf(prefix, address) !== expected) break;
    expected++;
  }
  return expected;
}

function keyAt(prefix: Prefix, number: bigint): string {
  return addressKey(addressAt(prefix, number) ?? '') ?? '';
}

import { ProbeError } from '../../core/error.ts';
import { FAMILIES, type Family, type Round } from '../../core/round.ts';
import {
  compareRounds,
  type RoundKey,
  readWindows,
  type StoreQuery,
  type StoreView,
} from './query.ts';

// Pages of rounds. The cursor names the last round of a page by what it says, not by where it is
// kept, so that it holds while rounds move from memory to disk and old segments go.

export interface PageQuery extends StoreQuery {
  /** The `next` of the page before; null or undefined for the first. */
  cursor?: string | null | undefined;
  limit: number;
}

export interface RoundPage {
  rounds: Round[];
  /** Null on the last page. */
  next: string | null;
}

const CURSOR_LENGTH_MAX = 1024;

/** Rejects with ERR_USAGE when the cursor is none of ours. */
export async function readPage(view: StoreView, query: PageQuery): Promise<RoundPage> {
  const { cursor, limit } = query;
  const last = cursor === undefined || cursor === null ? null : decodeCursor(cursor);
  const sinceMs = Math.max(query.sinceMs ?? 0, last?.fromMs ?? 0);
  const rounds: Round[] = [];
  for await (const window of readWindows(view, { ...query, sinceMs })) {
    const more = last === null ? window : window.filter((round) => compareRounds(round, last) > 0);
    const room = limit - rounds.length;
    for (const round of more.slice(0, room)) rounds.push(round);
    const end = rounds.at(-1);
    if (more.length > room && end !== undefined) return { rounds, next: encodeCursor(end) };
  }
  return { rounds, next: null };
}

function encodeCursor({ fromMs, target, family, bootId, sequence }: RoundKey): string {
  const text = JSON.stringify([fromMs, target, family, bootId, sequence]);
  return Buffer.from(text).toString('base64url');
}

function decodeCursor(cursor: string): RoundKey {
  const [fromMs, target, family, bootId, sequence] = parseCursor(cursor);
  const isKey =
    Number.isSafeInteger(fromMs) &&
    Number.isSafeInteger(sequence) &&
    typeof target === 'string' &&
    typeof bootId === 'string' &&
    FAMILIES.includes(family as Family);
  if (isKey) return { fromMs, target, family, bootId, sequence } as RoundKey;
  const shown = JSON.stringify(cursor.slice(0, 60));
  throw new ProbeError('ERR_USAGE', `${shown} is no cursor: take "next" of the page before`);
}

function parseCursor(cursor: string): unknown[] {
  if (cursor.length > CURSOR_LENGTH_MAX) return [];
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
}

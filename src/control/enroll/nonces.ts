// Nonces that were used, for as long as they could be used again; and no more of them than there is
// room for: when there are more, the oldest ones are forgotten, and all that were made before them
// end too. Under a flood a nonce then lives for seconds instead of minutes, which is still enough.

import type { NonceState } from '../../core/enroll-decision.ts';
import { NONCE_LIFE_MS } from '../../core/enroll-wire.ts';
import type { ControlDb } from '../store/db.ts';
import { type NonceClock, nonceClock } from './nonce.ts';

export const USED_NONCES_MAX = 100_000;
const PRUNE_INTERVAL_MS = 10_000;
const FLOOR_KEY = 'nonceFloorMs';

export interface UsedNonces {
  clock: NonceClock;
  /**
   * Judges a nonce and, when it is good and came with a good signature, ends it: what only a board
   * can do fills the table. Inside a transaction.
   */
  burn(nonce: string, untilMs: number | null, isSigned: boolean): NonceState;
}

export interface UsedNoncesOptions {
  raw: ControlDb['raw'];
  wallMs(): number;
  usedMax?: number;
}

export function usedNonces({ raw, wallMs, usedMax = USED_NONCES_MAX }: UsedNoncesOptions) {
  const readFloor = raw.prepare('select value from meta where key = ?').pluck();
  const floor = { ms: Number(readFloor.get(FLOOR_KEY) ?? 0) };
  const clock = nonceClock(wallMs, floor.ms);
  const find = raw.prepare('select 1 from used_nonces where nonce = ?');
  const add = raw.prepare(
    `insert into used_nonces (nonce, untilMs) values (?, ?)
     on conflict (nonce) do update set untilMs = excluded.untilMs`,
  );
  const prune = pruner(raw, usedMax);
  let prunedMs = Number.NEGATIVE_INFINITY;

  function burn(nonce: string, untilMs: number | null, isSigned: boolean): NonceState {
    const nowMs = clock.nowMs();
    if (nowMs - prunedMs >= PRUNE_INTERVAL_MS) {
      prunedMs = nowMs;
      // It may be undone with the transaction: then this is stricter than it need be.
      floor.ms = Math.max(floor.ms, prune(nowMs));
    }
    const isUsed = find.get(nonce) !== undefined;
    const isLive = untilMs !== null && isWithin(untilMs, nowMs) && untilMs > floor.ms;
    // The same write in any case; what ends nothing leaves one row for all.
    if (isLive && isSigned) add.run(nonce, untilMs);
    else add.run('-', nowMs);
    if (untilMs === null) return 'bad';
    if (!isLive) return 'old';
    return isUsed ? 'used' : 'good';
  }

  return { clock, burn } satisfies UsedNonces;
}

function isWithin(untilMs: number, nowMs: number): boolean {
  return untilMs > nowMs && untilMs - NONCE_LIFE_MS <= nowMs;
}

/** Forgets what is over and what there is no room for; says until when all are to be refused. */
function pruner(raw: ControlDb['raw'], usedMax: number): (nowMs: number) => number {
  const count = raw.prepare('select count(*) from used_nonces').pluck();
  const edge = raw
    .prepare('select untilMs from used_nonces order by untilMs desc limit 1 offset ?')
    .pluck();
  const remove = raw.prepare('delete from used_nonces where untilMs <= ?');
  const saveFloor = raw.prepare(
    `insert into meta (key, value) values ('${FLOOR_KEY}', ?)
     on conflict (key) do update set value = excluded.value`,
  );
  return (nowMs) => {
    const isFull = (count.get() as number) > usedMax;
    const fullMs = isFull ? ((edge.get(usedMax) as number | undefined) ?? nowMs) : nowMs;
    const untilMs = Math.max(nowMs, fullMs);
    if (remove.run(untilMs).changes > 0) saveFloor.run(String(untilMs));
    return untilMs;
  };
}

// The wheel that says which series are due (Varghese, Lauck 1987: hashed, hierarchical timing
// wheels; ours is hashed). A slot is a doubly linked list through the series; a bit says whether it
// is empty, so that a long sleep skips 64 slots at a time.
import { WHEEL } from './layout';
import { WHEEL_SHIFT, WHEEL_SLOTS } from './limits';
import { at, NONE, S_DUE, S_WHEEL_NEXT, S_WHEEL_PREV, S_WHEEL_SLOT } from './series';

const BITS: u32 = WHEEL + WHEEL_SLOTS * 4;
const MASK: u64 = (WHEEL_SLOTS - 1) as u64;

/** The slot (not reduced) up to which everything that was due has been taken. */
let cursor: u64 = 0;

export function resetWheel(now: u64): void {
  for (let i: u32 = 0; i < WHEEL_SLOTS; i++) store<u32>(WHEEL + i * 4, NONE);
  memory.fill(BITS, 0, WHEEL_SLOTS / 8);
  cursor = now >> WHEEL_SHIFT;
}

/** Puts a series into the slot of its S_DUE. One that is overdue goes to the cursor's slot. */
export function wheelInsert(series: u32): void {
  const due = max<u64>(load<u64>(at(series) + S_DUE) >> WHEEL_SHIFT, cursor);
  const slot = <u32>(due & MASK);
  const first = load<u32>(WHEEL + slot * 4);
  store<u32>(at(series) + S_WHEEL_NEXT, first);
  store<u32>(at(series) + S_WHEEL_PREV, NONE);
  store<u32>(at(series) + S_WHEEL_SLOT, slot);
  if (first != NONE) store<u32>(at(first) + S_WHEEL_PREV, series);
  store<u32>(WHEEL + slot * 4, series);
  const word = BITS + (slot >> 6) * 8;
  store<u64>(word, load<u64>(word) | ((<u64>1) << (slot & 63)));
}

export function wheelRemove(series: u32): void {
  const slot = load<u32>(at(series) + S_WHEEL_SLOT);
  if (slot == NONE) return;
  const next = load<u32>(at(series) + S_WHEEL_NEXT);
  const previous = load<u32>(at(series) + S_WHEEL_PREV);
  if (next != NONE) store<u32>(at(next) + S_WHEEL_PREV, previous);
  if (previous != NONE) store<u32>(at(previous) + S_WHEEL_NEXT, next);
  else store<u32>(WHEEL + slot * 4, next);
  store<u32>(at(series) + S_WHEEL_SLOT, NONE);
  if (load<u32>(WHEEL + slot * 4) != NONE) return;
  const word = BITS + (slot >> 6) * 8;
  store<u64>(word, load<u64>(word) & ~((<u64>1) << (slot & 63)));
}

/** Takes one series that is due at `now` out of the wheel; NONE when there is none left. */
export function wheelTake(now: u64): u32 {
  const end = now >> WHEEL_SHIFT;
  // After a sleep of more than a turn every slot is looked at once.
  if (end - cursor >= WHEEL_SLOTS && end > cursor) cursor = end - WHEEL_SLOTS + 1;
  let series = earliest(<u32>(cursor & MASK));
  while (!isDue(series, now)) {
    if (cursor >= end) return NONE;
    cursor = min<u64>(end, nextOccupied(cursor + 1));
    series = earliest(<u32>(cursor & MASK));
  }
  wheelRemove(series);
  return series;
}

function isDue(series: u32, now: u64): bool {
  return series != NONE && load<u64>(at(series) + S_DUE) <= now;
}

/** When the next series is due (ns); u64.MAX_VALUE when there is none. Never later than it is. */
export function wheelNext(): u64 {
  let slot = cursor;
  let best: u64 = u64.MAX_VALUE;
  const end = cursor + WHEEL_SLOTS;
  while (slot < end) {
    const series = earliest(<u32>(slot & MASK));
    if (series != NONE) {
      best = min<u64>(best, load<u64>(at(series) + S_DUE));
      // Anything in a later slot of this turn is due later than what belongs to this one.
      if (best >> WHEEL_SHIFT <= slot) return best;
    }
    slot = nextOccupied(slot + 1);
  }
  return best;
}

/** The series of a slot that is due first. */
function earliest(slot: u32): u32 {
  let best = NONE;
  let bestDue: u64 = u64.MAX_VALUE;
  let series = load<u32>(WHEEL + slot * 4);
  while (series != NONE) {
    const due = load<u64>(at(series) + S_DUE);
    if (due < bestDue) {
      bestDue = due;
      best = series;
    }
    series = load<u32>(at(series) + S_WHEEL_NEXT);
  }
  return best;
}

/** The first slot from `slot` on that is not empty, at most one turn on. */
function nextOccupied(slot: u64): u64 {
  const end = slot + WHEEL_SLOTS;
  while (slot < end) {
    const index = <u32>(slot & MASK);
    const rest = load<u64>(BITS + (index >> 6) * 8) >> (index & 63);
    if (rest != 0) return slot + ctz<u64>(rest);
    slot += 64 - (index & 63);
  }
  return end;
}

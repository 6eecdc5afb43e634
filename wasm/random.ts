// xorshift64* (Vigna 2016): schedules and reservoirs only; nothing secret hangs on it.

let state: u64 = 0x9e3779b97f4a7c15;

export function seedRandom(seed: u64): void {
  state = seed == 0 ? 0x9e3779b97f4a7c15 : seed;
}

export function randomU64(): u64 {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1d;
}

/** Uniform in [0, bound). */
export function randomBelow(bound: u32): u32 {
  return <u32>(((randomU64() >> 32) * <u64>bound) >> 32);
}

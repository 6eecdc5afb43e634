// Numbers that look random and can be had again: a failure prints its seed.

export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** A whole number in [0, bound). */
  below(bound: number): number;
  /** A whole number in [from, to]. */
  between(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** xorshift32* over a scrambled seed. */
export function createRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.imul(state, 0x9e3779b1) >>> 0;
  };
  const random: Random = {
    unit: () => next() / 4294967296,
    below: (bound) => Math.floor(random.unit() * bound),
    between: (from, to) => from + random.below(to - from + 1),
    chance: (probability) => random.unit() < probability,
    pick: (list) => list[random.below(list.length)] ?? list[0],
  };
  for (let i = 0; i < 8; i++) next();
  return random;
}

/** Seeds for a run: fixed ones, or `count` new ones where the environment asks for them. */
export function seedsFrom(variable: string, fixed: number): number[] {
  const wanted = Number(process.env[variable] ?? 0);
  const first = Number(process.env[`${variable}_FROM`] ?? 1);
  return Array.from({ length: wanted > 0 ? wanted : fixed }, (_, i) => first + i);
}

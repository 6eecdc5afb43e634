// The hot path against its twin: random scripts, every count and every figure. More of them with
// FLINT_DUEL_SEEDS=1000 (and FLINT_DUEL_SEEDS_FROM=…); a failure prints the seed that repeats it.
import { type DuelReport, runDuel } from '../fake/duel.ts';
import { seedsFrom } from '../fake/random.ts';
import { suite } from '../helper.ts';

const SEEDS = seedsFrom('FLINT_DUEL_SEEDS', 24);
const SEED_MS_MAX = 20_000;

suite('wasm/fold', ({ test }) => {
  test(
    'agrees with the twin in random scripts',
    () => {
      const total: Record<string, number> = {};
      for (const seed of SEEDS) add(total, duel(seed));

      console.log(`${SEEDS.length} scripts: ${JSON.stringify(total)}`);
    },
    SEEDS.length * SEED_MS_MAX,
  );
});

function duel(seed: number): DuelReport {
  try {
    return runDuel(seed);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`seed ${seed}: ${message}`, { cause });
  }
}

function add(total: Record<string, number>, { plan: _, ...counts }: DuelReport): void {
  for (const [name, n] of Object.entries(counts)) total[name] = (total[name] ?? 0) + n;
}

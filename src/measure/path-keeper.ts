// What is known of paths that are not traced now: of the last run until their names are resolved,
// of targets that were taken out, of addresses that a name had before. Each is used once; the
// oldest are forgotten first.
import { newPathHistory, type PathHistory } from './path-history.ts';
import { type KeptPath, keptKey, type PathEntry, toKeptPath } from './paths-entry.ts';

export interface PathKeeper {
  /** Keeps what is known of the path to the address that it has now, if anything is. */
  put(entry: PathEntry): void;
  /** The history with which tracing that address begins. */
  take(entry: PathEntry): PathHistory;
  /** Those of the entries, then all others. */
  all(entries: Iterable<PathEntry>): Generator<KeptPath>;
}

const KEPT_MAX = 4096;

export function keepPaths(left: readonly KeptPath[]): PathKeeper {
  const kept = new Map<string, KeptPath>();

  function add(one: KeptPath): void {
    const key = placeOf(one.key, one.ip);
    kept.delete(key);
    kept.set(key, one);
    const oldest = kept.keys().next();
    if (kept.size > KEPT_MAX && oldest.done !== true) kept.delete(oldest.value);
  }

  left.forEach(add);
  return {
    put(entry) {
      const one = toKeptPath(entry);
      if (one !== null) add(one);
    },
    take(entry) {
      const key = placeOf(keptKey(entry), entry.ip ?? '');
      const one = kept.get(key) ?? null;
      kept.delete(key);
      return newPathHistory(one);
    },
    *all(entries) {
      let count = 0;
      for (const entry of entries) {
        const one = toKeptPath(entry);
        if (one === null) continue;
        count++;
        yield one;
      }
      // What was learnt last is worth most.
      for (const one of [...kept.values()].reverse().slice(0, Math.max(0, KEPT_MAX - count))) {
        yield one;
      }
    },
  };
}

function placeOf(key: string, ip: string): string {
  return `${ip} ${key}`;
}

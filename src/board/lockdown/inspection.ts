import type { Applied } from './kept.ts';
import {
  chainLengths,
  changedSets,
  compareSets,
  compareStructure,
  type Listing,
  parseListing,
} from './listing.ts';
import { RULES_MARK } from './rules.ts';
import { type LockdownSets, SET_NAMES, type SetName } from './sets.ts';

// The kernel's table against what was loaded, and against what should be.

export type Inspection =
  | { ok: false; reason: string }
  | {
      ok: true;
      /**
       * `foreign`: of other settings, of another version of nft, or of nobody. `unproved`: by its
       * mark and the length of its chains it is of these settings, and nothing was kept of how the
       * kernel listed it.
       */
      table: 'ours' | 'missing' | 'foreign' | 'unproved';
      /** Between what was loaded and what is there: somebody else's doing. */
      drift: readonly string[];
      /** Whose elements are not what they should be now. */
      stale: readonly SetName[];
    };

export interface Meant {
  mark: string;
  /** As they would be loaded. */
  rules: string;
  version: string;
  sets: LockdownSets;
  bootId: string;
}

/** `text` is null when there is no table. */
export function judgeTable(text: string | null, applied: Applied | null, meant: Meant): Inspection {
  if (text === null) {
    // Rules do not outlive the kernel: after a boot nobody took them away.
    const isGone = applied?.bootId === meant.bootId;
    const drift = isGone ? ['the table is not there'] : [];
    return { ok: true, table: 'missing', drift, stale: SET_NAMES };
  }
  const listing = parseListing(text);
  if (applied === null || applied.mark !== meant.mark || applied.version !== meant.version) {
    return { ok: true, table: strange(listing, meant), drift: [], stale: SET_NAMES };
  }
  const drift = [
    ...compareStructure(applied.structure, listing.structure),
    // What a disk that takes nothing has kept is of an earlier boot, and perhaps another network.
    ...(applied.bootId === meant.bootId ? compareSets(applied.sets, listing.sets) : []),
  ];
  return { ok: true, table: 'ours', drift, stale: changedSets(meant.sets, listing.sets) };
}

function strange({ structure }: Listing, { mark, rules }: Meant): 'foreign' | 'unproved' {
  const isMarked = structure.includes(` | comment "${RULES_MARK}${mark}"`);
  return isMarked && faultOf(rules, structure) === undefined ? 'unproved' : 'foreign';
}

/** As many lines in each chain as were meant: else something came between. */
export function faultOf(rules: string, structure: readonly string[]): string | undefined {
  const meant = chainLengths(parseListing(rules).structure);
  const is = chainLengths(structure);
  const wrong = [...meant].find(([chain, length]) => is.get(chain) !== length);
  return wrong === undefined ? undefined : `${wrong[0]} has ${is.get(wrong[0]) ?? 0} lines`;
}

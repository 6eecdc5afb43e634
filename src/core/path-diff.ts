import type { PathStep } from './path.ts';

// Two paths side by side. They are aligned by the longest common subsequence of addresses, so that
// a hop that was put in shifts what comes after it and does not change it.

/** `changed` is one hop in the place of another; a hop that is not there is null. */
export interface PathDiffRow {
  kind: 'same' | 'changed' | 'added' | 'removed';
  before: PathStep | null;
  after: PathStep | null;
}

/** Two silent hops may stand for each other, but an address that is found again counts for more. */
const ADDRESS = 1000;
const SILENT = 1;
const HOPS_MAX = 255;

/** Rows in the order of both paths. */
export function diffPaths(before: readonly PathStep[], after: readonly PathStep[]): PathDiffRow[] {
  const left = before.slice(0, HOPS_MAX);
  const right = after.slice(0, HOPS_MAX);
  const rows: PathDiffRow[] = [];
  let from = { i: 0, j: 0 };
  for (const { i, j } of matches(left, right)) {
    rows.push(...gap(left.slice(from.i, i), right.slice(from.j, j)));
    rows.push({ kind: 'same', before: left[i] ?? null, after: right[j] ?? null });
    from = { i: i + 1, j: j + 1 };
  }
  rows.push(...gap(left.slice(from.i), right.slice(from.j)));
  return rows;
}

function gap(before: readonly PathStep[], after: readonly PathStep[]): PathDiffRow[] {
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => {
    const old = before[index] ?? null;
    const next = after[index] ?? null;
    const kind = old === null ? 'added' : next === null ? 'removed' : 'changed';
    return { kind, before: old, after: next };
  });
}

function matches(
  left: readonly PathStep[],
  right: readonly PathStep[],
): { i: number; j: number }[] {
  const width = right.length + 1;
  const best = bestSuffixes(left, right);
  const at = (i: number, j: number): number => best[i * width + j] ?? 0;
  const found: { i: number; j: number }[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const worth = worthOf(left[i], right[j]);
    if (worth > 0 && at(i, j) === worth + at(i + 1, j + 1)) found.push({ i: i++, j: j++ });
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return found;
}

/** Entry (i, j): the worth of the best alignment of what follows i and j. */
function bestSuffixes(left: readonly PathStep[], right: readonly PathStep[]): Float64Array {
  const width = right.length + 1;
  const best = new Float64Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const skipped = Math.max(best[(i + 1) * width + j] ?? 0, best[i * width + j + 1] ?? 0);
      const worth = worthOf(left[i], right[j]);
      const taken = worth > 0 ? worth + (best[(i + 1) * width + j + 1] ?? 0) : 0;
      best[i * width + j] = Math.max(skipped, taken);
    }
  }
  return best;
}

function worthOf(left: PathStep | undefined, right: PathStep | undefined): number {
  if (left === undefined || right === undefined || left.ip !== right.ip) return 0;
  return left.ip === null ? SILENT : ADDRESS;
}

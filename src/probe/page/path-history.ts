import { html } from 'hono/html';
import type { PathStep } from '../../core/path.ts';
import { diffPaths, type PathDiffRow } from '../../core/path-diff.ts';
import type { Family, Round } from '../../core/round.ts';
import { formatCount, formatInstant, isoTime } from '../../graph/format.ts';
import type { Markup } from '../../graph/smoke.ts';
import { block } from './detail.ts';
import { familyName } from './input.ts';
import { CHANGES_MAX, type PastChange } from './path-changes.ts';
import { type Medians, mediansBeside, movedWords } from './path-shift.ts';
import { hopCount } from './path-words.ts';
import { othersTurn } from './series.ts';

// What a path was before: each change with the two paths side by side, and what the latency did.

/** So many hops in a row that stayed are told as one line. */
const SAME_RUN = 3;
/** The last change is open at once if it is of the last hour: it is what the reader came for. */
const OPEN_MS = 3_600_000;

/** Changes of the last 24 hours as one card, newest first. */
export async function pathHistory(
  all: readonly PastChange[],
  medians: ReadonlyMap<PastChange, Medians | null>,
  nowMs: number,
): Promise<Markup> {
  const items: Markup[] = [];
  const open = new Set<Family>();
  for (const change of all.slice(0, CHANGES_MAX)) {
    await othersTurn();
    const isLast = !open.has(change.family);
    open.add(change.family);
    const isOpen = isLast && nowMs - change.atMs < OPEN_MS;
    items.push(changeItem(change, { nowMs, isOpen, medians: medians.get(change) ?? null }));
  }
  const more = all.length - items.length;
  const rest = html`<p class="note">And ${formatCount(more)} older ones.</p>`;
  return block(
    'Changes of the path',
    items.length === 0
      ? html`<p class="note">None in the last 24\u202fhours.</p>`
      : html`<ul class="changes">${items}</ul>${more > 0 && rest}`,
  );
}

/** The medians either side of the changes of one family that are shown. */
export async function mediansOf(
  all: readonly PastChange[],
  family: Family,
  rounds: readonly Round[],
): Promise<Map<PastChange, Medians | null>> {
  const own = all.slice(0, CHANGES_MAX).filter((change) => change.family === family);
  const medians = new Map<PastChange, Medians | null>();
  for (const change of own) {
    await othersTurn();
    medians.set(change, mediansBeside(roundsBeside(rounds, change, own), change.atMs));
  }
  return medians;
}

/** Without what the changes before and after it did. */
function roundsBeside(
  rounds: readonly Round[],
  change: PastChange,
  newestFirst: readonly PastChange[],
): Round[] {
  const index = newestFirst.indexOf(change);
  const fromMs = newestFirst[index + 1]?.atMs ?? 0;
  const untilMs = newestFirst[index - 1]?.atMs ?? Number.POSITIVE_INFINITY;
  return rounds.filter((round) => round.fromMs >= fromMs && round.untilMs <= untilMs);
}

function changeItem(
  change: PastChange,
  { nowMs, isOpen, medians }: { nowMs: number; isOpen: boolean; medians: Medians | null },
): Markup {
  const { family, atMs, ttl, before, after } = change;
  const hops =
    before.length === after.length
      ? hopCount(after.length)
      : `${before.length} → ${hopCount(after.length)}`;
  const moved = movedWords(medians);
  const told = [`at hop ${ttl}`, hops, ...(moved === '' ? [] : [moved])];
  if (change.isCut) told.push('no longer reaches the target');
  const when = html`<time datetime="${isoTime(atMs)}">${formatInstant(atMs, nowMs)}</time>`;
  const name = html`<span class="chip family">${familyName(family)}</span>`;
  return html`<li><details${isOpen && html` open`}><summary>${when} ${name} ${told.join(', ')}
</summary>${diffTable(change)}</details></li>`;
}

function diffTable({ before, after }: PastChange): Markup {
  const rows = foldSame(diffPaths(before, after));
  return html`<table class="diff"><thead><tr><th scope="col">hop</th><th scope="col">before</th><th
scope="col">hop</th><th scope="col">after</th></tr></thead><tbody>${rows.map((row) =>
    Array.isArray(row) ? sameRow(row) : diffRow(row),
  )}</tbody></table>`;
}

function diffRow({ kind, before, after }: PathDiffRow): Markup {
  return html`<tr class="${kind}">${step(before, 'gone')}${step(after, 'fresh')}</tr>`;
}

function step(at: PathStep | null, name: string): Markup {
  if (at === null) return html`<td></td><td></td>`;
  return html`<td>${at.ttl}</td><td class="${name}">${at.ip ?? 'silent'}</td>`;
}

function sameRow(rows: readonly PathDiffRow[]): Markup {
  const [first, last] = [rows[0], rows.at(-1)];
  const range = (side: 'before' | 'after'): string =>
    `${first?.[side]?.ttl ?? ''}–${last?.[side]?.ttl ?? ''}`;
  const words = `${rows.length} hops the same`;
  return html`<tr class="same"><td>${range('before')}</td><td>${words}</td><td>${range(
    'after',
  )}</td><td>${words}</td></tr>`;
}

/** Long stretches of what stayed become a list of their own. */
function foldSame(rows: readonly PathDiffRow[]): (PathDiffRow | PathDiffRow[])[] {
  const folded: (PathDiffRow | PathDiffRow[])[] = [];
  let run: PathDiffRow[] = [];
  const flush = (): void => {
    if (run.length > SAME_RUN) folded.push(run);
    else folded.push(...run);
    run = [];
  };
  for (const row of rows) {
    if (row.kind === 'same') run.push(row);
    else {
      flush();
      folded.push(row);
    }
  }
  flush();
  return folded;
}

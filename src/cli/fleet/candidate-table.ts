// Boards that ask, as tables.
import type * as v from 'valibot';
import type { CANDIDATE, UNKNOWN_BOARD } from '../../core/fleet-boards.ts';
import { formatCount } from '../../graph/format.ts';
import type { Fleet } from './fleet.ts';
import { ago } from './text.ts';

export type Candidate = v.InferOutput<typeof CANDIDATE>;
export type UnknownBoard = v.InferOutput<typeof UNKNOWN_BOARD>;

export function candidateTable(
  { view }: Fleet,
  candidates: readonly Candidate[],
  nowMs: number,
): void {
  view.table(
    [
      { head: '#', isRight: true },
      { head: 'FINGERPRINT' },
      { head: 'ASKED' },
      { head: 'FROM', rank: 1 },
      { head: 'TIMES', isRight: true, rank: 3 },
      { head: 'MODEL', widthMin: 8, rank: 2 },
      { head: 'VERSION', rank: 4 },
    ],
    candidates.map((one, i) => [String(i + 1), ...candidateCells(one, nowMs)]),
  );
}

export function boardTable({ view }: Fleet, boards: readonly UnknownBoard[], nowMs: number): void {
  view.table(
    [
      { head: 'ID', isRight: true },
      { head: 'MAC' },
      { head: 'FINGERPRINT', widthMin: 24 },
      { head: 'ASKED' },
      { head: 'FROM', rank: 1 },
      { head: 'TIMES', isRight: true, rank: 3 },
      { head: 'MODEL', widthMin: 8, rank: 2 },
      { head: 'VERSION', rank: 4 },
    ],
    boards.map((one) => [String(one.id), one.mac, ...candidateCells(one, nowMs)]),
  );
}

function candidateCells(one: Candidate, nowMs: number): string[] {
  return [
    one.fingerprint,
    ago(one.lastMs, nowMs),
    one.seenFrom,
    formatCount(one.attempts),
    one.model ?? one.hardware ?? '',
    one.version,
  ];
}

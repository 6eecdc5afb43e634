// What a case gives: rows of the one table, and how long it may take.

/** `info` has no goal; `absent` could not be measured here. */
export type Verdict = 'met' | 'missed' | 'info' | 'absent';

export interface Row {
  what: string;
  goal: string;
  flint: string;
  /** Measured in the same run. */
  peers: string;
  verdict: Verdict;
  /** What the row was made from, for the JSON file. */
  figures?: unknown;
}

/** `quick` shows that everything works, its figures mean little; `long` is for a quiet night. */
export type Length = 'quick' | 'normal' | 'long';

export interface RunOptions {
  length: Length;
  /** One line of progress. */
  say: (text: string) => void;
}

export interface Case {
  name: string;
  goal: string;
  run: (options: RunOptions) => Promise<Row[]>;
}

export function judge(isMet: boolean): Verdict {
  return isMet ? 'met' : 'missed';
}

/** A row that says why there is no figure. */
export function absent(what: string, goal: string, why: string): Row {
  return { what, goal, flint: 'not measured', peers: why, verdict: 'absent' };
}

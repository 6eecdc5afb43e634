// Where a path ends, judged from all answers of a trace so far.
import type { PathEnd } from '../core/path.ts';
import { type HopAnswer, isAnswered, isFromTarget } from './trace-answer.ts';
import { loopEnd } from './trace-loop.ts';

/** An answer, and when in the trace its probe was asked for and decided: a count of events. */
export interface TimedAnswer {
  answer: HopAnswer;
  askedTurn: number;
  decidedTurn: number;
}

export interface FoundEnd {
  end: PathEnd | 'refused';
  /** The last TTL of the path. */
  ttl: number;
  /** The answer itself told how far away the target is. */
  isTold: boolean;
}

interface Ends {
  target: string;
  firstTtl: number;
}

/** Errors after which a larger TTL leads no further. */
const OBSTACLES: readonly HopAnswer['kind'][] = ['unreachable', 'too-big', 'parameter-problem'];

/** Null while the path may go on. */
export function findEnd(answers: readonly TimedAnswer[], ends: Ends): FoundEnd | null {
  const passed = passedTtl(answers, ends.target);
  let found: FoundEnd | null = null;
  for (const { answer } of answers) {
    const end = endOf(answer, passed, ends);
    if (end !== null && (found === null || isNearer(end, found))) found = end;
  }
  return found ?? findLoop(answers);
}

/** A router answered at this TTL: who claimed to be the target at a lower one, a firewall perhaps,
 * was not. */
function passedTtl(answers: readonly TimedAnswer[], target: string): number {
  let passed = 0;
  for (const { answer } of answers) {
    const { kind, ip, ttl } = answer;
    if (kind === 'time-exceeded' && ip !== target) passed = Math.max(passed, ttl);
  }
  return passed;
}

function endOf(answer: HopAnswer, passed: number, { target, firstTtl }: Ends): FoundEnd | null {
  const { ttl, distance, kind } = answer;
  if (ttl <= passed) return null;
  if (isFromTarget(answer, target)) {
    const isTold = distance !== null && distance > passed;
    return { end: 'target', ttl: Math.max(isTold ? distance : ttl, firstTtl), isTold };
  }
  return OBSTACLES.includes(kind) ? { end: 'unreachable', ttl, isTold: false } : null;
}

/** Where the target itself answers, an error of a router there says less. */
function isNearer(one: FoundEnd, other: FoundEnd): boolean {
  if (one.ttl !== other.ttl) return one.ttl < other.ttl;
  if (one.end !== other.end) return one.end === 'target';
  return one.isTold && !other.isTold;
}

function findLoop(answers: readonly TimedAnswer[]): FoundEnd | null {
  const answerers = new Map<number, Set<string | null>>();
  for (const { answer } of answers) {
    const there = answerers.get(answer.ttl) ?? new Set();
    answerers.set(answer.ttl, there.add(answer.kind === 'time-exceeded' ? answer.ip : null));
  }
  const all = [...answerers.values()].flatMap((there) => [...there].filter((ip) => ip !== null));
  if (new Set(all).size === all.length) return null;
  const found = [...answerers.keys()].map((ttl) => loopEnd(answerers, ttl));
  const ttls = found.filter((ttl) => ttl !== null);
  return ttls.length === 0 ? null : { end: 'loop', ttl: Math.min(...ttls), isTold: false };
}

/**
 * The answers at the target's TTL. A host answers the first SYN of a connection alone until that is
 * closed again, and limits its ICMP errors: where a probe with a higher TTL that was under way at
 * the same time was answered instead, that answer stands for the one that is missing.
 */
export function adoptAnswers(
  answers: readonly TimedAnswer[],
  ttl: number,
  target: string,
): HopAnswer[] {
  const spare = answers.filter(({ answer }) => answer.ttl > ttl && isFromTarget(answer, target));
  return answers
    .filter(({ answer }) => answer.ttl === ttl)
    .map(({ answer, askedTurn, decidedTurn }) => {
      if (isAnswered(answer) || answer.kind !== 'lost') return answer;
      const index = spare.findIndex(
        (other) => other.askedTurn < decidedTurn && other.decidedTurn > askedTurn,
      );
      const [adopted] = index < 0 ? [] : spare.splice(index, 1);
      return adopted === undefined ? answer : { ...adopted.answer, ttl };
    });
}

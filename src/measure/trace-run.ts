// One trace of one flow: from TTL to TTL until the target answers, nothing answers any more, or the
// path runs in a circle. TTLs are probed in parallel: as far ahead of the last answer as hops may
// be silent in a row, and all at once when the length of the path is known from before. Where the
// path ends is judged from all answers together (trace-end.ts), as they come in any order.
import type { PathEnd, PathProtocol } from '../core/path.ts';
import type { Family } from '../core/round.ts';
import { type HopAnswer, isAnswered, isFromTarget, toHopAnswer } from './trace-answer.ts';
import { adoptAnswers, type FoundEnd, findEnd, type TimedAnswer } from './trace-end.ts';
import type { ProbeAnswer, Tracer } from './tracer.ts';

export interface RunOptions {
  tracer: Pick<Tracer, 'ask'>;
  /** An open trace (`Tracer.open`), and what it was opened with. */
  trace: number;
  family: Family;
  protocol: PathProtocol;
  /** The target's address as text. */
  target: string;
  flow: number;
  firstTtl: number;
  maxTtl: number;
  /** Probes to each hop. */
  probes: number;
  payloadBytes: number;
  /** So many silent hops in a row end a trace. */
  silentMax: number;
  /** Hops of this path when it was traced last, from the first TTL on: null for silent ones; []
   * when it is not known. */
  known: readonly (string | null)[];
  onAnswer?: (answer: HopAnswer) => void;
  onEnd: (trace: FinishedTrace) => void;
}

/** Why a trace went no further; `refused`: the kernel took none of its packets. */
export type TraceEnd = PathEnd | 'refused';

export interface TracedHop {
  ttl: number;
  answers: readonly HopAnswer[];
}

export interface FinishedTrace {
  end: TraceEnd;
  /** From the first TTL to the last that is part of the path; silent hops among them. */
  hops: TracedHop[];
}

/** Starts a trace; `onEnd` is called once, unless the trace is closed before. */
export function startRun(options: RunOptions): void {
  new TraceRun(options).advance();
}

interface Hop {
  asked: number;
  answers: TimedAnswer[];
}

/** So often the hop before the target is asked before it counts as silent. */
const SURE = 3;

class TraceRun {
  private readonly options: RunOptions;
  private readonly hops = new Map<number, Hop>();
  private waiting = 0;
  private end: FoundEnd | null = null;
  /** Nothing more was under way, and no end in sight. */
  private givenUp: FoundEnd | null = null;
  private hasEnded = false;
  /** Counts what happens, so that it can be told what was under way together. */
  private turn = 0;
  private readonly onBatch = (): void => this.advance();

  constructor(options: RunOptions) {
    this.options = options;
  }

  /** Asks for what is next; ends when nothing is left. */
  advance(): void {
    if (this.hasEnded) return;
    this.end = findEnd(this.answers(), this.options) ?? this.givenUp;
    if (this.end === null) this.askFurther();
    if (this.waiting === 0 && this.end === null) this.giveUp();
    // Only when the end of the path is known the rest follows: none is sent beyond it in vain.
    if (this.end !== null) this.askRest(this.end);
    if (this.end !== null && this.isDecided(this.end)) this.finish(this.end);
  }

  /** Nothing is under way that could still matter. */
  private isDecided({ end, ttl: lastTtl, isTold }: FoundEnd): boolean {
    if (this.waiting === 0) return true;
    if (this.isWaiting(this.options.firstTtl, lastTtl) || end !== 'target') return false;
    // A host that answers some SYNs of a connection, or as many errors as its limit allows, is
    // silent about the others.
    const { protocol, target } = this.options;
    const isFromBeyond = ({ answer }: TimedAnswer): boolean =>
      answer.ttl > lastTtl && isFromTarget(answer, target);
    return isTold || (protocol === 'tcp' && this.answers().some(isFromBeyond));
  }

  private askFurther(): void {
    const { firstTtl, maxTtl, known, target } = this.options;
    const until = Math.min(maxTtl, this.reachTtl());
    for (let ttl = firstTtl; ttl <= until; ttl++) this.askUpTo(ttl, 1);
    // Beyond where the target was: its answer may just have been lost.
    const knownTtl = firstTtl - 1 + known.length;
    if (until > knownTtl && known.at(-1) === target) this.askUpTo(knownTtl, 2);
  }

  /** How far first probes may go now. */
  private reachTtl(): number {
    const { firstTtl, maxTtl, known, silentMax } = this.options;
    const knownTtl = Math.min(maxTtl, firstTtl - 1 + known.length);
    const isAsking = known.length > 0 && (this.hops.get(knownTtl)?.answers.length ?? 0) === 0;
    return isAsking ? knownTtl : Math.max(knownTtl, this.answeredTtl() + silentMax);
  }

  private askRest(found: FoundEnd): void {
    const { firstTtl, probes, protocol } = this.options;
    const { end, ttl: lastTtl } = found;
    // SYNs of one flow are one connection to the target, which answers a single one of them.
    const isAlone = protocol === 'tcp' && end === 'target';
    const until = isAlone ? lastTtl - 1 : lastTtl;
    for (let count = 2; count <= probes; count++) {
      for (let ttl = firstTtl; ttl <= until; ttl++) this.askUpTo(ttl, count);
    }
    if (isAlone && !this.isWaiting(lastTtl - 1, lastTtl)) {
      const asked = this.hops.get(lastTtl)?.asked ?? 0;
      this.askUpTo(lastTtl, Math.min(asked + 1, probes));
    }
    const isSettled = this.isDecided(found);
    if (isSettled && end === 'target' && !found.isTold) this.makeSure(lastTtl - 1);
  }

  /** The probe to the target may have been lost, and one with a TTL too many be the first to come
   * there: a silent hop before the target is asked again, unless it is known. */
  private makeSure(ttl: number): void {
    const { firstTtl, known, target } = this.options;
    const isKnown = known.length > 0 && known[ttl - firstTtl] !== target;
    if (ttl < firstTtl || isKnown) return;
    const answers = this.hops.get(ttl)?.answers ?? [];
    if (answers.some(({ answer }) => isAnswered(answer))) return;
    for (let count = 1; count <= SURE; count++) this.askUpTo(ttl, count);
  }

  private askUpTo(ttl: number, count: number): void {
    const hop = this.hops.get(ttl) ?? { asked: 0, answers: [] };
    this.hops.set(ttl, hop);
    if (hop.asked >= count) return;
    const { tracer, trace, flow, payloadBytes, known, firstTtl } = this.options;
    const askedTurn = this.turn++;
    hop.asked++;
    this.waiting++;
    const seen = hop.answers.findLast(({ answer }) => answer.ip !== null);
    tracer.ask({
      trace,
      ttl,
      flow,
      payloadBytes,
      dontFragment: false,
      likely: seen?.answer.ip ?? known[ttl - firstTtl] ?? null,
      onOutcome: (answer) => this.take(hop, answer, askedTurn),
      onBatch: this.onBatch,
    });
  }

  private take(hop: Hop, outcome: ProbeAnswer, askedTurn: number): void {
    const { target, family, protocol, onAnswer } = this.options;
    if (this.hasEnded) return;
    this.waiting--;
    const answer = toHopAnswer(outcome, family);
    // A firewall on the way says that of other protocols, too.
    const isForeign = answer.kind === 'port-unreachable' && answer.ip !== target;
    if (isForeign && protocol !== 'udp') answer.kind = 'unreachable';
    hop.answers.push({ answer, askedTurn, decidedTurn: this.turn++ });
    onAnswer?.(answer);
  }

  private answers(): TimedAnswer[] {
    return [...this.hops.values()].flatMap(({ answers }) => answers);
  }

  private isWaiting(fromTtl: number, untilTtl: number): boolean {
    for (let ttl = fromTtl; ttl <= untilTtl; ttl++) {
      const hop = this.hops.get(ttl);
      if (hop !== undefined && hop.asked > hop.answers.length) return true;
    }
    return false;
  }

  /** The highest TTL that was answered. */
  private answeredTtl(): number {
    let highest = this.options.firstTtl - 1;
    for (const [ttl, { answers }] of this.hops) {
      if (ttl > highest && answers.some(({ answer }) => isAnswered(answer))) highest = ttl;
    }
    return highest;
  }

  /** Nothing more is under way, and the target has not answered. */
  private giveUp(): void {
    const { firstTtl, maxTtl } = this.options;
    const answeredTtl = this.answeredTtl();
    const isRefused = this.answers().every(({ answer }) => answer.kind === 'refused');
    const end = isRefused ? 'refused' : answeredTtl >= maxTtl ? 'max-ttl' : 'silence';
    this.givenUp = { end, ttl: Math.max(answeredTtl, firstTtl), isTold: false };
    this.end = this.givenUp;
  }

  private finish({ end, ttl: lastTtl }: FoundEnd): void {
    this.hasEnded = true;
    const { firstTtl, protocol, target } = this.options;
    const hops: TracedHop[] = [];
    for (let ttl = firstTtl; ttl <= lastTtl; ttl++) {
      hops.push({ ttl, answers: (this.hops.get(ttl)?.answers ?? []).map(({ answer }) => answer) });
    }
    if (end === 'target' && protocol !== 'icmp') {
      const answers = adoptAnswers(this.answers(), lastTtl, target);
      hops.splice(-1, 1, { ttl: lastTtl, answers });
    }
    this.options.onEnd({ end, hops });
  }
}

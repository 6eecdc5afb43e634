// The diamond: which routers flows are spread over, found by the multipath detection algorithm
// (core/mda.ts), whose probes this sends through the tracer. It follows a trace of one flow, which
// has told how long the path is; all TTLs are asked at once.
//
// Where routers were found that share the load, the algorithm's word that it is enough (a chance of
// 1 in 20 that one is missed) is made surer: half as many flows again are sent there, and only if
// they show nothing new it is done.
import { createMda, MDA_ALPHA, type Mda, type MdaReport } from '../core/mda.ts';
import type { PathProtocol } from '../core/path.ts';
import type { Family } from '../core/round.ts';
import { type HopAnswer, isAnswered, isFromTarget, toHopAnswer } from './trace-answer.ts';
import type { FinishedTrace } from './trace-run.ts';
import type { ProbeAnswer, Tracer } from './tracer.ts';

export interface MultipathOptions {
  tracer: Pick<Tracer, 'ask'>;
  /** An open trace, and what it was opened with. */
  trace: number;
  family: Family;
  protocol: PathProtocol;
  target: string;
  /** Of the trace before, whose answers count. */
  first: FinishedTrace;
  /** At most FLOWS_MAX. */
  flowsMax: number;
  payloadBytes: number;
  silentMax: number;
}

export interface Multipath {
  /** What is known so far. */
  report(): MdaReport;
  /** Resolves when there is nothing more to ask. */
  done: Promise<void>;
}

/** Probes in all; far more than a diamond of FLOWS_MAX flows takes. */
const PROBES_MAX = 8192;
const ATTEMPTS_MAX = 3;
/** Under way at once. */
const AHEAD_MAX = 256;
const SURER = 1.5;

export function startMultipath(options: MultipathOptions): Multipath {
  const { firstTtl, lastTtl } = spanOf(options.first);
  const mda = createMda({
    firstTtl,
    // Another flow may have a longer way to the target than the first.
    maxTtl: options.first.end === 'target' ? lastTtl + options.silentMax : lastTtl,
    horizonTtl: lastTtl,
    flowsMax: options.flowsMax,
    probesMax: PROBES_MAX,
    alpha: MDA_ALPHA,
    attemptsMax: ATTEMPTS_MAX,
    silentTtlsMax: options.silentMax,
  });
  for (const { answers } of options.first.hops) {
    for (const answer of answers) if (answer.ip !== null) mda.record(toResult(answer, options));
  }
  return new MultipathSearch(mda, options).begin();
}

function spanOf({ hops }: FinishedTrace): { firstTtl: number; lastTtl: number } {
  return { firstTtl: hops[0]?.ttl ?? 1, lastTtl: hops.at(-1)?.ttl ?? 1 };
}

function toResult(answer: HopAnswer, { target, protocol }: MultipathOptions) {
  const { ttl, flow, ip, kind } = answer;
  const isForeign = kind === 'port-unreachable' && protocol !== 'udp' && ip !== target;
  const ends = isFromTarget(answer, target) || kind === 'unreachable' || isForeign;
  return { ttl, flow, ip: isAnswered(answer) ? ip : null, ends };
}

class MultipathSearch {
  private readonly mda: Mda;
  private readonly options: MultipathOptions;
  /** Flows that were sent at each TTL. */
  private readonly flows = new Map<number, Set<number>>();
  /** How many routers there were at a TTL when it was made sure of. */
  private readonly sure = new Map<number, number>();
  private waiting = 0;
  private extra = 0;
  private isMakingSure = false;
  private finish: () => void = () => undefined;
  private readonly onBatch = (): void => this.advance();

  constructor(mda: Mda, options: MultipathOptions) {
    this.mda = mda;
    this.options = options;
    for (const { ttl, answers } of options.first.hops) {
      const flows = answers.flatMap(({ ip, flow }) => (ip === null ? [] : [flow]));
      this.flows.set(ttl, new Set(flows));
    }
  }

  begin(): Multipath {
    const done = new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    this.advance();
    return { report: () => this.report(), done };
  }

  private report(): MdaReport {
    const report = this.mda.report();
    return { ...report, sent: report.sent + this.extra };
  }

  private advance(): void {
    // What makes sure is not known to the algorithm before it is answered: it must not ask it, too.
    if (this.isMakingSure && this.waiting > 0) return;
    this.isMakingSure = false;
    for (const { ttl, flow } of this.mda.next(AHEAD_MAX - this.waiting)) this.ask(ttl, flow);
    if (this.waiting > 0) return;
    this.isMakingSure = true;
    const widths = new Map<number, number>();
    for (const { ttl } of this.mda.report().nodes) widths.set(ttl, (widths.get(ttl) ?? 0) + 1);
    for (const [ttl, width] of widths) if (width > 1) this.makeSure(ttl, width);
    if (this.waiting === 0) this.finish();
  }

  /** Asks flows that the algorithm did not, once for each number of routers. */
  private makeSure(ttl: number, width: number): void {
    if (this.sure.get(ttl) === width) return;
    this.sure.set(ttl, width);
    const { flowsMax } = this.options;
    const sent = this.flows.get(ttl) ?? new Set();
    const wanted = Math.min(flowsMax, Math.ceil(sent.size * SURER));
    for (let flow = 0; sent.size < wanted && flow < flowsMax; flow++) {
      if (sent.has(flow)) continue;
      this.extra++;
      this.ask(ttl, flow);
    }
  }

  private ask(ttl: number, flow: number): void {
    const { tracer, trace, payloadBytes, family } = this.options;
    const there = this.flows.get(ttl) ?? new Set();
    this.flows.set(ttl, there.add(flow));
    this.waiting++;
    tracer.ask({
      trace,
      ttl,
      flow,
      payloadBytes,
      dontFragment: false,
      likely: this.likely(ttl),
      onOutcome: (answer) => this.take(answer, family),
      onBatch: this.onBatch,
    });
  }

  /** Null where several may answer. */
  private likely(ttl: number): string | null {
    const hop = this.options.first.hops.find((one) => one.ttl === ttl);
    const ips = new Set(hop?.answers.flatMap(({ ip }) => (ip === null ? [] : [ip])));
    return ips.size === 1 && this.sure.get(ttl) === undefined ? ([...ips][0] ?? null) : null;
  }

  private take(outcome: ProbeAnswer, family: Family): void {
    this.waiting--;
    const answer = toHopAnswer(outcome, family);
    this.mda.record(toResult(answer, this.options));
  }
}

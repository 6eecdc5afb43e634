import type { KeptReport } from './agent-trouble.ts';
import { agentFaults, boardFaults } from './board-faults.ts';
import type { Report } from './report.ts';

// How a probe is, by its last report: for its health, and for the list that has the worst first.

export interface Judgement {
  /**
   * False: an outage is open, something cannot be measured, its configuration was refused, or its
   * mesh, lockdown, push or agent is in trouble.
   */
  isWell: boolean;
  /** 0 … 1000; 100 and more is trouble. */
  badness: number;
  /**
   * Series that are not measured, or down. A family that the place does not have is no fault while
   * the other one is measured.
   */
  ailing: number;
  /** A sentence without a full stop. */
  reason: string;
}

export const TROUBLE = 100;
const NO_DAEMON = 900;
const UPLINK_DOWN = 500;
const CONFIG_REFUSED = 300;
const AILING_ALL = 100;
const LOSS_ALL = 50;
const CLOCK_UNSYNCED = 5;

type Probe = NonNullable<Report['probe']>;
type Series = Probe['series'][number];

/**
 * After power on the network's resolver may answer later than the board asks: who has no address of
 * a name so soon is not in trouble, but at its beginning. Longer than it is from report to report.
 */
const YOUNG_MS = 90_000;
const SHOWN_MAX = 300;

/** A stored report has no rounds: its judgement leaves out loss, which troubles nobody alone. */
export function judgeReport(report: KeptReport): Judgement {
  const { agent, probe, heard } = report;
  if (probe === null) {
    const said = agent.lastError ?? heard?.trouble?.message;
    const why = said === undefined ? '' : `: ${said}`;
    const reason = `the measuring daemon says nothing${why}`;
    return { isWell: false, badness: NO_DAEMON, ailing: 0, reason };
  }
  const { series } = probe;
  const isYoung = isJustStarted(report);
  const all = series.filter((one) => isAiling(one, series, isYoung));
  const isDown = ({ state }: Series): boolean => state === 'down';
  const ailing = [...all.filter(isDown), ...all.filter((one) => !isDown(one))];
  const ofAgent = agentFaults(heard?.trouble ?? null);
  const ofBoard = [...boardFaults(agent.board ?? null), ...ofAgent];
  const reasons = [...faultsOf(probe, ailing), ...ofBoard].sort((a, b) => b.badness - a.badness);
  const badness =
    reasons.reduce((sum, fault) => sum + fault.badness, 0) +
    LOSS_ALL * lossOf(probe) +
    (probe.clock.state === 'unsynced' ? CLOCK_UNSYNCED : 0);
  return {
    isWell: reasons.every((fault) => fault.badness < TROUBLE),
    badness: Math.min(NO_DAEMON, badness),
    ailing: ailing.length,
    reason:
      reasons.find((fault) => fault.badness >= TROUBLE)?.reason ??
      [wellOf(probe, isYoung), ...ofAgent.map(({ reason }) => shortened(reason))].join('; '),
  };
}

// By the uptime of the machine too: a board without a clock of its own starts in another year.
function isJustStarted({ agent, probe }: KeptReport): boolean {
  if (probe === null) return false;
  const ageMs = probe.writtenMs - probe.startedMs;
  return agent.uptimeMs < YOUNG_MS || (ageMs >= 0 && ageMs < YOUNG_MS);
}

function shortened(text: string): string {
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX - 1)}…`;
}

interface Fault {
  badness: number;
  reason: string;
}

// Worst first.
function faultsOf(probe: Probe, ailing: readonly Series[]): Fault[] {
  const faults: Fault[] = [];
  const open = probe.events.filter(({ kind, untilMs }) => kind === 'outage' && untilMs === null);
  if (open.some(({ scope }) => scope === 'uplink')) {
    faults.push({ badness: UPLINK_DOWN, reason: 'its uplink is down' });
  }
  if (probe.config.error !== null) {
    const reason = `it refused its configuration: ${probe.config.error}`;
    faults.push({ badness: CONFIG_REFUSED, reason });
  }
  const [first] = ailing;
  if (first !== undefined) {
    const share = ailing.length / probe.series.length;
    faults.push({ badness: TROUBLE + AILING_ALL * share, reason: ailingReason(first, ailing) });
  } else if (open.length > 0 && faults.length === 0) {
    const what = open.length === 1 ? 'an outage is' : `${open.length} outages are`;
    faults.push({ badness: TROUBLE, reason: `${what} open` });
  }
  return faults;
}

function ailingReason(first: Series, ailing: readonly Series[]): string {
  const { target, family, state } = first;
  const more = ailing.length === 1 ? '' : ` and ${ailing.length - 1} more`;
  return `${target} (${family})${more}: ${first.reason ?? state}`;
}

function isAiling({ state, target }: Series, series: readonly Series[], isYoung: boolean): boolean {
  if (state === 'measuring' || (state === 'unresolved' && isYoung)) return false;
  if (state === 'down') return true;
  // No route for the family here, or no address of it there: the other one tells how it is.
  return !series.some((other) => other.target === target && other.state === 'measuring');
}

function lossOf({ rounds }: Probe): number {
  let sent = 0;
  let lost = 0;
  for (const round of rounds) {
    sent += round.sent;
    lost += Math.min(round.lost, round.sent);
  }
  return sent === 0 ? 0 : lost / sent;
}

function wellOf({ series }: Probe, isYoung: boolean): string {
  if (series.length === 0) return 'it has nothing to measure';
  const measured = series.filter(({ state }) => state === 'measuring').length;
  if (isYoung && series.some((one) => isAiling(one, series, false))) {
    return `it has just started: ${measured} of ${series.length} are measured, others wait for DNS`;
  }
  if (measured < series.length) {
    return `${measured} of ${series.length} are measured, each target in one family at least`;
  }
  return series.length === 1 ? 'its one series is measured' : `all ${series.length} are measured`;
}

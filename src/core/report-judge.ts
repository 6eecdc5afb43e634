import { boardFaults } from './board-faults.ts';
import type { Report } from './report.ts';

// How a probe is, by its last report: for its health, and for the list that has the worst first.

export interface Judgement {
  /**
   * False: an outage is open, something cannot be measured, its configuration was refused, or its
   * mesh, lockdown or push is in trouble.
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

/** A stored report has no rounds: its judgement leaves out loss, which troubles nobody alone. */
export function judgeReport({ agent, probe }: Report): Judgement {
  if (probe === null) {
    const why = agent.lastError === null ? '' : `: ${agent.lastError}`;
    const reason = `the measuring daemon says nothing${why}`;
    return { isWell: false, badness: NO_DAEMON, ailing: 0, reason };
  }
  const { series } = probe;
  const all = series.filter((one) => isAiling(one, series));
  const isDown = ({ state }: Series): boolean => state === 'down';
  const ailing = [...all.filter(isDown), ...all.filter((one) => !isDown(one))];
  const reasons = [...faultsOf(probe, ailing), ...boardFaults(agent.board ?? null)].sort(
    (a, b) => b.badness - a.badness,
  );
  const badness =
    reasons.reduce((sum, fault) => sum + fault.badness, 0) +
    LOSS_ALL * lossOf(probe) +
    (probe.clock.state === 'unsynced' ? CLOCK_UNSYNCED : 0);
  return {
    isWell: reasons.every((fault) => fault.badness < TROUBLE),
    badness: Math.min(NO_DAEMON, badness),
    ailing: ailing.length,
    reason: reasons.find((fault) => fault.badness >= TROUBLE)?.reason ?? wellOf(probe),
  };
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

function isAiling({ state, target }: Series, series: readonly Series[]): boolean {
  if (state === 'measuring') return false;
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

function wellOf({ series }: Probe): string {
  if (series.length === 0) return 'it has nothing to measure';
  const measured = series.filter(({ state }) => state === 'measuring').length;
  if (measured < series.length) {
    return `${measured} of ${series.length} are measured, each target in one family at least`;
  }
  return series.length === 1 ? 'its one series is measured' : `all ${series.length} are measured`;
}

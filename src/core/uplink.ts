import type { ProbeEvent } from './round.ts';

// When the own gateway and everything behind it stopped answering together, that is one outage, of
// the uplink, and not as many as there are targets.

/** A series as this decision needs it. */
export interface UplinkSeries {
  target: string;
  /** Addresses of this machine itself say nothing about the uplink. */
  isLocal: boolean;
  isGateway: boolean;
  /** The open outage of the series, or null while it answers. */
  outage: ProbeEvent | null;
}

// Targets are probed at intervals of their own, so that one outage begins for each at another time.
const TOGETHER_MS = 60_000;

/**
 * The moment from which the uplink is down: null unless a gateway is measured and it and every
 * other target that is measured is in an outage. What was down for long before does not count
 * towards its begin: that is an outage of its own.
 */
export function uplinkDownSince(series: readonly UplinkSeries[]): number | null {
  const beyond = series.filter((one) => !one.isLocal);
  if (!beyond.some((one) => one.isGateway)) return null;
  if (!beyond.some((one) => !one.isGateway)) return null;
  const begins = beyond.flatMap(({ outage }) => outage?.fromMs ?? []);
  if (begins.length < beyond.length) return null;
  const lastMs = begins.reduce((last, fromMs) => Math.max(last, fromMs));
  return begins.reduce(
    (first, fromMs) => (fromMs >= lastMs - TOGETHER_MS ? Math.min(first, fromMs) : first),
    lastMs,
  );
}

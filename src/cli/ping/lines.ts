// What `flint ping` knows of one host in one family, and the JSON lines that it prints.
import { formatAddress } from '../../core/address.ts';
import { icmpErrorText, sendErrorText } from '../../core/icmp-text.ts';
import type { Family, Quality } from '../../core/round.ts';
import { collectSamples, type Samples } from '../../core/sample-figures.ts';
import type { LogLine } from '../../engine/readers.ts';

export interface PingTarget {
  host: string;
  ip: string;
  family: Family;
  series: number;
  isStopped: boolean;
  /** Handed to the kernel so far, refused ones included. */
  attempts: number;
  sent: number;
  received: number;
  lost: number;
  discarded: number;
  duplicates: number;
  /** The slowest answer that came too late, ns; 0 when none did. */
  latestNs: number;
  samples: Samples;
  /** The last outcomes, oldest first: RTT in ns, or null for lost. */
  recent: (number | null)[];
  /** Attempts that an ICMP error has already accounted for. */
  failed: Set<number>;
}

export type PingLine = {
  type: 'reply' | 'lost' | 'error' | 'late' | 'duplicate';
  host: string;
  ip: string | null;
  family: Family | null;
  seq: number | null;
  rttNs: number | null;
  quality: Quality | null;
  ttl: number | null;
  timeMs: number | null;
  /** Of an error: what went wrong, and who said so. */
  reason?: string;
  from?: string;
};

const RECENT_MAX = 512;

export function newPingTarget(
  place: { host: string; ip: string; family: Family },
  series: number,
): PingTarget {
  return {
    ...place,
    series,
    isStopped: false,
    attempts: 0,
    sent: 0,
    received: 0,
    lost: 0,
    discarded: 0,
    duplicates: 0,
    latestNs: 0,
    samples: collectSamples(Math.random),
    recent: [],
    failed: new Set(),
  };
}

/** Takes one fate into the target's figures. Returns the line to print, if it deserves one. */
export function takeFate(target: PingTarget, fate: LogLine): PingLine | null {
  const { kind, attempt, rttNs } = fate;
  switch (kind) {
    case 'reply':
      target.received++;
      if (rttNs !== null) target.samples.add(attempt, rttNs);
      remember(target, rttNs);
      return line(target, fate, 'reply');
    case 'lost':
      target.lost++;
      remember(target, null);
      return target.failed.delete(attempt) ? null : line(target, fate, 'lost');
    case 'icmp-error':
      target.failed.add(attempt);
      return { ...line(target, fate, 'error'), ...icmpError(target.family, fate) };
    case 'send-error':
      return { ...line(target, fate, 'error'), reason: sendErrorText(fate.info) };
    case 'late':
      target.latestNs = Math.max(target.latestNs, rttNs ?? 0);
      return line(target, fate, 'late');
    case 'duplicate':
      target.duplicates++;
      return line(target, fate, 'duplicate');
    case 'discarded':
      target.discarded++;
      return { ...line(target, fate, 'error'), reason: 'the clock was stepped: no figure' };
  }
}

function icmpError(family: Family, fate: LogLine): { reason: string; from: string } {
  const from = formatAddress(family, fate.address.subarray(0, family === 'v4' ? 4 : 16));
  return { reason: icmpErrorText(family, fate.info), from };
}

function line(target: PingTarget, fate: LogLine, type: PingLine['type']): PingLine {
  const { host, ip, family } = target;
  const { attempt: seq, rttNs, quality, ttl, sentMs: timeMs } = fate;
  return { type, host, ip, family, seq, rttNs, quality, ttl, timeMs };
}

function remember(target: PingTarget, rttNs: number | null): void {
  target.recent.push(rttNs);
  if (target.recent.length > RECENT_MAX) target.recent.shift();
}

/** A name that has no address: an error without a probe. */
export function unresolvedLine(host: string, family: Family | null, reason: string): PingLine {
  const none = { ip: null, seq: null, rttNs: null, quality: null, ttl: null, timeMs: null };
  return { type: 'error', host, family, ...none, reason };
}

/** The last line of each host and family; `exact` is there, and false, beyond a million answers. */
export function summaryOf(target: PingTarget): Record<string, unknown> {
  const { host, ip, family, sent, received, lost, duplicates, samples } = target;
  return {
    type: 'summary',
    host,
    ip,
    family,
    sent,
    received,
    lost,
    duplicates,
    rttNs: samples.figures(),
    jitterNs: samples.jitterNs(),
    ...(samples.isExact() ? {} : { exact: false }),
  };
}

// The flood modes of ping and fping: a bounded burst, their own count of replies, processor time of
// the whole process (its start is a few ms of it).
import type { Namespace } from '../test/lab/net.ts';
import { runTimed } from './inside.ts';
import type { Speed } from './rate.ts';
import { consecutive } from './targets.ts';

const TIMEOUT_MS = 30_000;
/** What either is expected to do at least: sizes the burst. */
const RATE_MIN = 100_000;
/** fping has 16 bits of sequence numbers for all that it sent in the last ten seconds. */
const SEQUENCES_MAX = 65_535;

/** `ping -f`: as fast as answers come. Its rate is by its own clock. */
export async function floodPing(
  near: Namespace,
  address: string,
  milliseconds: number,
): Promise<Speed> {
  const count = Math.ceil((RATE_MIN * milliseconds) / 1000);
  const words = ['ping', '-f', '-q', '-c', `${count}`, address];
  const { stdout, cpuSeconds } = await runTimed(near, words, { timeoutMs: TIMEOUT_MS });
  const [, received, time] = /(\d+) received.*time (\d+)ms/.exec(stdout) ?? [];
  if (received === undefined) throw new Error(`ping printed no summary: ${stdout}`);
  const replies = Number(received);
  return {
    repliesPerSecond: (replies * 1000) / Number(time),
    cpuSecondsPerMillion: (cpuSeconds * 1e6) / replies,
  };
}

export interface FpingOptions {
  first: string;
  targets: number;
  milliseconds: number;
}

/**
 * Without pause between packets; as many rounds over all targets as its numbers suffice for. With
 * one target it has no such mode: `-p 0` waits 10 ms, and with `-i 0` it matches no reply.
 */
export async function floodFping(
  near: Namespace,
  { first, targets, milliseconds }: FpingOptions,
): Promise<Speed> {
  const wanted = Math.min((RATE_MIN * milliseconds) / 1000, SEQUENCES_MAX);
  const rounds = Math.max(1, Math.floor(wanted / targets));
  const words = ['fping', '-s', '-q', '-c', `${rounds}`, '-i', '0', '-p', '1', '-f', '-'];
  const input = `${consecutive(first, targets).join('\n')}\n`;
  const run = { timeoutMs: TIMEOUT_MS, input };
  const { stderr, seconds, cpuSeconds } = await runTimed(near, words, run);
  const replies = Number(/(\d+) ICMP Echo Replies received/.exec(stderr)?.[1] ?? 0);
  const isMatched = /^\s*[1-9]\d* alive$/m.test(stderr);
  if (replies === 0 || !isMatched) throw new Error(`fping had no reply: ${stderr.slice(-500)}`);
  return {
    repliesPerSecond: replies / seconds,
    cpuSecondsPerMillion: (cpuSeconds * 1e6) / replies,
  };
}

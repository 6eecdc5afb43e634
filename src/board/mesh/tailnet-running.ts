import { type Backoff, openBackoff } from '../backoff.ts';
import { fixedAddressOf } from './tailnet-act.ts';
import { openMachine, type Tailnet, type TailnetOptions } from './tailnet-machine.ts';
import { openPatience, type Patience } from './tailnet-patience.ts';
import type { Doubt } from './tailnet-plan.ts';
import { type Heard, hasHeard, isApproved } from './tailnet-state.ts';
import type { TailscaleStatus } from './tailscale-status.ts';

// What a tailnet that is watched remembers between two looks: of what failed, and for how long all
// has been as it is. None of it outlives the process.

const RETRY_LEAST_MS = 2_000;

export interface Running {
  tailnet: Tailnet;
  backoff: Backoff;
  /** Of no peer being heard, and of the address not being approved. */
  silence: Patience;
  approval: Patience;
  heard: Heard & { times: number };
  /** That the login server knows this node was seen, or need not be. */
  isProven: boolean;
  /** Of the last try that failed, and when the next may be. */
  pause: { reason: string; isKeyMissing: boolean; untilMs: number } | null;
  joinedMs: number | null;
  lastAddress: string | null;
  isTold: boolean;
}

export function begin(options: TailnetOptions): Running {
  const tailnet = openMachine(options);
  const { timing } = tailnet;
  const { retryFirstMs: firstMs, retryMostMs: mostMs, random, monotonicMs } = timing;
  const { silenceMs, silenceMostMs, approvalMs, approvalMostMs } = timing;
  return {
    tailnet,
    backoff: openBackoff({ firstMs, mostMs, random }),
    silence: openPatience({ firstMs: silenceMs, mostMs: silenceMostMs, monotonicMs }),
    approval: openPatience({ firstMs: approvalMs, mostMs: approvalMostMs, monotonicMs }),
    heard: { bytes: 0, handshakeMs: 0, times: 0 },
    isProven: options.isByHand !== true,
    pause: null,
    joinedMs: null,
    lastAddress: null,
    isTold: false,
  };
}

export interface Failure {
  failure: string;
  isKeyMissing: boolean;
  retryAfterMs: number | null;
}

export function fail(running: Running, { failure, isKeyMissing, retryAfterMs }: Failure): void {
  const { tailnet, backoff } = running;
  const waitMs = Math.max(RETRY_LEAST_MS, backoff.nextMs(retryAfterMs));
  const untilMs = tailnet.timing.monotonicMs() + waitMs;
  running.pause = { reason: failure, isKeyMissing, untilMs };
}

export function recover(running: Running): void {
  running.pause = null;
  running.backoff.reset();
  running.tailnet.ring.spend();
}

export function isDue({ pause, tailnet }: Running): boolean {
  return pause === null || tailnet.timing.monotonicMs() >= pause.untilMs;
}

/** Patience with a silence begins anew when something came. */
export function hear(running: Running, now: Heard): void {
  const times = running.heard.times + (hasHeard(running.heard, now) ? 1 : 0);
  running.heard = { ...now, times };
  running.silence.see(String(times));
}

/** The next silence begins now. */
export function noteProof(running: Running): void {
  running.isProven = true;
  running.heard.times++;
  running.silence.see(String(running.heard.times));
}

/** Why the login server should be asked how things are. */
export function doubtOf(
  { silence, approval, tailnet, isProven }: Running,
  status: TailscaleStatus,
): Doubt | null {
  const address = fixedAddressOf(tailnet);
  const isPending = address !== null && !isApproved(status, address);
  const isUp = status.backend === 'Running';
  if (isUp) approval.see(isPending ? 'pending' : 'approved');
  // Without a login server nothing can be learnt, and the tunnels that there are would be lost.
  if (isPending && approval.isOver() && status.self.Online) {
    return { why: `is ${address} approved by now?`, isProvable: false };
  }
  if (isUp && !isProven)
    return { why: 'no peer answers: is this node still known?', isProvable: true };
  return silence.isOver() ? { why: 'no peer was heard for long', isProvable: true } : null;
}

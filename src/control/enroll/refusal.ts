// When a refusal leaves: at a multiple of a step since the request came, plus a jitter that has
// nothing to do with it. What was done meanwhile is shorter than a step, so that its length shows
// nowhere; under load, where it is not, only whole steps show.

import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '../../core/wire.ts';

export const REFUSAL_STEP_MS = 30;
const JITTER_US_MAX = 2000;

/** The one answer to all that is not accepted. */
export const REFUSED: Problem = { error: 'refused', message: 'not accepted (yet)' };

/** `arrivedMs` and `nowMs` are of one clock that never goes back. */
export function leaveInMs(arrivedMs: number, nowMs: number, jitterMs: number): number {
  const steps = Math.floor(Math.max(0, nowMs - arrivedMs) / REFUSAL_STEP_MS) + 1;
  return arrivedMs + steps * REFUSAL_STEP_MS + jitterMs - nowMs;
}

/** `arrivedMs` is what `performance.now()` said. */
export async function untilRefusal(arrivedMs: number): Promise<void> {
  const jitterMs = randomInt(JITTER_US_MAX) / 1000;
  await sleep(leaveInMs(arrivedMs, performance.now(), jitterMs));
}

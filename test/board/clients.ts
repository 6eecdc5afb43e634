// Clients of a control for the tests, with short deadlines.
import { type ControlClient, openClient } from '../../src/board/control-client.ts';
import type { Trust } from '../../src/board/control-trust.ts';

export const SYSTEM_TRUST: Trust = {
  authorities: null,
  needsChain: true,
  pins: [],
  judgedDates: () => 'both',
  nowMs: Date.now,
};

export const NEVER = new AbortController().signal;

export function clientOf(origin: string, trust: Partial<Trust> = {}, deadlineMs = 5_000) {
  return openClient({
    origin,
    version: '1.2.3',
    trust: { ...SYSTEM_TRUST, ...trust },
    deadlineMs,
  });
}

/** What kind of failure asking for a challenge was, or `ok`, and the message. */
export async function tryOnce(client: ControlClient): Promise<string> {
  const { CHALLENGE } = await import('../../src/core/enroll-wire.ts');
  const path = '/api/v1/enroll/challenge';
  const outcome = await client.post({ path, body: '{}', schema: CHALLENGE, signal: NEVER });
  return outcome.ok ? 'ok' : `${outcome.kind}: ${outcome.message}`;
}

import { createHash } from 'node:crypto';
import {
  CHALLENGE,
  ENROLLED,
  type EnrollPayload,
  type EnrollRequest,
  enrollMessage,
} from '../core/enroll-wire.ts';
import type { BoardClock } from './clock.ts';
import type { ControlClient } from './control-client.ts';
import type { Failure } from './control-exchange.ts';
import type { Credentials } from './credentials.ts';
import type { BoardFacts } from './facts.ts';
import type { Identity } from './identity.ts';

// One enrolment: ask for a nonce, sign what the board is, be bound or refused. It may be repeated
// at will: a board that is bound is answered again, with a new API key, and the older one lives
// until the new one is used, so that an answer that was lost costs nothing.

export interface Enrolment {
  client: ControlClient;
  identity: Identity;
  facts: BoardFacts;
  claimToken: string | null;
  clock: BoardClock;
  signal: AbortSignal;
}

export type Enrolled = { ok: true; credentials: Credentials } | Failure;

export async function enroll(enrolment: Enrolment): Promise<Enrolled> {
  const { client, clock, signal } = enrolment;
  const asked = await client.post({
    path: '/api/v1/enroll/challenge',
    body: '{}',
    schema: CHALLENGE,
    signal,
  });
  if (!asked.ok) return asked;
  clock.hear(asked.value.nowMs, asked.roundTripMs);
  const request = signedRequest(enrolment, asked.value.nonce);
  const answer = await client.post({
    path: '/api/v1/enroll',
    body: JSON.stringify(request),
    schema: ENROLLED,
    signal,
  });
  if (!answer.ok) return answer;
  clock.hear(answer.value.nowMs, answer.roundTripMs);
  const { probe, apiKey } = answer.value;
  const boundMs = Math.max(0, clock.nowMs());
  return { ok: true, credentials: { control: client.origin, probe: probe.name, apiKey, boundMs } };
}

export function payloadOf(
  facts: BoardFacts,
  publicKey: string,
  claimToken: string | null,
): EnrollPayload {
  const { mac, model, hardware, version, node, sshHostKey } = facts;
  return { mac, publicKey, model, hardware, version, node, sshHostKey, claimToken };
}

function signedRequest(
  { client, identity, facts, claimToken }: Enrolment,
  nonce: string,
): EnrollRequest {
  const payload = Buffer.from(
    JSON.stringify(payloadOf(facts, identity.publicKey, claimToken)),
    'utf8',
  );
  const digest = createHash('sha256').update(payload).digest('hex');
  return {
    nonce,
    payload: payload.toString('base64url'),
    signature: identity.sign(enrollMessage(client.origin, nonce, digest)),
  };
}

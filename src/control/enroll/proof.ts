// Whether a request comes from the holder of the key that it names. Always computed, also where the
// answer is known to be no: how long a refusal takes must not say why.

import { createHash, createPublicKey, verify } from 'node:crypto';
import * as v from 'valibot';
import {
  ENROLL_PAYLOAD,
  type EnrollPayload,
  type EnrollRequest,
  enrollMessage,
  formatFingerprint,
} from '../../core/enroll-wire.ts';
import { type InputIssue, inputInvalid } from '../request/problem.ts';

export interface EnrollProof {
  payload: EnrollPayload;
  /** Canonical: base64url of 43 characters has two spare bits, one key must be one text. */
  publicKey: string;
  fingerprint: string;
  isSigned: boolean;
}

/** Throws ERR_INPUT_INVALID on a payload that is none, which says nothing about the control. */
export function proveEnrollment(request: EnrollRequest, origin: string): EnrollProof {
  const bytes = Buffer.from(request.payload, 'base64url');
  const payload = parsePayload(bytes);
  const key = Buffer.from(payload.publicKey, 'base64url');
  const message = enrollMessage(origin, request.nonce, sha256(bytes));
  return {
    payload,
    publicKey: key.toString('base64url'),
    fingerprint: formatFingerprint(sha256(key)),
    isSigned: isSignedBy(key, message, Buffer.from(request.signature, 'base64url')),
  };
}

function parsePayload(bytes: Buffer): EnrollPayload {
  const parsed = v.safeParse(ENROLL_PAYLOAD, parseJson(bytes));
  if (parsed.success) return parsed.output;
  const issues: InputIssue[] = parsed.issues.slice(0, 20).map((issue) => ({
    path: `payload.${v.getDotPath(issue) ?? ''}`.slice(0, 500),
    message: issue.message.slice(0, 500),
  }));
  throw inputInvalid('the payload of the enrolment is not valid', issues);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw inputInvalid('the payload of the enrolment is no JSON in UTF-8');
  }
}

function isSignedBy(key: Buffer, message: string, signature: Buffer): boolean {
  try {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.toString('base64url') };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    return verify(null, Buffer.from(message), publicKey, signature);
  } catch {
    return false;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

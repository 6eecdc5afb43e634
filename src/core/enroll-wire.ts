import * as v from 'valibot';
import { expecting, objectMessage, text } from './config-value.ts';
import { line, MAC, PUBLIC_KEY, SIGNATURE, SLUG, TIME_MS } from './wire.ts';

// How a board that knows nothing but the control's origin becomes a probe. It asks for a nonce,
// signs what it is with a key that never leaves it, and is either bound or refused; every refusal
// is the same. The signature covers the origin, so that nobody can pass the request on to another
// control, and the nonce, which works once.
//
//   POST /api/v1/enroll/challenge  {}                           → CHALLENGE
//   POST /api/v1/enroll            ENROLL_REQUEST               → ENROLLED | 403 PROBLEM
//
// `payload` is the JSON text of ENROLL_PAYLOAD as base64url, so that the bytes that were signed are
// the bytes that were sent.

export const ENROLL_CONTEXT = 'flint-enroll-1';
export const NONCE_LIFE_MS = 300_000;

const PAYLOAD_LENGTH_MAX = 8192;
const PORT_MAX = 65_535;

const NONCE = text('a nonce of the control', /^[A-Za-z0-9_-]{32,128}$/, 128);

export const CHALLENGE = v.object(
  {
    nonce: NONCE,
    /** When the nonce ends, and now, by the clock of the control. */
    untilMs: TIME_MS,
    nowMs: TIME_MS,
  },
  objectMessage('a challenge'),
);

export const ENROLL_REQUEST = v.strictObject(
  {
    nonce: NONCE,
    payload: text('the payload as base64url', /^[A-Za-z0-9_-]{2,8192}$/, PAYLOAD_LENGTH_MAX),
    signature: SIGNATURE,
  },
  objectMessage('an object'),
);

/** Unknown keys are left out: a newer board may say more. */
export const ENROLL_PAYLOAD = v.object(
  {
    mac: MAC,
    publicKey: PUBLIC_KEY,
    /** As the machine calls itself, e.g. "FriendlyElec NanoPi R2S". */
    model: v.nullable(line('a model', 64)),
    /** Slug of the profile that the image was made for. */
    hardware: v.nullable(SLUG),
    version: line('a version', 64),
    node: line('a version', 64),
    sshHostKey: v.nullable(
      text('an SSH public key', /^(?:ssh|ecdsa)-[a-z0-9-]{1,40} [A-Za-z0-9+/=]{16,1024}$/, 1100),
    ),
    /** From the image; binds the board at once. */
    claimToken: v.nullable(text('a claim token', /^[A-Za-z0-9_-]{16,128}$/, 128)),
  },
  objectMessage('an object'),
);

export const ENROLLED = v.object(
  {
    probe: v.object({ name: SLUG }, objectMessage('a probe')),
    apiKey: text('an API key', /^[A-Za-z0-9_-]{32,128}$/, 128),
    nowMs: TIME_MS,
  },
  objectMessage('an answer to an enrolment'),
);

export type Challenge = v.InferOutput<typeof CHALLENGE>;
export type EnrollRequest = v.InferOutput<typeof ENROLL_REQUEST>;
export type EnrollPayload = v.InferOutput<typeof ENROLL_PAYLOAD>;
export type Enrolled = v.InferOutput<typeof ENROLLED>;

/**
 * The text that is signed, as UTF-8: none of the parts can hold the line feed between them.
 * `payloadSha256` is the digest of the decoded payload, 64 lower-case hexadecimal digits.
 */
export function enrollMessage(origin: string, nonce: string, payloadSha256: string): string {
  return [ENROLL_CONTEXT, origin, nonce, payloadSha256].join('\n');
}

/**
 * What a person compares: the first 80 bits of the SHA-256 of the public key's 32 bytes, as five
 * groups of four digits. `digest` is that SHA-256 in hexadecimal.
 */
export function formatFingerprint(digest: string): string {
  return (digest.slice(0, 20).match(/.{4}/g) ?? []).join(' ');
}

/**
 * The origin that both sides sign: scheme and authority as RFC 6454 §6.1 writes them. Null unless
 * the text is an http or https URL without user, query and fragment.
 */
export function originOf(written: string): string | null {
  const parts =
    /^(https?):\/\/(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::([0-9]{1,5}))?\/?$/.exec(
      written.trim(),
    );
  if (parts === null) return null;
  const [, scheme = '', host = '', port] = parts;
  if (Number(port ?? 0) > PORT_MAX) return null;
  const isUsual = port === undefined || Number(port) === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${host.toLowerCase()}${isUsual ? '' : `:${Number(port)}`}`;
}

export const ORIGIN = v.pipe(
  v.string(expecting('a URL such as https://control.example')),
  v.maxLength(300, expecting('a URL of at most 300 characters')),
  v.check(
    (value) => originOf(value) !== null,
    expecting('a URL such as https://control.example, without a path'),
  ),
);

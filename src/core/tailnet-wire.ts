import * as v from 'valibot';
import { parseAddress } from './address.ts';
import { expecting, objectMessage, text } from './config-value.ts';
import { ORIGIN } from './enroll-wire.ts';
import { TIME_MS } from './wire.ts';

// How an enrolled board asks its control for a key to join the tailnet with. The key is made when
// it is asked for, not when the board was registered: what is made earlier expires on the way. The
// control ends the key that it handed out before and that was not used.
//
//   POST /api/v1/tailnet-key  {}  → TAILNET_KEY | 404 (it hands out none) | 503 with Retry-After

export const TAILNET_KEY_PATH = '/api/v1/tailnet-key';

/** `hskey-auth-…` (88 characters), 48 hexadecimal digits before headscale 0.28, `tskey-auth-…`. */
export const PRE_AUTH_KEY = text('a pre-auth key', /^[A-Za-z0-9_-]{16,256}$/, 256);

/** A host name of one label (RFC 1123 §2.1), lower case. */
export const TAILNET_HOST = text('a host name', /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 63);

/** fc00::/7 (RFC 4193) alone: any other would draw traffic of the Internet into the tailnet. */
export const LOCAL_ADDRESS = v.pipe(
  v.string(expecting('an address of fc00::/7')),
  v.maxLength(39, expecting('an address of fc00::/7')),
  v.check(isLocalAddress, expecting('an address of fc00::/7')),
);

/** Unknown keys are left out: a newer control may say more. */
export const TAILNET_KEY = v.object(
  {
    key: PRE_AUTH_KEY,
    /** When the key ends, by the clock of the control. */
    expiresMs: TIME_MS,
    /** Where the key is good; a board that is configured for another server does not use it. */
    loginServer: v.optional(ORIGIN),
    /** The board's fixed address, for one whose image does not say it. */
    address: v.optional(LOCAL_ADDRESS),
    hostname: v.optional(TAILNET_HOST),
  },
  objectMessage('a key of the tailnet'),
);

export type TailnetKey = v.InferOutput<typeof TAILNET_KEY>;

export type TailnetKeyParse = { ok: true; answer: TailnetKey } | { ok: false; reason: string };

/** The answer of a control, or why it cannot be used; that never shows what is in it. */
export function parseTailnetKey(document: unknown): TailnetKeyParse {
  const parsed = v.safeParse(TAILNET_KEY, document, { abortEarly: true });
  if (parsed.success) return { ok: true, answer: parsed.output };
  const at = parsed.issues[0] === undefined ? null : v.getDotPath(parsed.issues[0]);
  return { ok: false, reason: `its ${at === null ? 'value' : `"${at}"`} cannot be used` };
}

/** Whether the text is an address of fc00::/7. */
export function isLocalAddress(written: string): boolean {
  const address = parseAddress(written);
  if (address === null || address.family !== 'v6') return false;
  return ((address.bytes[0] ?? 0) & 0xfe) === 0xfc;
}

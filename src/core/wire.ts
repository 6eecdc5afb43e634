import * as v from 'valibot';
import { parseAddress } from './address.ts';
import { expecting, objectMessage, text, wholeNumber } from './config-value.ts';

// Values that probe, control and operator exchange, as schemas that also become the OpenAPI
// document: hence patterns and limits rather than checks by code wherever JSON Schema can say it.

/** Probes, sets, groups and hardware profiles: `[a-z0-9][a-z0-9-]{0,62}`. */
export const SLUG = text(
  'a name of 1 to 63 of a-z 0-9 - that does not begin with -',
  /^[a-z0-9][a-z0-9-]{0,62}$/,
  63,
);

/** Canonical: lower case, colons. `parseMac` takes what people write. */
export const MAC = text(
  'a MAC address such as 02:00:5e:10:00:01',
  /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/,
  17,
);

/** Unix milliseconds. */
export const TIME_MS = wholeNumber(0, 8_640_000_000_000_000);

export const IP = v.pipe(
  v.string(expecting('an IP address')),
  v.maxLength(64, expecting('an IP address')),
  v.check((value) => parseAddress(value) !== null, expecting('an IP address')),
);

/** 32 bytes as base64url without padding: an Ed25519 public key (RFC 8032 §5.1.5). */
export const PUBLIC_KEY = text('an Ed25519 public key (base64url)', /^[A-Za-z0-9_-]{43}$/, 43);

/** 64 bytes as base64url without padding: an Ed25519 signature (RFC 8032 §5.1.6). */
export const SIGNATURE = text('an Ed25519 signature (base64url)', /^[A-Za-z0-9_-]{86}$/, 86);

/** Six pairs of digits, with or without a colon or dash between two. */
const MAC_TEXT = /^(?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2}$/i;
const MAC_DOTTED = /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/i;

// Neither controls nor what turns the direction of writing (Unicode TR 36 §3.3).
const PRINTABLE = /^[ -~\u00a0-\u200a\u2010-\u2027\u202f-\u2065\u206a-\ufefe\uff00-\uffff]*$/;

/** A line of printable text of at most `max` characters. */
export function line(what: string, max: number) {
  return v.pipe(
    v.string(expecting(what)),
    v.maxLength(max, expecting(`${what} of at most ${max} characters`)),
    v.regex(PRINTABLE, expecting(`${what} without control characters`)),
  );
}

/** A whole number as a query has it. */
export function queryNumber(min: number, max: number) {
  const message = expecting(`a whole number from ${min} to ${max}`);
  return v.pipe(
    v.string(message),
    v.regex(/^[0-9]{1,16}$/, message),
    v.transform(Number),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

/** Canonical form of a MAC address as people write it (colons, dashes, dots, none), or null. */
export function parseMac(written: string): string | null {
  if (written.length > 32) return null;
  const text = written.trim().toLowerCase();
  if (!MAC_TEXT.test(text) && !MAC_DOTTED.test(text)) return null;
  const mac = (text.replace(/[.:-]/g, '').match(/../g) ?? []).join(':');
  // Group addresses (IEEE 802, I/G bit) and the null address are no board's own.
  const first = Number.parseInt(mac.slice(0, 2), 16);
  return (first & 1) === 1 || mac === '00:00:00:00:00:00' ? null : mac;
}

/** What every refusal of the API looks like. */
export const PROBLEM = v.object(
  {
    /** For programs: `not-found`, `invalid`, `refused` … */
    error: v.pipe(v.string(), v.maxLength(64)),
    /** For people. */
    message: v.pipe(v.string(), v.maxLength(2000)),
    /** What is wrong with which value, where it was the input. */
    issues: v.optional(
      v.pipe(
        v.array(
          v.object(
            {
              path: v.pipe(v.string(), v.maxLength(500)),
              message: v.pipe(v.string(), v.maxLength(500)),
            },
            objectMessage('an issue'),
          ),
        ),
        v.maxLength(64),
      ),
    ),
  },
  objectMessage('a problem'),
);

export type Problem = v.InferOutput<typeof PROBLEM>;

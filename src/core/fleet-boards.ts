import * as v from 'valibot';
import { objectMessage, wholeNumber } from './config-value.ts';
import { line, MAC, PUBLIC_KEY, SLUG, TIME_MS } from './wire.ts';

// Boards that ask to be a probe, and the tokens with which they need not wait for approval.

export const CANDIDATE = v.object({
  fingerprint: v.string(),
  publicKey: PUBLIC_KEY,
  model: v.nullable(v.string()),
  hardware: v.nullable(v.string()),
  version: v.string(),
  seenFrom: v.string(),
  firstMs: TIME_MS,
  lastMs: TIME_MS,
  attempts: wholeNumber(0, Number.MAX_SAFE_INTEGER),
});

/** A board whose MAC nobody registered. */
export const UNKNOWN_BOARD = v.object({
  id: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  mac: MAC,
  ...CANDIDATE.entries,
});

/** POST /api/v1/probes/NAME/approve and /refuse: by fingerprint, which a person has compared. */
export const CANDIDATE_CHOICE = v.strictObject(
  { fingerprint: line('a fingerprint', 40) },
  objectMessage('a fingerprint'),
);

export const CLAIM_TOKEN_INPUT = v.strictObject(
  {
    label: line('a label', 100),
    /** Name of the one probe that it is for; any registered and free one without. */
    probe: v.optional(v.nullable(SLUG), null),
    uses: v.optional(wholeNumber(1, 10_000), 1),
    lifetimeMs: v.optional(wholeNumber(60_000, 366 * 86_400_000), 30 * 86_400_000),
  },
  objectMessage('a claim token'),
);

export const CLAIM_TOKEN = v.object({
  id: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  label: v.string(),
  probe: v.nullable(SLUG),
  usesMax: wholeNumber(1, 10_000),
  uses: wholeNumber(0, 10_000),
  createdMs: TIME_MS,
  untilMs: TIME_MS,
  revokedMs: v.nullable(TIME_MS),
  createdBy: v.string(),
});

/** The only time that the token itself is told. */
export const CLAIM_TOKEN_MADE = v.object({ ...CLAIM_TOKEN.entries, token: v.string() });

import * as v from 'valibot';
import { objectMessage, text } from './config-value.ts';

// What the board and the metrics server are given to push with.
//
//   POST /api/v1/push-bearer            {}                  → PUSH_BEARER | 404: none is given
//   POST /api/v1/metrics-bearer-update  metrics-api-key=…   → METRICS_USERS (as SPARKY has it)

/** As RFC 6750 §2.1 spells a token, and long enough that nobody guesses it. */
export const BEARER_PATTERN = /^[A-Za-z0-9._~+/-]{8,512}={0,2}$/;

/** Names that stand where a value was missing: never a token, whoever says so. */
const EMPTY_WORDS: readonly string[] = ['null', 'undefined', 'none', 'false', 'true'];

export const BEARER = text('a bearer token', BEARER_PATTERN, 514);

/** `url` says where the control thinks that the metrics go; the board's own settings decide. */
export const PUSH_BEARER = v.object(
  { bearer: BEARER, url: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(500)))) },
  objectMessage('a bearer'),
);

export const METRICS_USER = v.strictObject({
  bearer_token: BEARER,
  url_prefix: v.pipe(v.string(), v.maxLength(500)),
});

export const METRICS_USERS_MAX = 100_000;

export const METRICS_USERS = v.object({
  status: v.literal('ok'),
  data: v.object({ users: v.pipe(v.array(METRICS_USER), v.maxLength(METRICS_USERS_MAX)) }),
});

export type MetricsUser = v.InferOutput<typeof METRICS_USER>;

/** Whether the text can be a token: none that a script made of a missing value. */
export function isBearer(value: string): boolean {
  return BEARER_PATTERN.test(value) && !EMPTY_WORDS.includes(value.toLowerCase());
}

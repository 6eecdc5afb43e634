// Why a call to the control failed, in words for the operator: what was tried, where, what came of
// it, and what to do. What the control said passes through `printable`: it may lie or be another.
import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import { type ErrorCode, ProbeError } from '../../core/error.ts';
import { PROBLEM, type Problem } from '../../core/wire.ts';
import { formatDuration } from '../../graph/format.ts';
import { printable } from '../../graph/terminal.ts';

interface Place {
  origin: string;
  /** Completes "cannot …". */
  what: string;
}

interface Caller extends Place {
  hasToken: boolean;
  isLogin?: boolean | undefined;
}

interface Refused {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

const WORDS_MAX = 1000;
const ISSUES_MAX = 8;

/** The error of an answer that is not 2xx. */
export function refusal(place: Caller, refused: Refused): ProbeError {
  const { status, headers } = refused;
  if (status >= 300 && status < 400) return redirected(place, headers.location);
  const problem = problemOf(refused.text);
  const said = problem === null ? `it answered ${status}` : saidBy(problem);
  const next = nextStep(place, refused);
  // Without a token the control has nothing to add.
  const isPlain = status === 401 && !place.hasToken && place.isLogin !== true;
  const parts = isPlain ? [next] : [said, next].filter((part) => part !== '');
  return new ProbeError(codeOf(status), `${head(place)}: ${parts.join('; ')}`);
}

/** The error of a request that got no whole answer. */
export function unreachable(error: unknown, place: Place & { deadlineMs: number }): ProbeError {
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  const seconds = Math.round(place.deadlineMs / 100) / 10;
  const words = code === 'DEADLINE' ? `no whole answer within ${seconds} s` : wordsOf(code);
  const why = words ?? printable(message);
  return new ProbeError('ERR_CONTROL_UNREACHABLE', `${head(place)}: ${why}`, {
    cause: error,
    ...(code === '' ? {} : { errno: code }),
  });
}

/** The error of an answer that does not say what it should. */
export function brokenAnswer(place: Place, finding: string): ProbeError {
  return new ProbeError(
    'ERR_CONTROL_ANSWER',
    `${head(place)}: its answer cannot be read: ${printable(finding).slice(0, WORDS_MAX)}; ` +
      'is that address a flint control, and is this flint not older than it?',
  );
}

function head({ what, origin }: Place): string {
  return `cannot ${what} at ${origin}`;
}

function redirected(place: Place, location: string | undefined): ProbeError {
  const to = location === undefined ? 'elsewhere' : `to ${printable(location).slice(0, 300)}`;
  return new ProbeError(
    'ERR_CONTROL_ANSWER',
    `${head(place)}: it points ${to}, and your token is not carried there; ` +
      'if that is the control, log in with flint fleet login URL',
  );
}

function problemOf(text: string): Problem | null {
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), PROBLEM), text);
  return read.success ? read.output : null;
}

function saidBy({ message, issues = [] }: Problem): string {
  const more = issues.slice(0, ISSUES_MAX).map((issue) => {
    return issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`;
  });
  const hidden = issues.length - more.length;
  if (hidden > 0) more.push(`and ${hidden} more`);
  const isTold = more.length === 0 || more.every((one) => message.includes(one));
  const whole = isTold ? message : `${message} (${more.join('; ')})`;
  return printable(whole).slice(0, WORDS_MAX);
}

function nextStep(place: Caller, { status, headers }: Refused): string {
  if (status === 401 && place.isLogin !== true) {
    return place.hasToken
      ? `your token has ended or was never valid: flint fleet login ${place.origin}`
      : `nobody is logged in: flint fleet login ${place.origin}`;
  }
  if (status === 403) return 'see flint fleet status for the role that you have';
  if (status === 429) return retryText(headers['retry-after']);
  if (status === 503) return retryText(headers['retry-after']);
  if (status === 404) return notFoundText(headers);
  return status >= 500 ? 'the log of the control says more' : '';
}

function retryText(after: string | undefined): string {
  const seconds = Number(after);
  if (after === undefined || !Number.isFinite(seconds) || seconds < 0) return 'try again later';
  return `try again in ${formatDuration(seconds * 1000)}`;
}

// A path that the control does not know answers without a problem: it is older, or something else.
function notFoundText(headers: IncomingHttpHeaders): string {
  return headers['content-type']?.startsWith('application/json') === true
    ? ''
    : 'is that address a flint control, and as new as this flint?';
}

function codeOf(status: number): ErrorCode {
  const codes: Readonly<Record<number, ErrorCode>> = {
    400: 'ERR_INPUT_INVALID',
    401: 'ERR_UNAUTHORIZED',
    403: 'ERR_FORBIDDEN',
    404: 'ERR_NOT_FOUND',
    409: 'ERR_CONFLICT',
    413: 'ERR_BODY_TOO_LARGE',
    429: 'ERR_THROTTLED',
  };
  return codes[status] ?? 'ERR_CONTROL_ANSWER';
}

const UNTRUSTED =
  'no authority that this machine trusts has signed its certificate; if it is yours, give the ' +
  "authority's certificate with --ca FILE";

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is flint control running, and is the port right?',
  ECONNRESET: 'the connection was cut before the answer was whole; try again',
  ENOTFOUND: 'that name does not exist; is the URL right?',
  EAI_AGAIN: 'its name cannot be looked up now; does this machine have a network?',
  ENETUNREACH: 'there is no route; does this machine have a network?',
  EHOSTUNREACH: 'there is no route; does this machine have a network, or need a VPN?',
  ETIMEDOUT: 'no answer; does this machine have a network, or need a VPN?',
  TOO_LONG: 'its answer is longer than any that a control gives',
  CERT_HAS_EXPIRED: 'its certificate has expired; renew it, or look at the clock of this machine',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; look at the clock of this machine',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; use that name in the URL',
  EPROTO: 'no TLS is spoken there; is the port right, or should it be http://?',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS is spoken there; is it http://?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no TLS is spoken there; is it http://?',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
};

function wordsOf(code: string): string | null {
  if (code.startsWith('HPE_')) return 'no HTTP is spoken there; is the port right, or https://?';
  return WORDS[code] ?? null;
}

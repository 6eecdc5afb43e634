// From an error to what the caller is told: a status, a word for programs and a sentence for
// people. What is not made for callers becomes "internal error" and goes to the log.
import { type ErrorCode, ProbeError } from '../../core/error.ts';
import type { Problem } from '../../core/wire.ts';

export interface Refusal {
  status: number;
  problem: Problem;
  /** Seconds for Retry-After; null for none. */
  retryAfterS: number | null;
  /** True when the cause is ours and must be logged. */
  isFault: boolean;
}

export type InputIssue = { path: string; message: string };

/** Input that the schema, or what must hold beyond it, refuses. */
export function inputInvalid(message: string, issues: InputIssue[] = []): ProbeError {
  return Object.assign(new ProbeError('ERR_INPUT_INVALID', message), { issues });
}

/** Too many tries; `retryAfterS` whole seconds. */
export function throttled(message: string, retryAfterS: number): ProbeError {
  return Object.assign(new ProbeError('ERR_THROTTLED', message), { retryAfterS });
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof ProbeError) return ofProbeError(error);
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown };
  if (typeof code === 'string') {
    const sqlite = ofSqlite(code);
    if (sqlite !== null) return sqlite;
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return ofFastify(error as Error, statusCode);
  }
  if (statusCode === 503) return refusal(503, 'unavailable', 'too slow or stopping; try again');
  return { ...refusal(500, 'internal', 'internal error'), isFault: true };
}

export function refusal(status: number, error: string, message: string): Refusal {
  return { status, problem: { error, message }, retryAfterS: null, isFault: false };
}

const STATUS: Partial<Record<ErrorCode, [number, string]>> = {
  ERR_INPUT_INVALID: [400, 'invalid'],
  ERR_USAGE: [400, 'invalid'],
  ERR_UNAUTHORIZED: [401, 'unauthorized'],
  ERR_FORBIDDEN: [403, 'forbidden'],
  ERR_ENROLL_REFUSED: [403, 'refused'],
  ERR_NOT_FOUND: [404, 'not-found'],
  ERR_CONFLICT: [409, 'conflict'],
  ERR_LIMIT_EXCEEDED: [409, 'limit'],
  ERR_BODY_TOO_LARGE: [413, 'too-large'],
  ERR_THROTTLED: [429, 'throttled'],
  ERR_CONTROL_BUSY: [503, 'unavailable'],
};

function ofProbeError(error: ProbeError): Refusal {
  const known = STATUS[error.code];
  if (known === undefined) return { ...refusal(500, 'internal', 'internal error'), isFault: true };
  const made = refusal(known[0], known[1], error.message.slice(0, 2000));
  const { issues, retryAfterS } = error as { issues?: InputIssue[]; retryAfterS?: number };
  if (issues !== undefined && issues.length > 0) made.problem.issues = issues.slice(0, 64);
  return { ...made, retryAfterS: retryAfterS ?? null };
}

// Result codes of SQLite (https://sqlite.org/rescode.html) as better-sqlite3 names them.
function ofSqlite(code: string): Refusal | null {
  if (!code.startsWith('SQLITE_')) return null;
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') {
    return refusal(409, 'conflict', 'there is one like it already');
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return { ...refusal(503, 'unavailable', 'busy; try again'), retryAfterS: 5 };
  }
  if (/^SQLITE_(FULL|IOERR|READONLY|CANTOPEN)/.test(code)) {
    const text = 'the control cannot save anything now (see its log); nothing was changed';
    return { ...refusal(503, 'unavailable', text), retryAfterS: 60, isFault: true };
  }
  return null;
}

const WORDS: Readonly<Record<number, string>> = {
  400: 'invalid',
  404: 'not-found',
  405: 'not-allowed',
  413: 'too-large',
  414: 'too-large',
  415: 'unsupported-type',
};

function ofFastify(error: Error, status: number): Refusal {
  return refusal(status, WORDS[status] ?? 'invalid', error.message.slice(0, 500));
}

import * as v from 'valibot';
import { expecting, flag, objectMessage, text, wholeNumber } from '../../core/config-value.ts';
import { line, TIME_MS } from '../../core/wire.ts';
import { PASSWORD_LENGTH_MAX } from './passwords.ts';

// What is said over the API about people, their sessions and their tokens.

export const ROLES = ['viewer', 'operator', 'admin'] as const;

export const OPERATOR_NAME = text(
  'a name of 1 to 64 of a-z 0-9 . _ - @ that begins with a letter or digit',
  /^[a-z0-9][a-z0-9._@-]{0,63}$/,
  64,
);

const ROLE = v.picklist(ROLES, expecting('"viewer", "operator" or "admin"'));

/** How good it is is judged where its owner's name is known. */
const PASSWORD = v.pipe(
  v.string(expecting('a password')),
  v.maxLength(PASSWORD_LENGTH_MAX, () => `expected at most ${PASSWORD_LENGTH_MAX} characters`),
);

const ID = wholeNumber(1, Number.MAX_SAFE_INTEGER);

export const LOGIN = v.strictObject(
  { name: v.pipe(v.string(), v.maxLength(64)), password: PASSWORD },
  objectMessage('name and password'),
);

export const SESSION = v.object({
  name: v.string(),
  role: ROLE,
  /** `user` with a cookie, `token` with an API token. */
  kind: v.picklist(['user', 'token', 'system', 'visitor']),
  /** For x-csrf-token of requests that change something; empty for tokens. */
  csrf: v.string(),
});

export const SESSION_ROW = v.object({
  id: v.string(),
  createdMs: TIME_MS,
  usedMs: TIME_MS,
  untilMs: TIME_MS,
  /** Whether it is the one that asks. */
  isOwn: flag(),
});

export const OPERATOR = v.object({
  name: v.string(),
  role: ROLE,
  hasPassword: flag(),
  createdMs: TIME_MS,
  disabledMs: v.nullable(TIME_MS),
  lastLoginMs: v.nullable(TIME_MS),
});

export type Operator = v.InferOutput<typeof OPERATOR>;

/** Without a password one comes in by links alone. */
export const OPERATOR_INPUT = v.strictObject(
  {
    name: OPERATOR_NAME,
    role: v.optional(ROLE, 'viewer'),
    password: v.optional(v.nullable(PASSWORD), null),
  },
  objectMessage('an operator'),
);

export type OperatorInput = v.InferOutput<typeof OPERATOR_INPUT>;

/** What is named changes; a null password leaves links alone. */
export const OPERATOR_CHANGE = v.strictObject(
  {
    role: v.optional(ROLE),
    disabled: v.optional(flag()),
    password: v.optional(v.nullable(PASSWORD)),
  },
  objectMessage('the change of an operator'),
);

export type OperatorChange = v.InferOutput<typeof OPERATOR_CHANGE>;

export const PASSWORD_CHANGE = v.strictObject(
  { current: PASSWORD, password: PASSWORD },
  objectMessage('current and new password'),
);

export const LOGIN_LINK = v.object({ url: v.string(), untilMs: TIME_MS });

export const TOKEN_INPUT = v.strictObject(
  {
    label: v.pipe(line('a label', 100), v.minLength(1, expecting('a label'))),
    /** At most that of its owner, which it is without. */
    role: v.optional(ROLE),
    /** Null for one that does not end by itself. */
    lifetimeMs: v.optional(v.nullable(wholeNumber(60_000, 3_660 * 86_400_000)), 365 * 86_400_000),
  },
  objectMessage('an API token'),
);

export type TokenInput = v.InferOutput<typeof TOKEN_INPUT>;

export const TOKEN = v.object({
  id: ID,
  owner: v.string(),
  label: v.string(),
  role: ROLE,
  createdMs: TIME_MS,
  untilMs: v.nullable(TIME_MS),
  usedMs: v.nullable(TIME_MS),
});

export type Token = v.InferOutput<typeof TOKEN>;

/** The only time that the token itself is told. */
export const TOKEN_MADE = v.object({ ...TOKEN.entries, token: v.string() });

export const NAME_PARAMS = v.strictObject({ name: v.pipe(v.string(), v.maxLength(64)) });

/** A number as a path has it. */
export const ID_PARAMS = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,15}$/), v.transform(Number)),
});

export const SESSION_PARAMS = v.strictObject({ id: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)) });

export const DONE = v.object({});

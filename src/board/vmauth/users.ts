import * as v from 'valibot';
import { isRecord } from '../../core/config-value.ts';
import { isBearer, METRICS_USERS, type MetricsUser } from '../../core/push-wire.ts';

// The user file of vmauth: who may push, and as whom. What the control says is taken only when
// every single user makes sense: a name is spliced into a URL here, and vmauth itself expands
// variables in it. An empty list of users is one; an answer without a list is none.

export interface UsersRequest {
  /** Origins at which VictoriaMetrics may be named. */
  backends: readonly string[];
}

export interface PushUser {
  token: string;
  /** What `instance` becomes. */
  instance: string;
  prefix: string;
}

export type JudgedUsers = { ok: true; users: readonly PushUser[] } | { ok: false; reason: string };

export const WRITE_PATH = '/api/v1/write';
/** Nobody listens on the discard port: this user can do nothing, and is there to be asked for. */
const NOWHERE = 'http://127.0.0.1:9/?extra_label=instance=none';

const INSTANCE = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/** The answer of the control. */
export function judgeUsers(text: string, request: UsersRequest): JudgedUsers {
  const document = parseJson(text);
  if (!isRecord(document)) return refuse('the answer is no JSON object');
  if (document['status'] !== 'ok') return refuse('the answer is not "ok"');
  const parsed = v.safeParse(METRICS_USERS, document, { abortEarly: true });
  // Where it is wrong, not with what: that may be a token.
  if (!parsed.success) {
    return refuse(`the answer makes no sense at ${v.getDotPath(parsed.issues[0]) ?? 'the top'}`);
  }
  const users: PushUser[] = [];
  for (const [index, user] of parsed.output.data.users.entries()) {
    const judged = judgeUser(user, request);
    if (typeof judged === 'string') return refuse(`user ${index + 1}: ${judged}`);
    users.push(judged);
  }
  const tokens = new Set(users.map(({ token }) => token));
  if (tokens.size !== users.length) return refuse('two users have the same token');
  return { ok: true, users: sorted(users) };
}

/** What vmauth reads; `probeToken` is a user that can do nothing, so that there always is one. */
export function renderUsers(users: readonly PushUser[], probeToken: string): string {
  const entries = [
    ...sorted(users).map(({ token, prefix }) => ({ bearer_token: token, url_prefix: prefix })),
    { bearer_token: probeToken, url_prefix: NOWHERE },
  ];
  const lines = entries.map((entry) => ` ${JSON.stringify(entry)}`);
  return `{"users":[\n${lines.join(',\n')}\n]}\n`;
}

/** What a file that we wrote says; null when it is none of ours. */
export function parseUsers(
  text: string,
): { users: readonly PushUser[]; probeToken: string } | null {
  const document = parseJson(text);
  if (!isRecord(document) || !Array.isArray(document['users'])) return null;
  const entries = (document['users'] as unknown[]).filter(isRecord);
  const users: PushUser[] = [];
  let probeToken: string | null = null;
  for (const { bearer_token: token, url_prefix: prefix } of entries) {
    if (typeof token !== 'string' || typeof prefix !== 'string') return null;
    const instance = /[?&]extra_label=instance=([^&]+)$/.exec(prefix)?.[1] ?? '';
    if (prefix === NOWHERE) probeToken = token;
    else users.push({ token, instance, prefix });
  }
  return probeToken === null ? null : { users: sorted(users), probeToken };
}

export interface UsersDifference {
  added: readonly string[];
  removed: readonly string[];
  /** Another token, or another place to write to. */
  changed: readonly string[];
}

/** By name, without a secret. */
export function compareUsers(
  before: readonly PushUser[],
  after: readonly PushUser[],
): UsersDifference {
  const [old, fresh] = [byInstance(before), byInstance(after)];
  const added = [...fresh.keys()].filter((name) => !old.has(name));
  const removed = [...old.keys()].filter((name) => !fresh.has(name));
  const changed = [...fresh].filter(([name, text]) => old.has(name) && old.get(name) !== text);
  return { added, removed, changed: changed.map(([name]) => name) };
}

/** So many may always go at once. */
const GOING_MAX = 3;

/**
 * Why these users are not believed: most of the probes are missing, which is more often a fault of
 * the control than a wish. Null when they are.
 */
export function judgeShrinking(
  before: readonly PushUser[],
  after: readonly PushUser[],
): string | null {
  const count = new Set(before.map(({ instance }) => instance)).size;
  const going = compareUsers(before, after).removed.length;
  if (going <= GOING_MAX || going * 2 <= count) return null;
  return (
    `the control would take the right to push from ${going} of ${count} probes, which is not ` +
    'done unasked: `flint vmauth sync --shrink` does it'
  );
}

function judgeUser({ bearer_token: token, url_prefix }: MetricsUser, request: UsersRequest) {
  if (!isBearer(token)) return 'its token is none';
  const match = /^(https?:\/\/[^/?#]+)([^?#]*)\?extra_label=instance=([^&#?]*)$/.exec(url_prefix);
  if (match === null) return 'its URL has not exactly one extra_label=instance=NAME';
  const [, origin = '', path = '', instance = ''] = match;
  if (!request.backends.includes(origin)) return 'its URL leads elsewhere than to VictoriaMetrics';
  if (path !== WRITE_PATH) return `its URL leads elsewhere than to ${WRITE_PATH}`;
  if (!INSTANCE.test(instance)) return 'its name is no host name';
  return { token, instance, prefix: url_prefix };
}

// Two tokens of one name are allowed: the old one and the new one, for a while.
function byInstance(users: readonly PushUser[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const { instance, token, prefix } of sorted(users)) {
    map.set(instance, `${map.get(instance) ?? ''}${token} ${prefix}\n`);
  }
  return map;
}

function sorted(users: readonly PushUser[]): PushUser[] {
  return [...users].sort((a, b) => {
    const [left, right] = [`${a.instance}\n${a.token}`, `${b.instance}\n${b.token}`];
    return left < right ? -1 : Number(left > right);
  });
}

function refuse(reason: string): JudgedUsers {
  return { ok: false, reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

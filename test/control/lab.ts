// A control without a network: a state directory that goes away again, a clock that the test sets,
// requests by `inject`, and people and probes with credentials of their own.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../src/control/accounts/sessions.ts';
import { type ControlConfig, parseControlConfig } from '../../src/control/request/config.ts';
import type {
  Actor,
  AddRoutes,
  ControlContext,
  ControlServer,
} from '../../src/control/request/context.ts';
import {
  type CredentialKind,
  makeCredential,
  sha256Of,
} from '../../src/control/request/credential.ts';
import { csrfTokenFor } from '../../src/control/request/csrf.ts';
import { buildServer } from '../../src/control/server.ts';
import { controlFile, openControlDb } from '../../src/control/store/db.ts';
import type { Role } from '../../src/control/store/db-tables.ts';
import type { HardwareProfile } from '../../src/core/hardware.ts';
import { openLog } from '../../src/host/log.ts';

export const NOW_MS = Date.parse('2026-11-22T12:00:00Z');

export interface LabOptions {
  /** A configuration document without `schema`. */
  config?: Record<string, unknown>;
  hardware?: readonly HardwareProfile[];
  /** Routes beside those of the product. */
  routes?: AddRoutes;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  /** Parsed JSON; undefined where the body is none. */
  json: unknown;
  text: string;
}

export interface Ask {
  method?: string;
  url: string;
  /** An object goes as JSON, text as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Who asks: sets Authorization, or cookie and x-csrf-token. */
  as?: Credentials;
  from?: string;
}

export type Credentials =
  | { bearer: string }
  | { cookie: string; csrf: string; token: string; sha256: string };

export interface Lab {
  context: ControlContext;
  server: ControlServer;
  stateDirectory: string;
  clock: { nowMs: number };
  /** Lines of the log so far. */
  logLines(): string[];
  ask(request: Ask): Promise<Answer>;
  /** An operator without a password; the row's id and an Actor for domain functions. */
  makeOperator(name: string, role?: Role): Promise<{ id: number; actor: Actor }>;
  /** Credentials of an operator (made when there is none): an API token with his role. */
  token(role: Role, name?: string): Promise<{ bearer: string }>;
  /** Credentials of an operator (made when there is none): a session with its CSRF token. */
  session(role: Role, name?: string): Promise<Credentials & { cookie: string; sha256: string }>;
  /** A registered probe and an API key of it. */
  probe(name: string): Promise<{ id: number; bearer: string; sha256: string }>;
  close(): Promise<void>;
}

export const SYSTEM: Actor = {
  kind: 'system',
  operatorId: null,
  name: 'test',
  role: 'admin',
  text: 'system',
};

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'flint-control-'));
  const clock = { nowMs: NOW_MS };
  const lines: string[] = [];
  const context: ControlContext = {
    config: configOf(options.config),
    store: await openControlDb(controlFile(stateDirectory, 'control.db')),
    log: openLog({
      stream: { write: (text) => lines.push(text) },
      nowMs: () => clock.nowMs,
      journal: false,
    }),
    version: '0.0.0',
    nowMs: () => clock.nowMs,
    hardware: options.hardware ?? [GENERIC],
    keys: { nonce: randomBytes(32), csrf: randomBytes(32) },
    revision: { value: 1 },
  };
  const server = await buildServer(context, {
    more: options.routes === undefined ? [] : [options.routes],
  });
  return {
    context,
    server,
    stateDirectory,
    clock,
    logLines: () => lines,
    ask: (request) => ask(server, request),
    ...people(context),
    probe: (name) => makeProbe(context, name),
    async close() {
      await server.close();
      await context.store.close();
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

export function configOf(document: Record<string, unknown> = {}): ControlConfig {
  const parsed = parseControlConfig({ schema: 1, ...document });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.config;
}

const GENERIC: HardwareProfile = {
  schema: 1,
  slug: 'generic',
  name: 'Any Linux machine',
  architecture: 'any',
  interface: null,
  mac: 'nic',
  models: [],
  note: '',
};

async function ask(server: ControlServer, request: Ask): Promise<Answer> {
  const { method = 'GET', url, body, as, from = '127.0.0.1' } = request;
  const headers: Record<string, string> = { host: '127.0.0.1:8740', ...credentialHeaders(as) };
  if (body !== undefined && typeof body !== 'string') headers['content-type'] = 'application/json';
  const answer = await server.inject({
    method: method as 'GET',
    url,
    headers: { ...headers, ...request.headers },
    remoteAddress: from,
    ...(body === undefined
      ? {}
      : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    json: parsed(answer.body),
    text: answer.body,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function credentialHeaders(as: Credentials | undefined): Record<string, string> {
  if (as === undefined) return {};
  if ('bearer' in as) return { authorization: `Bearer ${as.bearer}` };
  return { cookie: as.cookie, 'x-csrf-token': as.csrf };
}

function people(context: ControlContext): Pick<Lab, 'makeOperator' | 'token' | 'session'> {
  async function makeOperator(name: string, role: Role = 'admin') {
    const known = await operatorId(context, name);
    const id = known ?? (await insertOperator(context, name, role));
    const actor: Actor = { kind: 'user', operatorId: id, name, role, text: `user:${name}` };
    return { id, actor };
  }
  return {
    makeOperator,
    async token(role, name = `${role}-of-the-lab`) {
      const { id } = await makeOperator(name, role);
      const { text, sha256 } = makeCredential('pat');
      const row = { operatorId: id, label: 'lab', tokenSha256: sha256, role };
      await context.store.write(async (db) => {
        const createdMs = context.nowMs();
        await db
          .insertInto('api_tokens')
          .values({ ...row, createdMs })
          .execute();
      });
      return { bearer: text };
    },
    async session(role, name = `${role}-of-the-lab`) {
      const { id } = await makeOperator(name, role);
      const token = await context.store.write((db) => openSession(db, id, context.nowMs()));
      const sha256 = sha256Of(token);
      return { token, cookie: `flint=${token}`, sha256, csrf: csrfTokenFor(context, sha256) };
    },
  };
}

async function operatorId({ store }: ControlContext, name: string): Promise<number | null> {
  const row = await store.db
    .selectFrom('operators')
    .select('id')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.id ?? null;
}

async function insertOperator(context: ControlContext, name: string, role: Role): Promise<number> {
  const row = { name, role, password: null, createdMs: context.nowMs() };
  const { id } = await context.store.write((db) =>
    db.insertInto('operators').values(row).returning('id').executeTakeFirstOrThrow(),
  );
  return id;
}

let madeProbes = 0;

async function makeProbe(context: ControlContext, name: string) {
  madeProbes++;
  const mac = `02:00:00:00:${pair(madeProbes >> 8)}:${pair(madeProbes & 255)}`;
  const createdMs = context.nowMs();
  const key = makeKey('probe');
  const id = await context.store.write(async (db) => {
    const texts = { location: '', contact: '', note: '', search: name };
    const row = { name, mac, hardware: 'generic', ...texts, createdMs };
    const made = await db
      .insertInto('probes')
      .values(row)
      .returning('id')
      .executeTakeFirstOrThrow();
    const keyRow = { keySha256: key.sha256, probeId: made.id, createdMs, usedMs: createdMs };
    await db.insertInto('probe_keys').values(keyRow).execute();
    return made.id;
  });
  return { id, bearer: key.text, sha256: key.sha256 };
}

function makeKey(kind: CredentialKind) {
  return makeCredential(kind);
}

function pair(value: number): string {
  return value.toString(16).padStart(2, '0');
}

// Coming in, going out, and what one may see and end of one's own.
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { Actor, AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { sha256Of } from '../request/credential.ts';
import { csrfTokenFor, csrfTokenOf } from '../request/csrf.ts';
import { isPrivate } from '../request/origin.ts';
import { clearSessionCookie, setSessionCookie } from './cookie.ts';
import { loginWithPassword } from './login.ts';
import {
  DONE,
  LOGIN,
  PASSWORD_CHANGE,
  SESSION,
  SESSION_PARAMS,
  SESSION_ROW,
} from './operator-schemas.ts';
import { changeOwnPassword, revokeSession } from './operators.ts';
import { endSession, listSessions } from './sessions.ts';

const TAGS = ['session'];

export const addSessionRoutes: AddRoutes = (server, context) => {
  addLogin(server, context);
  addOwn(server, context);
  server.route({
    method: 'GET',
    url: '/healthz',
    config: { access: 'public' },
    schema: {
      summary: 'Whether the control works',
      tags: ['control'],
      response: { 200: v.object({ status: v.literal('ok') }) },
    },
    handler: async () => {
      context.store.raw.prepare('select 1').get();
      return { status: 'ok' as const };
    },
  });
};

/** Who asks; for handlers behind `viewer` and above, where there always is somebody. */
export function actorOf(request: FastifyRequest): Actor {
  if (request.actor !== null) return request.actor;
  throw new ProbeError('ERR_UNAUTHORIZED', 'log in first');
}

/** Passwords and new secrets do not go over a wire that others read. */
export function requirePrivate(context: ControlContext, request: FastifyRequest): void {
  if (context.config.insecure || isPrivate(context, request)) return;
  throw new ProbeError('ERR_FORBIDDEN', `use ${context.config.origin}: this way is not encrypted`);
}

function addLogin(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'POST',
    url: '/api/v1/login',
    config: { access: 'public' },
    schema: {
      summary: 'Log in by name and password; sets the cookie of the session',
      tags: TAGS,
      body: LOGIN,
      response: { 200: SESSION },
    },
    handler: async (request, reply) => {
      requirePrivate(context, request);
      const { name, password } = request.body;
      const made = await loginWithPassword(context, { name, password, from: request.ip });
      setSessionCookie(context, request, reply, made.token);
      const csrf = csrfTokenFor(context, sha256Of(made.token));
      return { name: made.name, role: made.role, kind: 'user' as const, csrf };
    },
  });
  server.route({
    method: 'POST',
    url: '/api/v1/logout',
    config: { access: 'viewer' },
    schema: { summary: 'End the session', tags: TAGS, response: { 200: DONE } },
    handler: async (request, reply) => {
      await logout(context, request, reply);
      return {};
    },
  });
}

/** Ends the session of the cookie, and the cookie; for the page too. */
export async function logout(
  context: ControlContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (request.sessionSha256 !== null) await endSession(context, request.sessionSha256);
  clearSessionCookie(context, request, reply);
}

function addOwn(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: '/api/v1/session',
    config: { access: 'viewer' },
    schema: { summary: 'Who is logged in', tags: TAGS, response: { 200: SESSION } },
    handler: async (request) => {
      const { name, role, kind } = actorOf(request);
      return { name, role, kind, csrf: csrfTokenOf(context, request) };
    },
  });
  server.route({
    method: 'GET',
    url: '/api/v1/sessions',
    config: { access: 'viewer' },
    schema: {
      summary: 'Where one is logged in',
      tags: TAGS,
      response: { 200: v.object({ sessions: v.array(SESSION_ROW) }) },
    },
    handler: async (request) => {
      const own = request.sessionSha256?.slice(0, 16);
      const rows = await listSessions(context, actorOf(request).operatorId ?? 0);
      return { sessions: rows.map((row) => ({ ...row, isOwn: row.id === own })) };
    },
  });
  server.route({
    method: 'DELETE',
    url: '/api/v1/sessions/:id',
    config: { access: 'viewer' },
    schema: {
      summary: 'End one of one’s own sessions',
      tags: TAGS,
      params: SESSION_PARAMS,
      response: { 200: DONE },
    },
    handler: async (request) => {
      await revokeSession(context, actorOf(request), request.params.id);
      return {};
    },
  });
  server.route({
    method: 'POST',
    url: '/api/v1/password',
    config: { access: 'viewer' },
    schema: {
      summary: 'Change one’s own password; other sessions end',
      tags: TAGS,
      body: PASSWORD_CHANGE,
      response: { 200: DONE },
    },
    handler: async (request) => {
      requirePrivate(context, request);
      const keepSession = request.sessionSha256;
      const given = { ...request.body, keepSession, from: request.ip };
      await changeOwnPassword(context, actorOf(request), given);
      return {};
    },
  });
}

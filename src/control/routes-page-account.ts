// Coming in and going out, and what everybody may change of his own.
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import type { AddRoutes, ControlContext, ControlServer } from './context.ts';
import { setSessionCookie } from './cookie.ts';
import { consumeLoginLink, type LoggedIn, loginWithPassword } from './login.ts';
import { SESSION_PARAMS, TOKEN_INPUT } from './operator-schemas.ts';
import { changeOwnPassword, listOperators, revokeSession } from './operators.ts';
import { type FormState, formState, NO_ERRORS } from './page-form.ts';
import { linkPage, loginPage, safeNext } from './page-login.ts';
import { createOnce, type Once } from './page-once.ts';
import {
  ANY_FORM,
  ANY_QUERY,
  attempt,
  frameOf,
  goTo,
  judge,
  PUBLIC_PAGE,
  sendPage,
  type Values,
  VIEWER_PAGE,
  valuesOf,
} from './page-request.ts';
import { withQuery } from './page-shell.ts';
import { readStatusSettings } from './page-status-settings.ts';
import { accountPage } from './page-users.ts';
import { ID_PARAMS } from './routes-page-claims.ts';
import { actorOf, logout, requirePrivate } from './routes-session.ts';
import { listSessions } from './sessions.ts';
import { listTokens, makeToken, removeToken } from './tokens.ts';

const LINK_PARAMS = v.strictObject({ token: v.pipe(v.string(), v.maxLength(200)) });

export const addAccountPages: AddRoutes = (server, context) => {
  addLogin(server, context);
  addLink(server, context);
  addAccount(server, context);
};

function addLogin(server: ControlServer, context: ControlContext): void {
  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    shown: { state: FormState; next: string; status: number },
  ): Promise<FastifyReply> {
    const frame = frameOf(context, request);
    const hasAccounts = (await listOperators(context)).length > 0;
    const { isPublic: isStatusPublic } = await readStatusSettings(context);
    const { state, next, status } = shown;
    const page = loginPage({ state, next, hasAccounts, isStatusPublic });
    return await sendPage(reply, { ...frame, reader: null }, page, status);
  }
  server.route({
    method: 'GET',
    url: '/login',
    config: PUBLIC_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const { next = '/' } = valuesOf(request.query);
      if (request.actor !== null) return goTo(reply, safeNext(next));
      return await show(request, reply, { state: NO_ERRORS, next: safeNext(next), status: 200 });
    },
  });
  server.route({
    method: 'POST',
    url: '/login',
    config: PUBLIC_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      requirePrivate(context, request);
      const values = valuesOf(request.body);
      const { name = '', password = '' } = values;
      const next = safeNext(values['next'] ?? '/');
      const given = {
        name: name.slice(0, 64),
        password: password.slice(0, 1024),
        from: request.ip,
      };
      // What was typed comes back, but for the password.
      const done = await attempt({ name }, () => loginWithPassword(context, given));
      if (done.ok) return enter(context, request, reply, { ...done.result, next });
      const errors = { '': Object.values(done.state.errors).join('; ') };
      const state = { values: { name }, errors };
      return await show(request, reply, { state, next, status: done.status });
    },
  });
  server.route({
    method: 'POST',
    url: '/logout',
    config: VIEWER_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      await logout(context, request, reply);
      return goTo(reply, '/login', 'logged-out');
    },
  });
}

function addLink(server: ControlServer, context: ControlContext): void {
  const url = '/login/link/:token';
  server.route({
    method: 'GET',
    url,
    config: PUBLIC_PAGE,
    schema: { params: LINK_PARAMS },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      return await sendPage(reply, frame, linkPage(frame, request.params.token, NO_ERRORS));
    },
  });
  server.route({
    method: 'POST',
    url,
    config: PUBLIC_PAGE,
    schema: { params: LINK_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      requirePrivate(context, request);
      const { token } = request.params;
      const done = await attempt({}, () => consumeLoginLink(context, { token, from: request.ip }));
      if (done.ok) {
        const user = (await listOperators(context)).find(({ name }) => name === done.result.name);
        const next = user?.hasPassword === false ? '/account' : '/';
        return enter(context, request, reply, { ...done.result, next });
      }
      const frame = frameOf(context, request);
      return await sendPage(reply, frame, linkPage(frame, token, done.state), done.status);
    },
  });
}

function enter(
  context: ControlContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { token, next }: LoggedIn & { next: string },
): FastifyReply {
  setSessionCookie(context, request, reply, token);
  return goTo(reply, next);
}

function addAccount(server: ControlServer, context: ControlContext): void {
  const once = createOnce();
  const show = (request: FastifyRequest, reply: FastifyReply, shown: Shown) =>
    showAccount(context, request, reply, shown);
  server.route({
    method: 'GET',
    url: '/account',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const { once: key } = valuesOf(request.query);
      const secret = once.take(actorOf(request).text, key, context.nowMs());
      return await show(request, reply, { ...PLAIN, secret });
    },
  });
  server.route({
    method: 'POST',
    url: '/account/password',
    config: VIEWER_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      requirePrivate(context, request);
      const { current = '', password = '' } = valuesOf(request.body);
      const keepSession = request.sessionSha256;
      const given = { current, password, keepSession, from: request.ip };
      const blank = { current: '', password: '' };
      const done = await attempt(blank, () => changeOwnPassword(context, actorOf(request), given));
      if (done.ok) return goTo(reply, '/account', 'password-set');
      return await show(request, reply, {
        ...PLAIN,
        passwordState: done.state,
        status: done.status,
      });
    },
  });
  server.route({
    method: 'POST',
    url: '/account/sessions/:id/end',
    config: VIEWER_PAGE,
    schema: { params: SESSION_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      await revokeSession(context, actorOf(request), request.params.id);
      return goTo(reply, '/account');
    },
  });
  addTokens(server, context, once);
}

function addTokens(server: ControlServer, context: ControlContext, once: Once): void {
  server.route({
    method: 'POST',
    url: '/account/tokens',
    config: VIEWER_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      requirePrivate(context, request);
      const values = valuesOf(request.body);
      const actor = actorOf(request);
      const judged = judge(TOKEN_INPUT, readToken(values), values);
      const done = judged.ok
        ? await attempt(values, () => makeToken(context, actor, actor.name, judged.value))
        : { ...judged, status: 400 };
      if (done.ok) {
        const key = once.keep(actor.text, done.result.token, context.nowMs());
        return goTo(reply, withQuery('/account', { once: key }), 'token-made');
      }
      const shown = { ...PLAIN, tokenState: done.state, status: done.status };
      return await showAccount(context, request, reply, shown);
    },
  });
  server.route({
    method: 'POST',
    url: '/account/tokens/:id/remove',
    config: VIEWER_PAGE,
    schema: { params: ID_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      await removeToken(context, actorOf(request), request.params.id);
      return goTo(reply, '/account', 'token-revoked');
    },
  });
}

function readToken({ label = '', role }: Values): Record<string, unknown> {
  return { label: label.trim(), ...(role === undefined ? {} : { role }) };
}

interface Shown {
  passwordState: FormState;
  tokenState: FormState;
  secret: string | null;
  status: number;
}

const PLAIN: Shown = {
  passwordState: NO_ERRORS,
  tokenState: formState({}),
  secret: null,
  status: 200,
};

async function showAccount(
  context: ControlContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { status, ...shown }: Shown,
): Promise<FastifyReply> {
  const { name, operatorId } = actorOf(request);
  const frame = frameOf(context, request);
  const own = request.sessionSha256?.slice(0, 16);
  const sessions = (await listSessions(context, operatorId ?? 0)).map((row) => ({
    ...row,
    isOwn: row.id === own,
  }));
  const tokens = await listTokens(context, name);
  const user = (await listOperators(context)).find((one) => one.name === name);
  const hasPassword = user?.hasPassword ?? true;
  const page = accountPage(frame, { ...shown, sessions, tokens, hasPassword });
  return await sendPage(reply, frame, page, status);
}

// What everybody may see and change of his own.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SESSION_PARAMS, TOKEN_INPUT } from '../accounts/operator-schemas.ts';
import { changeOwnPassword, listOperators, revokeSession } from '../accounts/operators.ts';
import { actorOf, requirePrivate } from '../accounts/routes-session.ts';
import { listSessions } from '../accounts/sessions.ts';
import { listTokens, makeToken, removeToken } from '../accounts/tokens.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { type FormState, formState, NO_ERRORS } from './form.ts';
import { createOnce, type Once } from './once.ts';
import {
  ANY_FORM,
  ANY_QUERY,
  attempt,
  attemptJudged,
  frameOf,
  goTo,
  sendPage,
  type Values,
  VIEWER_PAGE,
  valuesOf,
} from './request.ts';
import { ID_PARAMS } from './routes-claims.ts';
import { addLoginPages } from './routes-login.ts';
import { withQuery } from './shell.ts';
import { accountPage } from './users.ts';

export const addAccountPages: AddRoutes = (server, context) => {
  addLoginPages(server, context);
  addAccount(server, context);
};

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
      const done = await attemptJudged(TOKEN_INPUT, { input: readToken(values), values }, (value) =>
        makeToken(context, actor, actor.name, value),
      );
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

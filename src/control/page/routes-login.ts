// Coming in by password or link, and going out.
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { setSessionCookie } from '../accounts/cookie.ts';
import { consumeLoginLink, type LoggedIn, loginWithPassword } from '../accounts/login.ts';
import { listOperators } from '../accounts/operators.ts';
import { logout, requirePrivate } from '../accounts/routes-session.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { type FormState, NO_ERRORS } from './form.ts';
import { linkPage, loginPage, safeNext } from './login.ts';
import {
  ANY_FORM,
  ANY_QUERY,
  attempt,
  frameOf,
  goTo,
  PUBLIC_PAGE,
  sendPage,
  VIEWER_PAGE,
  valuesOf,
} from './request.ts';
import { readStatusSettings } from './status-settings.ts';

const LINK_PARAMS = v.strictObject({ token: v.pipe(v.string(), v.maxLength(200)) });

export const addLoginPages: AddRoutes = (server, context) => {
  addLogin(server, context);
  addLink(server, context);
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
      const { actor } = request;
      if (actor !== null && actor.kind !== 'visitor') return goTo(reply, safeNext(next));
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

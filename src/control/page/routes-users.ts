// Pages for administrators: accounts, and the audit log that everybody may read.
import * as v from 'valibot';
import { listAudit } from '../accounts/audit-log.ts';
import { makeLoginLink } from '../accounts/login.ts';
import {
  NAME_PARAMS,
  OPERATOR_CHANGE,
  OPERATOR_INPUT,
  type OperatorChange,
} from '../accounts/operator-schemas.ts';
import {
  addOperator,
  changeOperator,
  listOperators,
  removeOperator,
} from '../accounts/operators.ts';
import { actorOf, requirePrivate } from '../accounts/routes-session.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { AUDIT_PAGE, auditPage } from './audit.ts';
import { type FormState, formState } from './form.ts';
import { createOnce, type Once } from './once.ts';
import {
  ADMIN_PAGE,
  ANY_FORM,
  ANY_QUERY,
  attempt,
  attemptJudged,
  frameOf,
  goTo,
  sendPage,
  VIEWER_PAGE,
  valuesOf,
} from './request.ts';
import { withQuery } from './shell.ts';
import { removeUserPage, type UsersInput, usersPage } from './users.ts';

export const addUserPages: AddRoutes = (server, context) => {
  addUsers(server, context);
  addRemove(server, context);
  addAudit(server, context);
};

function addUsers(server: ControlServer, context: ControlContext): void {
  const once = createOnce();
  const input = async (state: FormState, link: string | null) => ({
    ...{ state, link },
    users: await listOperators(context),
  });
  server.route({
    method: 'GET',
    url: '/users',
    config: ADMIN_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const { once: key } = valuesOf(request.query);
      const link = once.take(actorOf(request).text, key, context.nowMs());
      const state = formState({ role: 'viewer' });
      return await sendPage(reply, frame, usersPage(frame, await input(state, link)));
    },
  });
  server.route({
    method: 'POST',
    url: '/users',
    config: ADMIN_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      const values = valuesOf(request.body);
      const { name = '', role } = values;
      const done = await attemptJudged(
        OPERATOR_INPUT,
        { input: { name: name.trim().toLowerCase(), role }, values },
        (value) => addOperator(context, actorOf(request), value),
      );
      if (done.ok) return goTo(reply, '/users', 'user-added');
      const frame = frameOf(context, request);
      return await sendPage(
        reply,
        frame,
        usersPage(frame, await input(done.state, null)),
        done.status,
      );
    },
  });
  addChanges(server, context, { input, once });
}

interface UsersParts {
  input: (state: FormState, link: string | null) => Promise<UsersInput>;
  once: Once;
}

function addChanges(
  server: ControlServer,
  context: ControlContext,
  { input, once }: UsersParts,
): void {
  server.route({
    method: 'POST',
    url: '/users/:name/:change',
    config: ADMIN_PAGE,
    schema: {
      params: v.strictObject({
        ...NAME_PARAMS.entries,
        change: v.picklist(['role', 'disable', 'enable', 'link']),
      }),
      body: ANY_FORM,
    },
    handler: async (request, reply) => {
      const { name, change } = request.params;
      const actor = actorOf(request);
      const values = valuesOf(request.body);
      if (change === 'link') {
        requirePrivate(context, request);
        const { url } = await makeLoginLink(context, actor, name);
        const key = once.keep(actor.text, url, context.nowMs());
        return goTo(reply, withQuery('/users', { once: key }));
      }
      const wanted = changeOf(change, values['role']);
      const done = await attemptJudged(OPERATOR_CHANGE, { input: wanted, values }, (value) =>
        changeOperator(context, actor, name, value),
      );
      if (done.ok) return goTo(reply, '/users', 'user-changed');
      const frame = frameOf(context, request);
      // The message is about an account of the list, not about the one that could be added.
      const errors = { '': Object.values(done.state.errors).join('; ') };
      const page = usersPage(frame, await input({ values: {}, errors }, null));
      return await sendPage(reply, frame, page, done.status);
    },
  });
}

function changeOf(change: 'role' | 'disable' | 'enable', role: string | undefined): unknown {
  if (change === 'role') return { role } as OperatorChange;
  return { disabled: change === 'disable' };
}

function addRemove(server: ControlServer, context: ControlContext): void {
  const url = '/users/:name/remove';
  server.route({
    method: 'GET',
    url,
    config: ADMIN_PAGE,
    schema: { params: NAME_PARAMS },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const page = removeUserPage(frame, request.params.name, formState({}));
      return await sendPage(reply, frame, page);
    },
  });
  server.route({
    method: 'POST',
    url,
    config: ADMIN_PAGE,
    schema: { params: NAME_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      const { name } = request.params;
      const done = await attempt({}, () => removeOperator(context, actorOf(request), name));
      if (done.ok) return goTo(reply, '/users', 'user-changed');
      const frame = frameOf(context, request);
      return await sendPage(reply, frame, removeUserPage(frame, name, done.state), done.status);
    },
  });
}

function addAudit(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: '/audit',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const { subject = '', actor = '', action = '', before = '' } = valuesOf(request.query);
      const filter = { subject: subject.trim(), actor: actor.trim(), action: action.trim() };
      const lines = await listAudit(context, {
        subject: filter.subject === '' ? undefined : filter.subject,
        actor: filter.actor === '' ? undefined : filter.actor,
        action: filter.action === '' ? undefined : filter.action,
        before: /^[1-9]\d{0,14}$/.test(before) ? Number(before) : undefined,
        limit: AUDIT_PAGE + 1,
      });
      return await sendPage(reply, frame, auditPage(frame, { lines, filter }));
    },
  });
}

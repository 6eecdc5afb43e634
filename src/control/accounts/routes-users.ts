// Who may use the control (for administrators), and the tokens of their programs.
import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { makeLoginLink } from './login.ts';
import {
  DONE,
  ID_PARAMS,
  LOGIN_LINK,
  NAME_PARAMS,
  OPERATOR,
  OPERATOR_CHANGE,
  OPERATOR_INPUT,
  OPERATOR_NAME,
  TOKEN,
  TOKEN_INPUT,
  TOKEN_MADE,
} from './operator-schemas.ts';
import { addOperator, changeOperator, listOperators, removeOperator } from './operators.ts';
import { actorOf, requirePrivate } from './routes-session.ts';
import { listTokens, makeToken, removeToken } from './tokens.ts';

const USERS = { access: 'admin' } as const;
const TAGS = ['users'];

export const addUserRoutes: AddRoutes = (server, context) => {
  addList(server, context);
  addChanges(server, context);
  addTokens(server, context);
};

function addList(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: '/api/v1/users',
    config: USERS,
    schema: {
      summary: 'All users',
      tags: TAGS,
      response: { 200: v.object({ users: v.array(OPERATOR) }) },
    },
    handler: async () => ({ users: await listOperators(context) }),
  });
  server.route({
    method: 'POST',
    url: '/api/v1/users',
    config: USERS,
    schema: {
      summary: 'Add a user',
      tags: TAGS,
      body: OPERATOR_INPUT,
      response: { 201: OPERATOR },
    },
    handler: async (request, reply) => {
      requirePrivate(context, request);
      const made = await addOperator(context, actorOf(request), request.body);
      return reply.code(201).send(made);
    },
  });
}

function addChanges(server: ControlServer, context: ControlContext): void {
  const url = '/api/v1/users/:name';
  server.route({
    method: 'PATCH',
    url,
    config: USERS,
    schema: {
      summary: 'Change role or password of a user, disable or enable the account',
      tags: TAGS,
      params: NAME_PARAMS,
      body: OPERATOR_CHANGE,
      response: { 200: OPERATOR },
    },
    handler: async (request) => {
      requirePrivate(context, request);
      return await changeOperator(context, actorOf(request), request.params.name, request.body);
    },
  });
  server.route({
    method: 'DELETE',
    url,
    config: USERS,
    schema: {
      summary: 'Remove a user with sessions and tokens',
      tags: TAGS,
      params: NAME_PARAMS,
      response: { 200: DONE },
    },
    handler: async (request) => {
      await removeOperator(context, actorOf(request), request.params.name);
      return {};
    },
  });
  server.route({
    method: 'POST',
    url: `${url}/link`,
    config: USERS,
    schema: {
      summary: 'Make a link that logs the user in once, within 15 minutes',
      tags: TAGS,
      params: NAME_PARAMS,
      response: { 200: LOGIN_LINK },
    },
    handler: async (request) => {
      requirePrivate(context, request);
      return await makeLoginLink(context, actorOf(request), request.params.name);
    },
  });
}

function addTokens(server: ControlServer, context: ControlContext): void {
  const config = { access: 'viewer' } as const;
  server.route({
    method: 'GET',
    url: '/api/v1/tokens',
    config,
    schema: {
      summary: 'One’s own API tokens; of others for administrators',
      tags: ['tokens'],
      querystring: v.strictObject({ owner: v.optional(v.union([OPERATOR_NAME, v.literal('*')])) }),
      response: { 200: v.object({ tokens: v.array(TOKEN) }) },
    },
    handler: async (request) => {
      const actor = actorOf(request);
      const { owner = actor.name } = request.query;
      if (owner !== actor.name && actor.role !== 'admin') {
        throw new ProbeError('ERR_FORBIDDEN', 'the tokens of others are shown to administrators');
      }
      return { tokens: await listTokens(context, owner === '*' ? null : owner) };
    },
  });
  server.route({
    method: 'POST',
    url: '/api/v1/tokens',
    config,
    schema: {
      summary: 'Make an API token; it is told this once',
      tags: ['tokens'],
      body: TOKEN_INPUT,
      response: { 201: TOKEN_MADE },
    },
    handler: async (request, reply) => {
      requirePrivate(context, request);
      const actor = actorOf(request);
      return reply.code(201).send(await makeToken(context, actor, actor.name, request.body));
    },
  });
  server.route({
    method: 'DELETE',
    url: '/api/v1/tokens/:id',
    config,
    schema: {
      summary: 'End an API token',
      tags: ['tokens'],
      params: ID_PARAMS,
      response: { 200: DONE },
    },
    handler: async (request) => {
      await removeToken(context, actorOf(request), request.params.id);
      return {};
    },
  });
}

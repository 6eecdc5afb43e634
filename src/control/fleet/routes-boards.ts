// What a fleet needs beside its probes: boards that nobody registered, claim tokens, maintenance
// windows, and the kinds of hardware.

import { BOARD_REGISTRATION, PROBE_ROW } from '../../core/fleet.ts';
import {
  BOARDS_ANSWER,
  CLAIM_TOKENS_ANSWER,
  HARDWARE_ANSWER,
  MAINTENANCE_ANSWER,
} from '../../core/fleet-answers.ts';
import { CLAIM_TOKEN, CLAIM_TOKEN_INPUT, CLAIM_TOKEN_MADE } from '../../core/fleet-boards.ts';
import { MAINTENANCE, MAINTENANCE_INPUT } from '../../core/fleet-maintenance.ts';
import { DONE, ID_PARAMS } from '../accounts/operator-schemas.ts';
import { actorOf, requirePrivate } from '../accounts/routes-session.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { forgetBoard, listBoards, registerBoard } from './boards.ts';
import { listClaimTokens, makeClaimToken, revokeClaimToken } from './claim-tokens.ts';
import { addMaintenance, endMaintenance, listMaintenance } from './maintenance.ts';

const VIEWER = { access: 'viewer' } as const;
const OPERATOR = { access: 'operator' } as const;

export const addFleetBoardRoutes: AddRoutes = (server, context) => {
  addBoards(server, context);
  addClaimTokens(server, context);
  addWindows(server, context);
  server.route({
    method: 'GET',
    url: '/api/v1/hardware',
    config: VIEWER,
    schema: {
      summary: 'The kinds of boards that are known',
      tags: ['boards'],
      response: { 200: HARDWARE_ANSWER },
    },
    handler: async () => ({ hardware: [...context.hardware] }),
  });
};

function addBoards(server: ControlServer, context: ControlContext): void {
  const url = '/api/v1/boards';
  const tags = ['boards'];
  server.route({
    method: 'GET',
    url,
    config: VIEWER,
    schema: {
      summary: 'Boards that asked to be let in and are not registered',
      tags,
      response: { 200: BOARDS_ANSWER },
    },
    handler: async () => ({ boards: await listBoards(context) }),
  });
  server.route({
    method: 'POST',
    url: `${url}/:id/register`,
    config: OPERATOR,
    schema: {
      summary: 'Make a probe of the board and bind the key that asked',
      tags,
      params: ID_PARAMS,
      body: BOARD_REGISTRATION,
      response: { 201: PROBE_ROW },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const made = await registerBoard(context, actorOf(request), id, request.body);
      return reply.code(201).send(made);
    },
  });
  server.route({
    method: 'DELETE',
    url: `${url}/:id`,
    config: OPERATOR,
    schema: {
      summary: 'Forget that it asked; it may ask again',
      tags,
      params: ID_PARAMS,
      response: { 200: DONE },
    },
    handler: async (request) => {
      await forgetBoard(context, actorOf(request), request.params.id);
      return {};
    },
  });
}

function addClaimTokens(server: ControlServer, context: ControlContext): void {
  const url = '/api/v1/claim-tokens';
  const tags = ['claim tokens'];
  server.route({
    method: 'GET',
    url,
    config: OPERATOR,
    schema: {
      summary: 'Claim tokens, without their secret',
      tags,
      response: { 200: CLAIM_TOKENS_ANSWER },
    },
    handler: async () => ({ claimTokens: await listClaimTokens(context) }),
  });
  server.route({
    method: 'POST',
    url,
    config: OPERATOR,
    schema: {
      summary: 'Make a claim token for an image; it is told this once',
      tags,
      body: CLAIM_TOKEN_INPUT,
      response: { 201: CLAIM_TOKEN_MADE },
    },
    handler: async (request, reply) => {
      requirePrivate(context, request);
      const made = await makeClaimToken(context, actorOf(request), request.body);
      return reply.code(201).send(made);
    },
  });
  server.route({
    method: 'DELETE',
    url: `${url}/:id`,
    config: OPERATOR,
    schema: {
      summary: 'Revoke a claim token; what came in with it stays',
      tags,
      params: ID_PARAMS,
      response: { 200: CLAIM_TOKEN },
    },
    handler: async (request) =>
      await revokeClaimToken(context, actorOf(request), request.params.id),
  });
}

function addWindows(server: ControlServer, context: ControlContext): void {
  const url = '/api/v1/maintenance';
  const tags = ['maintenance'];
  server.route({
    method: 'GET',
    url,
    config: VIEWER,
    schema: {
      summary: 'Maintenance windows, those that end last first',
      tags,
      response: { 200: MAINTENANCE_ANSWER },
    },
    handler: async () => ({ maintenance: await listMaintenance(context) }),
  });
  server.route({
    method: 'POST',
    url,
    config: OPERATOR,
    schema: {
      summary: 'Add a maintenance window',
      tags,
      body: MAINTENANCE_INPUT,
      response: { 201: MAINTENANCE },
    },
    handler: async (request, reply) => {
      const made = await addMaintenance(context, actorOf(request), request.body);
      return reply.code(201).send(made);
    },
  });
  server.route({
    method: 'DELETE',
    url: `${url}/:id`,
    config: OPERATOR,
    schema: {
      summary: 'End a maintenance window now, or take it back before it begins',
      tags,
      params: ID_PARAMS,
      response: { 200: DONE },
    },
    handler: async (request) => {
      await endMaintenance(context, actorOf(request), request.params.id);
      return {};
    },
  });
}

// Measurement sets.
import * as v from 'valibot';
import { SETS_ANSWER } from '../../core/fleet-answers.ts';
import { SET_ANSWER, SET_INPUT, SET_PREVIEW } from '../../core/fleet-sets.ts';
import { SLUG } from '../../core/wire.ts';
import { DONE } from '../accounts/operator-schemas.ts';
import { actorOf } from '../accounts/routes-session.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { inputInvalid } from '../request/problem.ts';
import { listSets, previewSet, removeSet, saveSet, showSet } from './sets.ts';

const URL = '/api/v1/sets';
const VIEWER = { access: 'viewer' } as const;
const OPERATOR = { access: 'operator' } as const;
const TAGS = ['sets'];
const PARAMS = v.strictObject({ id: SLUG });
/** A document may have as much. */
const BODY_BYTES_MAX = 262_144;

export const addFleetSetRoutes: AddRoutes = (server, context) => {
  addReads(server, context);
  addWrites(server, context);
};

function addReads(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: URL,
    config: VIEWER,
    schema: { summary: 'All measurement sets', tags: TAGS, response: { 200: SETS_ANSWER } },
    handler: async () => ({ sets: await listSets(context) }),
  });
  server.route({
    method: 'GET',
    url: `${URL}/:id`,
    config: VIEWER,
    schema: {
      summary: 'A measurement set',
      tags: TAGS,
      params: PARAMS,
      response: { 200: SET_ANSWER },
    },
    handler: async (request) => await showSet(context, request.params.id),
  });
  server.route({
    method: 'POST',
    url: `${URL}/preview`,
    config: OPERATOR,
    bodyLimit: BODY_BYTES_MAX,
    schema: {
      summary: 'What probes would run and what it would cost; nothing is saved',
      tags: TAGS,
      body: SET_INPUT,
      response: { 200: SET_PREVIEW },
    },
    handler: async (request) => await previewSet(context, request.body),
  });
}

function addWrites(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'PUT',
    url: `${URL}/:id`,
    config: OPERATOR,
    bodyLimit: BODY_BYTES_MAX,
    schema: {
      summary: 'Make a measurement set, or replace the one with this id',
      tags: TAGS,
      params: PARAMS,
      body: SET_INPUT,
      response: { 200: SET_ANSWER },
    },
    handler: async (request) => {
      const { id } = request.params;
      if (request.body.id !== id) {
        const message = `expected ${JSON.stringify(id)}, as the path says`;
        throw inputInvalid(`id: ${message}`, [{ path: 'id', message }]);
      }
      return await saveSet(context, actorOf(request), request.body);
    },
  });
  server.route({
    method: 'DELETE',
    url: `${URL}/:id`,
    config: OPERATOR,
    schema: {
      summary: 'Remove a measurement set; no probe runs it any more',
      tags: TAGS,
      params: PARAMS,
      response: { 200: DONE },
    },
    handler: async (request) => {
      await removeSet(context, actorOf(request), request.params.id);
      return {};
    },
  });
}

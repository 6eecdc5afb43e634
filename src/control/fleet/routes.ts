// Probes and the boards behind them.
import * as v from 'valibot';
import {
  PROBE_CHANGE,
  PROBE_DETAIL,
  PROBE_INPUT,
  PROBE_ROW,
  PROBES_ANSWER,
  PROBES_QUERY,
  type ProbeRow,
  REPLACEMENT,
} from '../../core/fleet.ts';
import { CANDIDATE_CHOICE } from '../../core/fleet-boards.ts';
import { SLUG } from '../../core/wire.ts';
import { DONE } from '../accounts/operator-schemas.ts';
import { actorOf } from '../accounts/routes-session.ts';
import type { Actor, AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import {
  approveProbe,
  disableProbe,
  enableProbe,
  rearmProbe,
  refuseCandidate,
  replaceProbe,
} from './binding.ts';
import { showProbe } from './detail.ts';
import { listProbes } from './list.ts';
import { addProbe, changeProbe, removeProbe } from './probes.ts';

const URL = '/api/v1/probes';
const VIEWER = { access: 'viewer' } as const;
const OPERATOR = { access: 'operator' } as const;
const TAGS = ['probes'];
const PARAMS = v.strictObject({ name: SLUG });
const NOTHING = v.strictObject({});

export const addFleetRoutes: AddRoutes = (server, context) => {
  addList(server, context);
  addOne(server, context);
  addChanges(server, context);
  addChoices(server, context);
  addReplace(server, context);
  for (const step of STEPS) addStep(server, context, step);
};

function addList(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: URL,
    config: VIEWER,
    schema: {
      summary: 'Probes: searched, filtered, sorted, a page at a time',
      tags: TAGS,
      querystring: PROBES_QUERY,
      response: { 200: PROBES_ANSWER },
    },
    handler: async (request) => await listProbes(context, request.query),
  });
  server.route({
    method: 'POST',
    url: URL,
    config: OPERATOR,
    schema: {
      summary: 'Register a board by its MAC; name and address are given',
      tags: TAGS,
      body: PROBE_INPUT,
      response: { 201: PROBE_ROW },
    },
    handler: async (request, reply) => {
      const made = await addProbe(context, actorOf(request), request.body);
      return reply.code(201).send(made);
    },
  });
}

function addOne(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: `${URL}/:name`,
    config: VIEWER,
    schema: {
      summary: 'All about a probe',
      tags: TAGS,
      params: PARAMS,
      response: { 200: PROBE_DETAIL },
    },
    handler: async (request) => await showProbe(context, request.params.name),
  });
}

function addChanges(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'PATCH',
    url: `${URL}/:name`,
    config: OPERATOR,
    schema: {
      summary: 'Change what is named; lists are replaced as a whole',
      tags: TAGS,
      params: PARAMS,
      body: PROBE_CHANGE,
      response: { 200: PROBE_ROW },
    },
    handler: async (request) =>
      await changeProbe(context, actorOf(request), request.params.name, request.body),
  });
  server.route({
    method: 'DELETE',
    url: `${URL}/:name`,
    config: OPERATOR,
    schema: {
      summary: 'Remove a probe with all that it reported; name and address are free again',
      tags: TAGS,
      params: PARAMS,
      response: { 200: DONE },
    },
    handler: async (request) => {
      await removeProbe(context, actorOf(request), request.params.name);
      return {};
    },
  });
}

function addChoices(server: ControlServer, context: ControlContext): void {
  const schema = {
    tags: TAGS,
    params: PARAMS,
    body: CANDIDATE_CHOICE,
    response: { 200: PROBE_ROW },
  };
  server.route({
    method: 'POST',
    url: `${URL}/:name/approve`,
    config: OPERATOR,
    schema: { ...schema, summary: 'Bind the board with this fingerprint, which a person compared' },
    handler: async (request) =>
      await approveProbe(context, actorOf(request), request.params.name, request.body),
  });
  server.route({
    method: 'POST',
    url: `${URL}/:name/refuse`,
    config: OPERATOR,
    schema: { ...schema, summary: 'Forget that the board with this fingerprint asked' },
    handler: async (request) =>
      await refuseCandidate(context, actorOf(request), request.params.name, request.body),
  });
}

function addReplace(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'POST',
    url: `${URL}/:name/replace`,
    config: OPERATOR,
    schema: {
      summary: 'Another board in its place: its key is forgotten, name and history stay',
      tags: TAGS,
      params: PARAMS,
      body: REPLACEMENT,
      response: { 200: PROBE_ROW },
    },
    handler: async (request) =>
      await replaceProbe(context, actorOf(request), request.params.name, request.body),
  });
}

interface Step {
  verb: string;
  summary: string;
  run: (context: ControlContext, actor: Actor, name: string) => Promise<ProbeRow>;
}

const STEPS: readonly Step[] = [
  { verb: 'disable', summary: 'End its API keys at once and refuse it', run: disableProbe },
  { verb: 'enable', summary: 'Let its board in again', run: enableProbe },
  { verb: 'rearm', summary: 'Forget its key, so that another may be approved', run: rearmProbe },
];

function addStep(
  server: ControlServer,
  context: ControlContext,
  { verb, summary, run }: Step,
): void {
  server.route({
    method: 'POST',
    url: `${URL}/:name/${verb}`,
    config: OPERATOR,
    schema: { summary, tags: TAGS, params: PARAMS, body: NOTHING, response: { 200: PROBE_ROW } },
    handler: async (request) => await run(context, actorOf(request), request.params.name),
  });
}

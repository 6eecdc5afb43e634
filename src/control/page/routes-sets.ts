// Pages of measurement sets: all, one with its form, and the preview before anything is saved.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import * as v from 'valibot';
import {
  type MeasurementSet,
  SET_INPUT,
  type SetInput,
  type SetPreview,
} from '../../core/fleet-sets.ts';
import { SLUG } from '../../core/wire.ts';
import { actorOf } from '../accounts/routes-session.ts';
import { listSets, previewSet, removeSet, saveSet, showSet } from '../fleet/sets.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { type FormState, form, formState, submit } from './form.ts';
import {
  ANY_FORM,
  ANY_QUERY,
  attempt,
  frameOf,
  goTo,
  judge,
  OPERATOR_PAGE,
  sendPage,
  type Values,
  VIEWER_PAGE,
  valuesOf,
} from './request.ts';
import { setPage } from './set.ts';
import { NEW_SET, readSet, valuesOfSet } from './set-fields.ts';
import { setsPage } from './sets.ts';
import { groupsOf } from './sources.ts';

const PARAMS = v.strictObject({ id: SLUG });
/** As large as a set may be over the API. */
const FORM_BYTES_MAX = 262_144;

export const addSetPages: AddRoutes = (server, context) => {
  server.route({
    method: 'GET',
    url: '/sets',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      return await sendPage(reply, frame, setsPage(frame, await listSets(context)));
    },
  });
  addForms(server, context);
  addRemove(server, context);
};

function addForms(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: '/sets/new',
    config: OPERATOR_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const { as } = valuesOf(request.query);
      const values = { ...NEW_SET, json: '{\n  "smokeping": { "targets": ["@gateway"] }\n}' };
      const shown = { ...PLAIN, set: null, state: formState(values), isJson: as === 'json' };
      return await show(context, request, reply, shown);
    },
  });
  server.route({
    method: 'GET',
    url: '/sets/:id',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY, params: PARAMS },
    handler: async (request, reply) => {
      const set = await showSet(context, request.params.id);
      const { values, isWhole } = valuesOfSet(set);
      const isJson = valuesOf(request.query)['as'] === 'json' || !isWhole;
      const shown = { ...PLAIN, set, state: formState(values), isJson, isWhole };
      return await show(context, request, reply, shown);
    },
  });
  server.route({
    method: 'POST',
    url: '/sets/new',
    config: OPERATOR_PAGE,
    bodyLimit: FORM_BYTES_MAX,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => await take(context, request, reply, null),
  });
  server.route({
    method: 'POST',
    url: '/sets/:id',
    config: OPERATOR_PAGE,
    bodyLimit: FORM_BYTES_MAX,
    schema: { params: PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      const set = await showSet(context, request.params.id);
      return await take(context, request, reply, set);
    },
  });
}

type Reply = Parameters<typeof sendPage>[0];

interface Shown {
  set: MeasurementSet | null;
  state: FormState;
  isJson: boolean;
  isWhole: boolean;
  preview: SetPreview | null;
  previewed: string;
  status: number;
}

const PLAIN = { isWhole: true, preview: null, previewed: '', status: 200 };

async function show(
  context: ControlContext,
  request: FastifyRequest,
  reply: Reply,
  { status, ...shown }: Shown,
): Promise<Reply> {
  const frame = frameOf(context, request);
  const groups = await groupsOf(context);
  return await sendPage(reply, frame, setPage(frame, { ...shown, groups }), status);
}

/** A preview, or the save of what was previewed and of nothing else. */
async function take(
  context: ControlContext,
  request: FastifyRequest,
  reply: Reply,
  set: MeasurementSet | null,
): Promise<Reply> {
  const values = valuesOf(request.body);
  const { isWhole } = set === null ? PLAIN : valuesOfSet(set);
  const shown = { ...PLAIN, set, isWhole, isJson: values['as'] === 'json' };
  const read = readInput(values, set);
  if (!read.ok) return await show(context, request, reply, { ...shown, ...read, status: 400 });
  const { input } = read;
  const digest = digestOf(input);
  if (set === null && (await listSets(context)).some(({ id }) => id === input.id)) {
    const state = { values, errors: { id: `There is a set ${input.id} already` } };
    return await show(context, request, reply, { ...shown, state, status: 409 });
  }
  const isSave = values['step'] === 'save' && values['previewed'] === digest;
  const done = isSave
    ? await attempt(values, async () => {
        await saveSet(context, actorOf(request), input);
        return null;
      })
    : await attempt(values, () => previewSet(context, input));
  if (!done.ok) return await show(context, request, reply, { ...shown, ...done });
  if (done.result === null) return goTo(reply, '/sets', 'set-saved');
  const state = formState(values);
  const preview = done.result;
  return await show(context, request, reply, { ...shown, state, preview, previewed: digest });
}

function readInput(
  values: Values,
  set: MeasurementSet | null,
): { ok: true; input: SetInput } | { ok: false; state: FormState } {
  const { input, errors } = readSet(values, set);
  if (Object.keys(errors).length > 0) return { ok: false, state: { values, errors } };
  const judged = judge(SET_INPUT, input, values);
  return judged.ok ? { ok: true, input: judged.value } : judged;
}

function digestOf(input: SetInput): string {
  return createHash('sha256').update(JSON.stringify(input)).digest('base64url').slice(0, 22);
}

function addRemove(server: ControlServer, context: ControlContext): void {
  const url = '/sets/:id/remove';
  async function ask(request: FastifyRequest, reply: Reply, id: string): Promise<Reply> {
    const frame = frameOf(context, request);
    const { probes } = await showSet(context, id);
    const lead =
      probes === 0
        ? 'No probe runs it.'
        : `${probes} ${
            probes === 1 ? 'probe stops' : 'probes ' + 'stop'
          } measuring what no other set asks for, within a minute or so. Graphs so far stay.`;
    return await sendPage(reply, frame, {
      place: 'sets',
      title: `Remove ${id}`,
      tone: 'info',
      crumbs: [
        { href: '/sets', text: 'Measurements' },
        { href: `/sets/${id}`, text: id },
      ],
      heading: `Remove the set ${id}?`,
      lead,
      reloadSeconds: null,
      main: form(url.replace(':id', id), frame.csrf, submit('Remove', 'danger', `/sets/${id}`)),
    });
  }
  server.route({
    method: 'GET',
    url,
    config: OPERATOR_PAGE,
    schema: { params: PARAMS },
    handler: async (request, reply) => await ask(request, reply, request.params.id),
  });
  server.route({
    method: 'POST',
    url,
    config: OPERATOR_PAGE,
    schema: { params: PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      await removeSet(context, actorOf(request), request.params.id);
      return goTo(reply, '/sets', 'set-removed');
    },
  });
}

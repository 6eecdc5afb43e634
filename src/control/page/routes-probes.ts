// Pages of probes: the list, each one, and the forms that change them.
import * as v from 'valibot';
import { PROBE_CHANGE, PROBE_INPUT, PROBES_QUERY } from '../../core/fleet.ts';
import { SLUG } from '../../core/wire.ts';
import { actorOf } from '../accounts/routes-session.ts';
import { approveProbe, refuseCandidate } from '../fleet/binding.ts';
import { showProbe } from '../fleet/detail.ts';
import { listProbes } from '../fleet/list.ts';
import { lookAtFleet } from '../fleet/overview.ts';
import { addProbe, changeProbe } from '../fleet/probes.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { type FormState, formState } from './form.ts';
import { probePage } from './probe.ts';
import {
  editProbePage,
  newProbePage,
  type ProbeFormInput,
  readProbe,
  valuesOfProbe,
} from './probe-form.ts';
import { TARGETS_A_PAGE, targetsOf } from './probe-graphs.ts';
import { probeHref } from './probe-words.ts';
import { probesPage } from './probes.ts';
import {
  ANY_FORM,
  ANY_QUERY,
  attemptJudged,
  frameOf,
  goTo,
  OPERATOR_PAGE,
  sendPage,
  type Values,
  VIEWER_PAGE,
  valuesOf,
} from './request.ts';
import { addConfirmPages } from './routes-confirm.ts';
import { groupsOf, roundsOfTargets, spanOf } from './sources.ts';

const NAME_PARAMS = v.strictObject({ name: SLUG });

export const addProbePages: AddRoutes = (server, context) => {
  addList(server, context);
  addOne(server, context);
  addNew(server, context);
  addEdit(server, context);
  addChoices(server, context);
  addConfirmPages(server, context);
};

/** For the form of a probe. */
export async function probeForm(
  context: ControlContext,
  state: FormState,
): Promise<ProbeFormInput> {
  const { hardware, config } = context;
  const groups = await groupsOf(context);
  return { state, hardware, groups, namePrefix: config.namePrefix };
}

function addList(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: '/probes',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const query = probesQuery(valuesOf(request.query));
      const { probes, total } = await listProbes(context, query);
      const { counts, groups } = await lookAtFleet(context);
      const { origin } = context.config;
      const input = { query, probes, total, counts, groups, origin };
      return await sendPage(reply, frame, probesPage(frame, input));
    },
  });
}

/** What is not understood is left out: a page is not refused for its address. */
export function probesQuery(values: Values): v.InferOutput<typeof PROBES_QUERY> {
  const known: Record<string, string> = {};
  for (const key of Object.keys(PROBES_QUERY.entries)) {
    const value = values[key];
    if (value === undefined || value === '') continue;
    if (v.safeParse(PROBES_QUERY, { [key]: value }).success) known[key] = value;
  }
  return v.parse(PROBES_QUERY, known);
}

function addOne(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: '/probes/:name',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY, params: NAME_PARAMS },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const values = valuesOf(request.query);
      const probe = await showProbe(context, request.params.name);
      const span = spanOf(values['span']);
      const offset = /^\d{1,4}$/.test(values['offset'] ?? '') ? Number(values['offset']) : 0;
      const targets = targetsOf(probe).slice(offset, offset + TARGETS_A_PAGE);
      const rounds = await roundsOfTargets(context, probe, { targets, span });
      return await sendPage(reply, frame, probePage(frame, { probe, span, offset, rounds }));
    },
  });
}

function addNew(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: '/probes/new',
    config: OPERATOR_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const { mac = '' } = valuesOf(request.query);
      const state = formState({ mac, hardware: 'generic' });
      return await sendPage(reply, frame, newProbePage(frame, await probeForm(context, state)));
    },
  });
  server.route({
    method: 'POST',
    url: '/probes/new',
    config: OPERATOR_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      const values = valuesOf(request.body);
      const read = { ...readProbe(values, true), mac: (values['mac'] ?? '').trim() };
      const done = await attemptJudged(PROBE_INPUT, { input: read, values }, (value) =>
        addProbe(context, actorOf(request), value),
      );
      if (done.ok) return goTo(reply, probeHref(done.result.name), 'probe-added');
      const frame = frameOf(context, request);
      const page = newProbePage(frame, await probeForm(context, done.state));
      return await sendPage(reply, frame, page, done.status);
    },
  });
}

function addEdit(server: ControlServer, context: ControlContext): void {
  const url = '/probes/:name/edit';
  const schema = { params: NAME_PARAMS };
  server.route({
    method: 'GET',
    url,
    config: OPERATOR_PAGE,
    schema,
    handler: async (request, reply) => {
      const { name } = request.params;
      const frame = frameOf(context, request);
      const state = formState(valuesOfProbe(await showProbe(context, name)));
      const input = { ...(await probeForm(context, state)), name };
      return await sendPage(reply, frame, editProbePage(frame, input));
    },
  });
  server.route({
    method: 'POST',
    url,
    config: OPERATOR_PAGE,
    schema: { ...schema, body: ANY_FORM },
    handler: async (request, reply) => {
      const { name } = request.params;
      const values = valuesOf(request.body);
      const done = await attemptJudged(
        PROBE_CHANGE,
        { input: readProbe(values, false), values },
        (value) => changeProbe(context, actorOf(request), name, value),
      );
      if (done.ok) return goTo(reply, probeHref(done.result.name), 'probe-changed');
      const frame = frameOf(context, request);
      const input = { ...(await probeForm(context, done.state)), name };
      return await sendPage(reply, frame, editProbePage(frame, input), done.status);
    },
  });
}

function addChoices(server: ControlServer, context: ControlContext): void {
  for (const [path, choose, done] of [
    ['approve', approveProbe, 'approved'],
    ['refuse', refuseCandidate, 'refused'],
  ] as const) {
    server.route({
      method: 'POST',
      url: `/probes/:name/${path}`,
      config: OPERATOR_PAGE,
      schema: { params: NAME_PARAMS, body: ANY_FORM },
      handler: async (request, reply) => {
        const { name } = request.params;
        const { fingerprint = '' } = valuesOf(request.body);
        await choose(context, actorOf(request), name, { fingerprint });
        return goTo(reply, probeHref(name), done);
      },
    });
  }
}

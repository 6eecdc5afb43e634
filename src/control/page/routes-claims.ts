// Pages of joining: claim tokens, boards that ask, and maintenance windows.
import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';
import { BOARD_REGISTRATION } from '../../core/fleet.ts';
import { CLAIM_TOKEN_INPUT } from '../../core/fleet-boards.ts';
import { MAINTENANCE_INPUT } from '../../core/fleet-maintenance.ts';
import { queryNumber } from '../../core/wire.ts';
import { actorOf } from '../accounts/routes-session.ts';
import { forgetBoard, listBoards, registerBoard } from '../fleet/boards.ts';
import { listClaimTokens, makeClaimToken, revokeClaimToken } from '../fleet/claim-tokens.ts';
import { addMaintenance, endMaintenance, listMaintenance } from '../fleet/maintenance.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { claimsPage } from './claims.ts';
import { type FormState, formState } from './form.ts';
import { fieldTime, maintenancePage, parseFieldTime } from './maintenance.ts';
import { createOnce } from './once.ts';
import { readProbe, registerBoardPage } from './probe-form.ts';
import { probeHref } from './probe-words.ts';
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
import { probeForm } from './routes-probes.ts';
import { withQuery } from './shell.ts';
import { groupsOf, joinInput } from './sources.ts';

export const ID_PARAMS = v.strictObject({ id: queryNumber(1, Number.MAX_SAFE_INTEGER) });
const NEW_TOKEN = { uses: '1', lifetimeMs: '2592000000' };

export const addClaimPages: AddRoutes = (server, context) => {
  addClaims(server, context);
  addBoards(server, context);
  addMaintenancePages(server, context);
};

function addClaims(server: ControlServer, context: ControlContext): void {
  const once = createOnce();
  const input = async (state: FormState, secret: string | null) => ({
    ...{ state, secret },
    tokens: await listClaimTokens(context),
    join: await joinInput(context),
  });
  server.route({
    method: 'GET',
    url: '/claims',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const { once: key, probe = '' } = valuesOf(request.query);
      const secret = once.take(actorOf(request).text, key, context.nowMs());
      const page = claimsPage(frame, await input(formState({ ...NEW_TOKEN, probe }), secret));
      return await sendPage(reply, frame, page);
    },
  });
  server.route({
    method: 'POST',
    url: '/claims',
    config: OPERATOR_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      const values = valuesOf(request.body);
      const actor = actorOf(request);
      const done = await attemptJudged(
        CLAIM_TOKEN_INPUT,
        { input: readToken(values), values },
        (value) => makeClaimToken(context, actor, value),
      );
      if (done.ok) {
        const key = once.keep(actor.text, done.result.token, context.nowMs());
        return goTo(reply, withQuery('/claims', { once: key }), 'token-made');
      }
      const frame = frameOf(context, request);
      return await sendPage(
        reply,
        frame,
        claimsPage(frame, await input(done.state, null)),
        done.status,
      );
    },
  });
  server.route({
    method: 'POST',
    url: '/claims/:id/revoke',
    config: OPERATOR_PAGE,
    schema: { params: ID_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      await revokeClaimToken(context, actorOf(request), request.params.id);
      return goTo(reply, '/claims', 'token-revoked');
    },
  });
}

function readToken(values: Values): Record<string, unknown> {
  const { label = '', probe = '', uses = '', lifetimeMs = '' } = values;
  return {
    label: label.trim(),
    probe: probe.trim() === '' ? null : probe.trim(),
    uses: numberOf(uses),
    lifetimeMs: numberOf(lifetimeMs),
  };
}

/** As it was typed where it is no number, so that the message can show it. */
function numberOf(text: string): number | string {
  return /^\d{1,15}$/.test(text.trim()) ? Number(text) : text;
}

function addBoards(server: ControlServer, context: ControlContext): void {
  const url = '/boards/:id/register';
  async function boardOf(id: number) {
    const board = (await listBoards(context)).find((one) => one.id === id);
    if (board !== undefined) return board;
    throw new ProbeError('ERR_NOT_FOUND', 'this board does not ask any more; it may ask again');
  }
  server.route({
    method: 'GET',
    url,
    config: OPERATOR_PAGE,
    schema: { params: ID_PARAMS },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const board = await boardOf(request.params.id);
      const known = context.hardware.some(({ slug }) => slug === board.hardware);
      const state = formState({ hardware: known ? (board.hardware ?? '') : 'generic' });
      const input = { ...(await probeForm(context, state)), board };
      return await sendPage(reply, frame, registerBoardPage(frame, input));
    },
  });
  server.route({
    method: 'POST',
    url,
    config: OPERATOR_PAGE,
    schema: { params: ID_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      const { id } = request.params;
      const values = valuesOf(request.body);
      const done = await attemptJudged(
        BOARD_REGISTRATION,
        { input: readProbe(values, true), values },
        (value) => registerBoard(context, actorOf(request), id, value),
      );
      if (done.ok) return goTo(reply, probeHref(done.result.name), 'approved');
      const frame = frameOf(context, request);
      const board = await boardOf(id);
      const page = registerBoardPage(frame, { ...(await probeForm(context, done.state)), board });
      return await sendPage(reply, frame, page, done.status);
    },
  });
  server.route({
    method: 'POST',
    url: '/boards/:id/forget',
    config: OPERATOR_PAGE,
    schema: { params: ID_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      await forgetBoard(context, actorOf(request), request.params.id);
      return goTo(reply, '/claims', 'forgotten');
    },
  });
}

function addMaintenancePages(server: ControlServer, context: ControlContext): void {
  const input = async (state: FormState) => ({
    state,
    windows: await listMaintenance(context),
    groups: await groupsOf(context),
  });
  server.route({
    method: 'GET',
    url: '/maintenance',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const { scope = 'all', value = '' } = valuesOf(request.query);
      const from = fieldTime(frame.nowMs);
      const until = fieldTime(frame.nowMs + 2 * 3_600_000);
      const state = formState({ scope, value, from, until });
      return await sendPage(reply, frame, maintenancePage(frame, await input(state)));
    },
  });
  server.route({
    method: 'POST',
    url: '/maintenance',
    config: OPERATOR_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      const values = valuesOf(request.body);
      const done = await addWindow(values, (given) =>
        addMaintenance(context, actorOf(request), given),
      );
      if (done.ok) return goTo(reply, '/maintenance', 'maintenance-added');
      const frame = frameOf(context, request);
      const page = maintenancePage(frame, await input(done.state));
      return await sendPage(reply, frame, page, done.status);
    },
  });
  server.route({
    method: 'POST',
    url: '/maintenance/:id/end',
    config: OPERATOR_PAGE,
    schema: { params: ID_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      await endMaintenance(context, actorOf(request), request.params.id);
      return goTo(reply, '/maintenance', 'maintenance-ended');
    },
  });
}

async function addWindow(
  values: Values,
  add: (given: v.InferOutput<typeof MAINTENANCE_INPUT>) => Promise<unknown>,
) {
  const [fromMs, untilMs] = [values['from'], values['until']].map((text) =>
    parseFieldTime(text ?? ''),
  );
  const errors: Record<string, string> = {};
  if (fromMs === null) errors['from'] = 'Expected a time such as 2026-11-22 14:30';
  if (untilMs === null) errors['until'] = 'Expected a time such as 2026-11-22 16:30';
  if (Object.keys(errors).length > 0) {
    return { ok: false as const, state: { values, errors }, status: 400 };
  }
  const { scope, value = '', reason = '' } = values;
  const given = { scope, value: scope === 'all' ? '' : value.trim(), fromMs, untilMs, reason };
  return await attemptJudged(MAINTENANCE_INPUT, { input: given, values }, add);
}

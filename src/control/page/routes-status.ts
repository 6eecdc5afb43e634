// The public status page in its three forms, and the form that says what is on it.
import { ProbeError } from '../../core/error.ts';
import { actorOf } from '../accounts/routes-session.ts';
import type { AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { formState } from './form.ts';
import {
  ADMIN_PAGE,
  ANY_FORM,
  ANY_QUERY,
  frameOf,
  goTo,
  judge,
  PUBLIC_PAGE,
  sendPage,
  type Values,
  valuesOf,
} from './request.ts';
import { groupsOf } from './sources.ts';
import {
  type StatusInput,
  statusJson,
  statusPage,
  statusSettingsPage,
  statusText,
} from './status.ts';
import {
  readStatusSettings,
  STATUS_SETTINGS,
  type StatusSettings,
  saveStatusSettings,
} from './status-settings.ts';
import { statusInput } from './status-source.ts';

const CACHE = 'public, max-age=30';

export const addStatusPages: AddRoutes = (server, context) => {
  addPublic(server, context);
  addSettings(server, context);
};

/** One answer for "off" and for "never was". */
async function need(context: ControlContext): Promise<StatusInput> {
  const input = await statusInput(context);
  if (input === null) throw new ProbeError('ERR_NOT_FOUND', 'there is nothing here');
  return input;
}

function addPublic(server: ControlServer, context: ControlContext): void {
  server.route({
    method: 'GET',
    url: '/status',
    config: PUBLIC_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const input = await need(context);
      const frame = frameOf(context, request);
      return await sendPage(reply, frame, statusPage(frame, input));
    },
  });
  server.route({
    method: 'GET',
    url: '/status.txt',
    config: { access: 'public' },
    handler: async (_request, reply) => {
      const text = statusText(await need(context), context.nowMs());
      return reply.header('cache-control', CACHE).type('text/plain; charset=utf-8').send(text);
    },
  });
  server.route({
    method: 'GET',
    url: '/status.json',
    config: { access: 'public' },
    handler: async (_request, reply) => {
      const json = statusJson(await need(context), context.nowMs());
      return reply
        .header('cache-control', CACHE)
        .type('application/json; charset=utf-8')
        .send(JSON.stringify(json));
    },
  });
}

function addSettings(server: ControlServer, context: ControlContext): void {
  const url = '/settings/status';
  server.route({
    method: 'GET',
    url,
    config: ADMIN_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const settings = await readStatusSettings(context);
      const frame = frameOf(context, request);
      const { isPublic } = settings;
      const form = { state: formState(valuesOfSettings(settings)), isPublic };
      const groups = await groupsOf(context);
      return await sendPage(reply, frame, statusSettingsPage(frame, { ...form, groups }));
    },
  });
  server.route({
    method: 'POST',
    url,
    config: ADMIN_PAGE,
    schema: { body: ANY_FORM },
    handler: async (request, reply) => {
      const values = valuesOf(request.body);
      const judged = judge(STATUS_SETTINGS, readSettings(values), values);
      if (judged.ok) {
        await saveStatusSettings(context, actorOf(request), judged.value);
        return goTo(reply, url, 'status-saved');
      }
      const frame = frameOf(context, request);
      const { isPublic } = await readStatusSettings(context);
      const groups = await groupsOf(context);
      const page = statusSettingsPage(frame, { state: judged.state, isPublic, groups });
      return await sendPage(reply, frame, page, 400);
    },
  });
}

export function valuesOfSettings(settings: StatusSettings): Record<string, string> {
  const { isPublic, title, text, groups, probes, targets } = settings;
  return {
    ...{ title, text },
    isPublic: isPublic ? 'on' : '',
    groups: groups.join(', '),
    probes: probes.map(({ probe, name }) => `${probe} = ${name}`).join('\n'),
    targets: targets.map(({ target, name }) => `${target} = ${name}`).join('\n'),
  };
}

/** What the schema judges; a line without `=` is left to it as one without a name. */
export function readSettings(values: Values): Record<string, unknown> {
  const { isPublic = '', title = '', text = '', groups = '' } = values;
  return {
    isPublic: isPublic === 'on',
    title: title.trim(),
    text: text.trim(),
    groups: groups.split(/[\s,]+/).filter((word) => word !== ''),
    probes: pairs(values['probes']).map(([probe, name]) => ({ probe, name })),
    targets: pairs(values['targets']).map(([target, name]) => ({ target, name })),
  };
}

function pairs(text = ''): Array<[string, string]> {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const at = line.indexOf('=');
    return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
}

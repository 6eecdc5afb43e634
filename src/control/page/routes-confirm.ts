// Pages that ask before something is done to a probe that cannot, or not at once, be taken back.
import * as v from 'valibot';
import { REPLACEMENT } from '../../core/fleet.ts';
import { SLUG } from '../../core/wire.ts';
import { actorOf } from '../accounts/routes-session.ts';
import { disableProbe, enableProbe, rearmProbe, replaceProbe } from '../fleet/binding.ts';
import { showProbe } from '../fleet/detail.ts';
import { removeProbe } from '../fleet/probes.ts';
import type { Actor, AddRoutes, ControlContext, ControlServer } from '../request/context.ts';
import { type FormState, formState } from './form.ts';
import type { ProbeAction } from './probe-confirm.ts';
import { confirmPage } from './probe-form.ts';
import { probeHref } from './probe-words.ts';
import {
  ANY_FORM,
  attempt,
  attemptJudged,
  frameOf,
  goTo,
  OPERATOR_PAGE,
  sendPage,
  type Values,
  valuesOf,
} from './request.ts';

const NAME_PARAMS = v.strictObject({ name: SLUG });
const ACTIONS: readonly ProbeAction[] = ['disable', 'enable', 'rearm', 'replace', 'remove'];

export const addConfirmPages: AddRoutes = (server, context) => {
  for (const action of ACTIONS) addConfirm(server, context, action);
};

function addConfirm(server: ControlServer, context: ControlContext, action: ProbeAction): void {
  const url = `/probes/:name/${action}`;
  server.route({
    method: 'GET',
    url,
    config: OPERATOR_PAGE,
    schema: { params: NAME_PARAMS },
    handler: async (request, reply) => {
      const frame = frameOf(context, request);
      const probe = await showProbe(context, request.params.name);
      const state = formState({ hardware: probe.hardware });
      const { hardware } = context;
      return await sendPage(reply, frame, confirmPage(frame, { action, probe, state, hardware }));
    },
  });
  server.route({
    method: 'POST',
    url,
    config: OPERATOR_PAGE,
    schema: { params: NAME_PARAMS, body: ANY_FORM },
    handler: async (request, reply) => {
      const { name } = request.params;
      const values = valuesOf(request.body);
      const done = await act(context, actorOf(request), { action, name, values });
      if (done.ok)
        return goTo(reply, action === 'remove' ? '/probes' : probeHref(name), DONE[action]);
      const frame = frameOf(context, request);
      const { hardware } = context;
      const probe = await showProbe(context, name);
      const page = confirmPage(frame, { action, probe, state: done.state, hardware });
      return await sendPage(reply, frame, page, done.status);
    },
  });
}

const DONE: Readonly<Record<ProbeAction, string>> = {
  disable: 'disabled',
  enable: 'enabled',
  rearm: 'rearmed',
  replace: 'replaced',
  remove: 'removed',
};

type Acted = { ok: true } | { ok: false; state: FormState; status: number };

async function act(
  context: ControlContext,
  actor: Actor,
  { action, name, values }: { action: ProbeAction; name: string; values: Values },
): Promise<Acted> {
  if (action === 'remove' && values['typed']?.trim() !== name) {
    const errors = { typed: `Expected ${name}` };
    return { ok: false, state: { values, errors }, status: 400 };
  }
  if (action !== 'replace') {
    const plain = { disable: disableProbe, enable: enableProbe, rearm: rearmProbe };
    const run = action === 'remove' ? removeProbe : plain[action];
    return await attempt<unknown>(values, () => run(context, actor, name));
  }
  const { mac = '', hardware = '' } = values;
  const input = hardware === '' ? { mac } : { mac, hardware };
  return await attemptJudged(REPLACEMENT, { input, values }, (value) =>
    replaceProbe(context, actor, name, value),
  );
}

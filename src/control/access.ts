// Who asks, and whether he may. People come with the cookie of a session or with an API token,
// probes with their API key. A credential is looked at before anything is counted against its
// network, so that neighbours who guess cannot lock anybody out.
import type { FastifyRequest } from 'fastify';
import { ProbeError } from '../core/error.ts';
import { sessionOfCookie } from './accounts/cookie.ts';
import { findSession } from './accounts/sessions.ts';
import { actorOfToken, mayAs } from './accounts/tokens.ts';
import { probeOfKey } from './fleet/probe-keys.ts';
import type { Access, Actor, ControlContext } from './request/context.ts';
import { isCredential, sha256Of } from './request/credential.ts';
import { CSRF_FIELD, hasCsrfToken } from './request/csrf.ts';
import { isUnsafe } from './request/origin.ts';
import { throttleOf } from './request/rate-limit.ts';

/** Before the body is read: sets request.actor or request.probe, or throws what to refuse with. */
export async function admit(context: ControlContext, request: FastifyRequest): Promise<void> {
  const access = accessOf(request);
  if (access === null) return;
  if (access === 'public') return await admitAnybody(context, request);
  if (access === 'probe') {
    request.probe = await probeOf(context, request);
    if (request.probe === null) throw refused(context, request);
    return;
  }
  request.actor = await actorOf(context, request);
  if (request.actor === null) throw refused(context, request);
  if (mayAs(request.actor.role, access)) return;
  const { name, role } = request.actor;
  throw new ProbeError('ERR_FORBIDDEN', `this needs the role ${access}; ${name} is a ${role}`);
}

/**
 * Behind the body: a change that a cookie vouches for has to come from a page of ours. Takes the
 * field away again, so that schemas need not know of it.
 */
export function guardForm(context: ControlContext, request: FastifyRequest): void {
  if (!isUnsafe(request.method)) return;
  const isVouchedByCookie = request.actor !== null && request.sessionSha256 !== null;
  if (isVouchedByCookie && !hasCsrfToken(context, request)) {
    const text = 'the form is of an older session: load the page again (x-csrf-token for programs)';
    throw new ProbeError('ERR_FORBIDDEN', text);
  }
  const { body } = request;
  if (typeof body === 'object' && body !== null && CSRF_FIELD in body) delete body[CSRF_FIELD];
}

/** The level of the route; null where there is no route. */
export function accessOf(request: FastifyRequest): Access | null {
  return request.routeOptions.config.access ?? null;
}

// A public page may greet whoever is logged in. A public change gets no actor: nothing that needs
// one can be done where forms are not guarded.
async function admitAnybody(context: ControlContext, request: FastifyRequest): Promise<void> {
  if (isUnsafe(request.method)) return;
  request.actor = await actorOf(context, request);
}

async function actorOf(context: ControlContext, request: FastifyRequest): Promise<Actor | null> {
  const bearer = bearerOf(request);
  if (bearer !== null) {
    return isCredential('pat', bearer) ? await actorOfToken(context, sha256Of(bearer)) : null;
  }
  const sha256 = sessionOfCookie(context, request);
  const session = sha256 === null ? null : await findSession(context, sha256);
  if (session === null) return visitorOf(context, request);
  request.sessionSha256 = session.sha256;
  const { id, name, role } = session.operator;
  return { kind: 'user', operatorId: id, name, role, text: `user:${name}` };
}

/** Where everybody may look; a change always needs somebody who is known. */
function visitorOf(context: ControlContext, { method }: FastifyRequest): Actor | null {
  if (context.isOpenToRead !== true || isUnsafe(method)) return null;
  return { kind: 'visitor', operatorId: null, name: 'visitor', role: 'viewer', text: 'visitor' };
}

async function probeOf(context: ControlContext, request: FastifyRequest) {
  const bearer = bearerOf(request);
  if (bearer === null || !isCredential('probe', bearer)) return null;
  return await probeOfKey(context, sha256Of(bearer));
}

function bearerOf(request: FastifyRequest): string | null {
  const { authorization } = request.headers;
  const match = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(authorization ?? '');
  return match?.[1] ?? (authorization === undefined ? null : '');
}

/** Wrong credentials count against the network; whoever has none at all is only asked for one. */
function refused(context: ControlContext, request: FastifyRequest): Error {
  const hasTried =
    request.headers.authorization !== undefined || sessionOfCookie(context, request) !== null;
  if (hasTried) {
    throttleOf(context).check(request.ip);
    throttleOf(context).failed(request.ip);
  }
  return new ProbeError('ERR_UNAUTHORIZED', hasTried ? UNKNOWN : NONE);
}

const UNKNOWN = 'the credential is not valid (any more)';
const NONE = 'log in, or send "Authorization: Bearer" with a valid credential';

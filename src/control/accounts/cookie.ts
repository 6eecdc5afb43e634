// The cookie of a session. Over TLS its name begins with __Host-, so that no neighbouring name can
// plant one (RFC 6265bis §4.1.3.2); over plain HTTP on this machine there is none of that.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ControlContext } from '../request/context.ts';
import { isCredential, sha256Of } from '../request/credential.ts';
import { isSecure } from '../request/origin.ts';
import { SESSION_MS_MAX } from './sessions.ts';

/** Digest of the session that the cookie names; null without one that could be. */
export function sessionOfCookie(context: ControlContext, request: FastifyRequest): string | null {
  const token = request.cookies[cookieName(context, request)];
  return token !== undefined && isCredential('session', token) ? sha256Of(token) : null;
}

export function setSessionCookie(
  context: ControlContext,
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
): void {
  reply.setCookie(cookieName(context, request), token, {
    ...attributes(context, request),
    maxAge: SESSION_MS_MAX / 1000,
  });
}

export function clearSessionCookie(
  context: ControlContext,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.clearCookie(cookieName(context, request), attributes(context, request));
}

function cookieName(context: ControlContext, request: FastifyRequest): string {
  return isSecure(context, request) ? '__Host-flint' : 'flint';
}

// Lax: a link from a chat to a page of ours finds one logged in; forms of others carry no cookie.
function attributes(context: ControlContext, request: FastifyRequest) {
  const secure = isSecure(context, request);
  return { path: '/', httpOnly: true, sameSite: 'lax', secure } as const;
}

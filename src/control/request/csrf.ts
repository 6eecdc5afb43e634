// A form of ours carries a token that only our pages can know: an HMAC over the session. Pages of
// others can make a browser send the cookie, but cannot read it, nor anything derived from it.
// There is no second cookie that could be planted, and a new session has a new token.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ControlContext } from './context.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Digest of the session that the cookie named; null for tokens and strangers. */
    sessionSha256: string | null;
  }
}

export const CSRF_FIELD = '_csrf';
export const CSRF_HEADER = 'x-csrf-token';

/** What a form puts into `_csrf`, a script into x-csrf-token; empty without a session. */
export function csrfTokenOf(context: ControlContext, request: FastifyRequest): string {
  return request.sessionSha256 === null ? '' : csrfTokenFor(context, request.sessionSha256);
}

export function csrfTokenFor(context: ControlContext, sessionSha256: string): string {
  return createHmac('sha256', context.keys.csrf)
    .update(`flint-csrf-1\0${sessionSha256}`)
    .digest('base64url');
}

/** True when the request carries the token of its own session. */
export function hasCsrfToken(context: ControlContext, request: FastifyRequest): boolean {
  if (request.sessionSha256 === null) return false;
  const wanted = Buffer.from(csrfTokenFor(context, request.sessionSha256));
  const given = Buffer.from(givenToken(request));
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function givenToken(request: FastifyRequest): string {
  const header = request.headers[CSRF_HEADER];
  if (typeof header === 'string') return header;
  const { body } = request;
  if (typeof body !== 'object' || body === null) return '';
  const field = (body as Record<string, unknown>)[CSRF_FIELD];
  return typeof field === 'string' ? field : '';
}

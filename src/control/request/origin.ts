// Where a request comes from and what it was addressed to. Pages of others must not reach the
// control through the browser of somebody who is logged in (a name that points here for a moment,
// a form that posts here), so the Host has to be ours, and a request that changes something must
// not say that another site made it.
import type { FastifyRequest } from 'fastify';
import { hostNameOf, isLoopbackName, isLoopbackText } from './config.ts';
import type { ControlContext } from './context.ts';
import { type Refusal, refusal } from './problem.ts';

const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

export function isUnsafe(method: string): boolean {
  return !SAFE.includes(method);
}

/** Whether what is said between us and the caller is hidden from others on the way. */
export function isSecure(context: ControlContext, request: FastifyRequest): boolean {
  if (request.protocol === 'https') return true;
  // Behind a proxy that does not tell, the name that it was called by does.
  const origin = new URL(context.config.origin);
  return origin.protocol === 'https:' && nameOf(request) === hostNameOf(origin.host);
}

/** Secure, or never left this machine: where keys and passwords may be given out. */
export function isPrivate(context: ControlContext, request: FastifyRequest): boolean {
  return isSecure(context, request) || (isLoopbackText(request.ip) && isLoopbackHost(request));
}

/** Null, or why a request that is not for us is refused. */
export function misdirected(context: ControlContext, request: FastifyRequest): Refusal | null {
  const name = nameOf(request);
  const { origin, listen } = context.config;
  if (name !== null && name === hostNameOf(new URL(origin).host)) return null;
  if (name !== null && isLoopbackText(listen.address) && isLoopbackName(name)) return null;
  return refusal(421, 'misdirected', `this is ${origin}; its configuration knows no other name`);
}

/** Null, or why a request that another site made is refused. */
export function crossSite(context: ControlContext, request: FastifyRequest): Refusal | null {
  if (!isUnsafe(request.method)) return null;
  const { 'sec-fetch-site': site, origin } = request.headers;
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? null : FOREIGN;
  if (origin === undefined) return null;
  return isOwnOrigin(context, request, origin) ? null : FOREIGN;
}

const FOREIGN = refusal(403, 'forbidden', 'another site made this request');

function isOwnOrigin(context: ControlContext, request: FastifyRequest, origin: string): boolean {
  if (origin === context.config.origin) return true;
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === request.host;
}

function isLoopbackHost(request: FastifyRequest): boolean {
  const name = nameOf(request);
  return name !== null && isLoopbackName(name);
}

function nameOf(request: FastifyRequest): string | null {
  return hostNameOf(request.host ?? '');
}

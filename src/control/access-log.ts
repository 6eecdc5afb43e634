// What the log says of requests: refusals, faults, and changes by people. That thousands of probes
// report every minute is seen in the overview. The path is that of the route, so that what stands
// in its place (a login link) never gets in.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ControlContext } from './request/context.ts';
import { hideCredentials } from './request/credential.ts';
import { isUnsafe } from './request/origin.ts';

const PATH_LENGTH_MAX = 200;

export function logAnswer(
  { log }: ControlContext,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { statusCode } = reply;
  const isChange = isUnsafe(request.method) && request.actor !== null;
  if (statusCode < 400 && !isChange) return;
  const fields = {
    method: request.method,
    path: pathOf(request),
    status: statusCode,
    from: request.ip,
    who: request.actor?.text ?? request.probe?.name ?? null,
  };
  if (statusCode >= 500) log.warn('request', { ...fields, request: request.id });
  else log.info('request', fields);
}

export function logFault({ log }: ControlContext, request: FastifyRequest, error: unknown): void {
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error(`request ${request.id} ${request.method} ${pathOf(request)}: ${hideCredentials(why)}`);
}

function pathOf(request: FastifyRequest): string {
  const known = request.routeOptions.url;
  if (known !== undefined) return known;
  const path = request.url.split(/[?#]/)[0] ?? '';
  return hideCredentials(path).slice(0, PATH_LENGTH_MAX);
}

// The HTTP server of the control. Whatever a route forgets is decided here: deadlines, limits,
// headers, who may, what a refusal looks like. A route says who may call it, or nothing starts.
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastify, { type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify';
import { ProbeError } from '../core/error.ts';
import { admit, guardForm } from './access.ts';
import { logAnswer, logFault } from './access-log.ts';
import { addHeaders } from './headers.ts';
import { addOpenapiRoutes, registerOpenapi } from './openapi.ts';
import { showRefusal } from './page/problem-page.ts';
import type {
  AddRoutes,
  ControlContext,
  ControlServer,
  ValibotProvider,
} from './request/context.ts';
import { crossSite, misdirected } from './request/origin.ts';
import { type Refusal, refusal, refusalOf } from './request/problem.ts';
import { serializerCompiler, validatorCompiler } from './request/validate.ts';
import { ROUTES } from './routes.ts';
import { serverOptions, type Tls, tightenSockets } from './server-options.ts';

/** Bodies of all but those routes that say more with `bodyLimit` (a report, a set: 256 KiB). */
export const BODY_BYTES_MAX = 16_384;

export interface BuildOptions {
  /** Routes beside those of the list. */
  more?: readonly AddRoutes[];
  /** PEM; null for plain HTTP. */
  tls?: Tls | null;
}

/** Not listening yet; close() ends it. Throws ERR_USAGE for a route that nobody may judge. */
export async function buildServer(
  context: ControlContext,
  { more = [], tls = null }: BuildOptions = {},
): Promise<ControlServer> {
  const server: ControlServer = fastify(serverOptions(context, { bodyLimit: BODY_BYTES_MAX, tls }))
    .withTypeProvider<ValibotProvider>()
    .setValidatorCompiler(validatorCompiler)
    .setSerializerCompiler(serializerCompiler);
  tightenSockets(server.server);
  server.addHook('onRoute', requireAccess);
  server.decorateRequest('actor', null);
  server.decorateRequest('probe', null);
  server.decorateRequest('sessionSha256', null);
  server.removeContentTypeParser('text/plain');
  await server.register(cookie);
  await server.register(formbody, { bodyLimit: BODY_BYTES_MAX });
  await registerOpenapi(server, context);
  guard(server, context);
  server.setErrorHandler((error, request, reply) => answerError(context, error, request, reply));
  server.setNotFoundHandler((request, reply) =>
    refuse(request, reply, refusal(404, 'not-found', 'there is nothing here')),
  );
  for (const addRoutes of [...ROUTES, ...more]) addRoutes(server, context);
  addOpenapiRoutes(server);
  await server.ready();
  return server;
}

function requireAccess(route: RouteOptions): void {
  if (route.config?.access !== undefined) return;
  throw new ProbeError('ERR_USAGE', `${route.method} ${route.url} does not say who may call it`);
}

function guard(server: ControlServer, context: ControlContext): void {
  server.addHook('onRequest', async (request, reply) => {
    keepAddress(request);
    const wrong = isHealthCheck(request) ? null : misdirected(context, request);
    const refused = wrong ?? crossSite(context, request) ?? oddBody(request);
    if (refused !== null) return refuse(request, reply, refused);
    await admit(context, request);
  });
  server.addHook('preValidation', async (request) => {
    guardForm(context, request);
    // A schema without required keys takes no body at all, too.
    request.body ??= {};
  });
  server.addHook('onSend', async (request, reply) => addHeaders(context, request, reply));
  server.addHook('onResponse', async (request, reply) => logAnswer(context, request, reply));
}

// A socket that was closed has no address any more, while what it asked for is still under way.
function keepAddress(request: FastifyRequest): void {
  Object.defineProperty(request, 'ip', { value: request.ip ?? 'unknown' });
}

/** Load balancers ask by address. */
function isHealthCheck(request: FastifyRequest): boolean {
  return request.routeOptions.url === '/healthz';
}

/** Forms are for pages; the API takes JSON alone, which no page of others can send unasked. */
function oddBody(request: FastifyRequest): Refusal | null {
  const type = request.headers['content-type'];
  if (type === undefined || request.routeOptions.config.takesForms === true) return null;
  const wanted = request.routeOptions.config.isPage === true ? FORM : JSON_TYPE;
  if (wanted.test(type)) return null;
  return refusal(415, 'unsupported-type', 'expected content-type application/json');
}

const JSON_TYPE = /^application\/json(?: *;|$)/i;
const FORM = /^application\/x-www-form-urlencoded(?: *;|$)/i;

function answerError(
  context: ControlContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refused = refusalOf(error);
  if (refused.isFault) logFault(context, request, error);
  const { status, problem } = refused;
  const text = `${problem.message}; request ${request.id}`;
  const told = status < 500 ? refused : { ...refused, problem: { ...problem, message: text } };
  return refuse(request, reply, told);
}

function refuse(request: FastifyRequest, reply: FastifyReply, refused: Refusal): FastifyReply {
  const { status, problem, retryAfterS } = refused;
  if (retryAfterS !== null) reply.header('retry-after', String(retryAfterS));
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="flint"');
  reply.code(status);
  return showRefusal(request, reply, problem);
}

// All pages, in one list, and the style sheet that they share.
import type { FastifyRequest } from 'fastify';
import type { AddRoutes, ControlContext } from '../request/context.ts';
import { errorPage } from './login.ts';
import { overviewPage } from './overview.ts';
import { ANY_QUERY, frameOf, PUBLIC_PAGE, sendPage, VIEWER_PAGE } from './request.ts';
import { addAccountPages } from './routes-account.ts';
import { addClaimPages } from './routes-claims.ts';
import { addProbePages } from './routes-probes.ts';
import { addSetPages } from './routes-sets.ts';
import { addStatusPages } from './routes-status.ts';
import { addUserPages } from './routes-users.ts';
import { renderPage } from './shell.ts';
import { overviewInput } from './sources.ts';
import { styleSheet } from './style.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The page that says why something was refused. */
    renderProblem?: (request: FastifyRequest, status: number, message: string) => Promise<string>;
  }
}

const YEAR = 'public, max-age=31536000, immutable';

export const addPages: AddRoutes = (server, context) => {
  server.decorate('renderProblem', (request: FastifyRequest, status: number, message: string) =>
    renderProblem(context, request, status, message),
  );
  server.route({
    method: 'GET',
    url: styleSheet.path,
    config: PUBLIC_PAGE,
    handler: async (_request, reply) =>
      reply.header('cache-control', YEAR).type('text/css; charset=utf-8').send(styleSheet.body),
  });
  server.route({
    method: 'GET',
    url: '/',
    config: VIEWER_PAGE,
    schema: { querystring: ANY_QUERY },
    handler: async (request, reply) => {
      const input = await overviewInput(context);
      const frame = frameOf(context, request);
      return await sendPage(reply, frame, overviewPage(frame, input));
    },
  });
  for (const add of PARTS) add(server, context);
};

const PARTS: readonly AddRoutes[] = [
  addProbePages,
  addSetPages,
  addClaimPages,
  addUserPages,
  addAccountPages,
  addStatusPages,
];

/** An error has the frame of all pages, as far as it is known who reads it. */
async function renderProblem(
  context: ControlContext,
  request: FastifyRequest,
  status: number,
  message: string,
): Promise<string> {
  const frame = frameOf(context, request);
  return await renderPage(frame, errorPage(frame, status, message));
}

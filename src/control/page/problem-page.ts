// How a refusal is shown: JSON to programs, a page to people. Whoever is not logged in is sent to
// where he can.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { html } from 'hono/html';
import type { Problem } from '../../core/wire.ts';
import { isUnsafe } from '../request/origin.ts';

export function showRefusal(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
): FastifyReply {
  if (!wantsPage(request)) {
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(problem));
  }
  if (reply.statusCode === 401 && !isUnsafe(request.method)) {
    return reply.redirect(`/login?next=${encodeURIComponent(request.url)}`, 303);
  }
  return sendPage(request, reply, problem);
}

/** In the frame of all pages; without it where that fails too. */
function sendPage(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const plain = (): string => page(reply.statusCode, problem);
  const framed = request.server.renderProblem?.(request, reply.statusCode, problem.message);
  reply.type('text/html; charset=utf-8');
  if (framed === undefined) return reply.send(plain());
  framed.then(
    (text) => reply.send(text),
    () => reply.send(plain()),
  );
  return reply;
}

/** Of what is not there, a browser gets a page too. */
function wantsPage({ routeOptions, url, headers }: FastifyRequest): boolean {
  if (routeOptions.url !== undefined) return routeOptions.config.isPage === true;
  return !url.startsWith('/api/') && headers.accept?.includes('text/html') === true;
}

function page(status: number, { message }: Problem): string {
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLES[status] ?? 'Not possible'}</title>
</head>
<body>
<main>
<h1>${TITLES[status] ?? 'Not possible'}</h1>
<p>${message}</p>
<p><a href="/">Overview</a></p>
</main>
</body>
</html>`);
}

const TITLES: Readonly<Record<number, string>> = {
  401: 'Please log in',
  403: 'Not allowed',
  404: 'Not here',
  409: 'Not so',
  429: 'Too many tries',
  500: 'That was our fault',
  503: 'Not now',
};

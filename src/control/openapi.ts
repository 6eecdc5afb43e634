// The description of the API, made from the very schemas that judge it. A schema that cannot be
// said in it makes the server refuse to start, so that none is missing.
import swagger from '@fastify/swagger';
import { toJsonSchema } from '@valibot/to-json-schema';
import type { FastifySchema } from 'fastify';
import { html } from 'hono/html';
import type * as v from 'valibot';
import { PROBLEM } from '../core/wire.ts';
import type { Access, ControlContext, ControlServer } from './request/context.ts';

type Document = Exclude<ReturnType<ControlServer['swagger']>, string>;

/** Before any route is added. */
export async function registerOpenapi(
  server: ControlServer,
  context: ControlContext,
): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: `${context.config.title}: flint control`,
        version: context.version,
        description: 'Errors are problems: a word for programs, a sentence for people.',
      },
      servers: [{ url: context.config.origin }],
      components: { securitySchemes: SECURITY },
    },
    transform: ({ schema, url, route }) => {
      const access = route.config?.access ?? 'admin';
      if (!isDescribed(url)) return { schema: { ...schema, hide: true }, url };
      return { schema: described(schema ?? {}, access), url };
    },
  });
}

/** `openapi.json`, and a page that lists what there is. Behind all other routes. */
export function addOpenapiRoutes(server: ControlServer): void {
  const kept: { text: string; page: string } = { text: '', page: '' };
  server.addHook('onReady', async () => {
    const document: Document = server.swagger();
    kept.text = JSON.stringify(document);
    kept.page = await docsPage(document);
  });
  server.route({
    method: 'GET',
    url: '/api/v1/openapi.json',
    config: { access: 'public' },
    schema: { summary: 'This description', tags: ['control'], response: {} },
    handler: async (_request, reply) =>
      reply
        .type('application/json; charset=utf-8')
        .header('cache-control', 'public, max-age=60')
        .send(kept.text),
  });
  server.route({
    method: 'GET',
    url: '/api/docs',
    config: { access: 'public', isPage: true },
    handler: async (_request, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'public, max-age=60')
        .send(kept.page),
  });
}

const SECURITY = {
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-flint',
    description:
      'Of POST /api/v1/login; named flint over plain HTTP on loopback. Requests that change ' +
      'something need x-csrf-token as well, which GET /api/v1/session tells.',
  },
  token: { type: 'http', scheme: 'bearer', description: 'An API token (flint_pat_…).' },
  probe: { type: 'http', scheme: 'bearer', description: 'The API key of a probe (flint_probe_…).' },
} as const;

function isDescribed(url: string): boolean {
  return url.startsWith('/api/v1/') || url === '/healthz';
}

function described(schema: FastifySchema, access: Access): FastifySchema {
  const made: Record<string, unknown> = { ...schema, security: securityOf(access) };
  for (const part of ['body', 'querystring', 'params', 'headers'] as const) {
    if (isSchema(schema[part])) made[part] = toSchema(schema[part], 'input');
  }
  const answers = Object.entries((schema.response ?? {}) as Record<string, unknown>);
  const known = answers.map(([status, answer]) => [
    status,
    isSchema(answer) ? toSchema(answer, 'output') : answer,
  ]);
  made['response'] = {
    ...(known.length === 0 ? { 200: { description: 'Done' } } : Object.fromEntries(known)),
    default: { description: 'A problem', ...toSchema(PROBLEM, 'output') },
  };
  made['description'] = access === 'public' ? 'For everybody.' : `For ${FOR[access]}.`;
  return made as FastifySchema;
}

const FOR: Readonly<Record<Exclude<Access, 'public'>, string>> = {
  probe: 'probes',
  viewer: 'everybody who is logged in',
  operator: 'operators and administrators',
  admin: 'administrators',
};

function securityOf(access: Access): Record<string, string[]>[] {
  if (access === 'public') return [];
  return access === 'probe' ? [{ probe: [] }] : [{ session: [] }, { token: [] }];
}

function isSchema(part: unknown): part is v.GenericSchema {
  return typeof part === 'object' && part !== null && '~standard' in part;
}

/** Checks by code cannot be said; the values that pass them are text of a form that is. */
function toSchema(schema: v.GenericSchema, typeMode: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...made } = toJsonSchema(schema, {
    target: 'openapi-3.0',
    typeMode,
    ignoreActions: UNSAYABLE,
    // OpenAPI 3.0 allows no empty list of required keys.
    overrideSchema: ({ jsonSchema }) => {
      if (jsonSchema.required?.length === 0) delete jsonSchema.required;
      return jsonSchema;
    },
  });
  return made;
}

const UNSAYABLE = ['check', 'raw_check', 'transform', 'raw_transform'];

interface Operation {
  summary?: string;
  description?: string;
  tags?: readonly string[];
}

async function docsPage(document: Document): Promise<string> {
  const rows = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      ...operation,
    })),
  );
  const tags = [...new Set(rows.map(({ tags }) => tags?.[0] ?? 'control'))].sort();
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of ${document.info.title}</title>
</head>
<body>
<main>
<h1>API of ${document.info.title}</h1>
<p>For programs: <a href="/api/v1/openapi.json">openapi.json</a>.
Version ${document.info.version}.</p>
${tags.map((tag) =>
  section(
    tag,
    rows.filter(({ tags }) => (tags?.[0] ?? 'control') === tag),
  ),
)}
</main>
</body>
</html>`;
  return String(page);
}

function section(tag: string, rows: readonly (Operation & { path: string; method: string })[]) {
  return html`<h2>${tag}</h2>
<table>
<thead><tr><th scope="col">Call</th><th scope="col">Does</th><th scope="col">For</th></tr></thead>
<tbody>
${rows.map(
  ({ method, path, summary, description }) => html`<tr>
<td><code>${method} ${path}</code></td><td>${summary}</td><td>${description}</td>
</tr>
`,
)}</tbody>
</table>
`;
}

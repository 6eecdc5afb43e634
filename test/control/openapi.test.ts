import { Validator } from '@seriousme/openapi-schema-validator';
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type Lab, openLab } from './lab.ts';

interface Operation {
  summary?: string;
  tags?: string[];
  security?: unknown;
  responses: Record<string, unknown>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { securitySchemes: Record<string, unknown> };
}

suite('control/openapi', (s) => {
  let lab: Lab;
  let document: Document;
  s.before(async () => {
    lab = await openLab();
    document = (await lab.ask({ url: '/api/v1/openapi.json' })).json as Document;
  });
  s.after(() => lab.close());

  s.test('the document is valid OpenAPI', async () => {
    const { valid, errors } = await new Validator().validate({ ...document });
    ok(valid, JSON.stringify(errors)?.slice(0, 500));
  });

  s.test('every operation has a summary, a tag, and says who may call it', () => {
    let count = 0;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        count++;
        ok((operation.summary ?? '').length > 5, `${method} ${path} has no summary`);
        is(operation.tags?.length, 1, `${method} ${path} has no tag`);
        ok(Array.isArray(operation.security), `${method} ${path} does not say who may`);
        ok('default' in operation.responses, `${method} ${path} tells no problem`);
      }
    }
    ok(count >= 15, `only ${count} operations`);
  });

  s.test('bodies and answers are those of the schemas', () => {
    const login = document.paths['/api/v1/login']?.['post'] as unknown as {
      requestBody: { content: Record<string, { schema: { required: string[] } }> };
    };
    equal(Object.keys(login.requestBody.content), ['application/json']);
    equal(login.requestBody.content['application/json']?.schema.required, ['name', 'password']);
    equal(Object.keys(document.components.securitySchemes), ['session', 'token', 'probe']);
  });

  s.test('pages are not described', () => {
    for (const path of Object.keys(document.paths)) match(path, /^\/(api\/v1\/|healthz)/);
  });

  s.test('a page without scripts lists the same', async () => {
    const { status, text, headers } = await lab.ask({ url: '/api/docs' });
    is(status, 200);
    match(String(headers['content-type']), /^text\/html/);
    match(text, /<code>POST \/api\/v1\/login<\/code>/);
    is(/<script|style=/.test(text), false);
  });
});

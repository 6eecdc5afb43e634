import { is, match } from 'uvu/assert';
import { CONTENT_SECURITY_POLICY } from '../../src/control/headers.ts';
import type { AddRoutes } from '../../src/control/request/context.ts';
import { suite } from '../helper.ts';
import { openLab } from './lab.ts';

const addRoutes: AddRoutes = (server) => {
  server.route({
    method: 'GET',
    url: '/kept',
    config: { access: 'public' },
    handler: async (_request, reply) => reply.header('cache-control', 'max-age=9').send('x'),
  });
  server.route({
    method: 'GET',
    url: '/broken',
    config: { access: 'public' },
    handler: async () => {
      throw new Error('the inside of it');
    },
  });
};

suite('control/headers', (s) => {
  s.test('they are on every answer, faults too; what may be kept says so itself', async () => {
    const lab = await openLab({ routes: addRoutes });
    for (const url of ['/kept', '/broken', '/nowhere', '/api/v1/session', '/healthz']) {
      const { headers } = await lab.ask({ url });
      is(headers['content-security-policy'], CONTENT_SECURITY_POLICY, url);
      is(headers['x-content-type-options'], 'nosniff', url);
      is(headers['referrer-policy'], 'same-origin', url);
      is(headers['cross-origin-opener-policy'], 'same-origin', url);
      is(headers['cache-control'], url === '/kept' ? 'max-age=9' : 'no-store', url);
    }
    match(CONTENT_SECURITY_POLICY, /default-src 'none'.*frame-ancestors 'none'.*base-uri 'none'/);
    await lab.close();
  });
});

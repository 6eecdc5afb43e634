import { equal, is } from 'uvu/assert';
import type { AddRoutes } from '../../../src/control/request/context.ts';
import { isPrivate, isSecure, isUnsafe } from '../../../src/control/request/origin.ts';
import { suite } from '../../helper.ts';
import { openLab } from '../lab.ts';

const addRoutes: AddRoutes = (server, context) => {
  server.route({
    method: 'GET',
    url: '/how',
    config: { access: 'public' },
    handler: async (request) => ({
      how: [isSecure(context, request), isPrivate(context, request), request.ip],
    }),
  });
};

suite('control/request/origin', (s) => {
  s.test('only what a trusted proxy says, or the name it was called by, is TLS', async () => {
    const config = { origin: 'https://control.example', trustedProxies: ['10.0.0.0/8'] };
    const lab = await openLab({ routes: addRoutes, config });
    const how = async (from: string, headers: Record<string, string>) =>
      ((await lab.ask({ url: '/how', from, headers })).json as { how: unknown }).how;
    const said = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.9' };
    const host = 'control.example';

    equal(await how('10.1.1.1', { ...said, host }), [true, true, '192.0.2.9']);
    equal(await how('127.0.0.1', said), [false, true, '127.0.0.1']);
    equal(await how('192.0.2.1', said), [false, false, '192.0.2.1']);
    equal(await how('192.0.2.1', { host }), [true, true, '192.0.2.1']);
    // Whoever puts an address before those of the proxies is not believed.
    const forged = { ...said, host, 'x-forwarded-for': '127.0.0.1, 192.0.2.9' };
    equal(await how('10.1.1.1', forged), [true, true, '192.0.2.9']);
    await lab.close();
  });

  s.test('reading is safe, all else is not', () => {
    equal(['GET', 'HEAD', 'OPTIONS', 'POST', 'PATCH', 'DELETE', 'PUT', 'X'].map(isUnsafe), [
      false,
      false,
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
    is(isUnsafe('get'), true);
  });
});

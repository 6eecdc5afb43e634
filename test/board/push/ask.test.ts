import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { equal, ok } from 'uvu/assert';
import { ask } from '../../../src/board/push/ask.ts';
import { suite } from '../../helper.ts';
import { answer } from './http-lab.ts';

const LIMITS = { timeoutMs: 2_000, bytesMax: 100 };

suite('push-ask', ({ test }) => {
  test('brings the answer, with what was sent', async () => {
    const server = await answer(() => ({ status: 418, text: 'tea' }));
    const headers = { authorization: 'Bearer x' };
    const given = await ask({ url: server.url, method: 'POST', body: 'é', headers, ...LIMITS });
    equal(given, { ok: true, status: 418, text: 'tea', isCut: false });
    equal(server.asked[0]?.body.toString(), 'é');
    equal(server.asked[0]?.authorization, 'Bearer x');
    await server.close();
  });

  test('an answer without end is cut at the bound', async () => {
    const server = await answer(() => ({ status: 200, text: 'x'.repeat(100_000) }));
    const given = await ask({ url: server.url, ...LIMITS });
    equal(given.ok && [given.text.length, given.isCut], [100, true]);
    await server.close();
  });

  test('who does not answer in time is given up', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/`;
    const given = await ask({ url, timeoutMs: 100, bytesMax: 100 });
    ok(!given.ok && given.reason.includes('0.1 s'), JSON.stringify(given));

    const stop = new AbortController();
    const asked = ask({ url, ...LIMITS, signal: stop.signal });
    stop.abort();
    equal((await asked).ok, false);
    server.closeAllConnections();
    server.close();
  });

  test('nobody there is an answer too', async () => {
    const given = await ask({ url: 'http://127.0.0.1:1/', ...LIMITS });
    ok(!given.ok && given.reason.includes('ECONNREFUSED'), JSON.stringify(given));
  });
});

import { equal } from 'uvu/assert';
import { askServerKind, checkBearer, judgeAnswer } from '../../../src/board/push/check.ts';
import { suite } from '../../helper.ts';
import { answer, vmauthLike } from './http-lab.ts';

const TOKEN = 'token-of-probe01';

suite('push-check', ({ test }) => {
  for (const status of [400, 401] as const) {
    test(`a vmauth that answers ${status} to an unknown bearer is recognised`, async () => {
      const server = await answer(vmauthLike(() => [TOKEN], status));
      const options = { url: server.url, authorities: null };
      equal((await checkBearer(TOKEN, options)).kind, 'taken');
      equal((await checkBearer('another-token', options)).kind, 'unauthorized');
      equal(await askServerKind(options), status === 400 ? 'lossy' : 'safe');
      equal(server.asked[0]?.body, Buffer.from([0]));
      await server.close();
    });
  }

  test('of a server that is away nothing is known', async () => {
    const options = { url: 'http://127.0.0.1:1/', authorities: null };
    equal((await checkBearer(TOKEN, options)).kind, 'unreachable');
    equal(await askServerKind(options), null);
  });

  test('a server in trouble says nothing of the bearer', () => {
    const of = (status: number, text = '') => judgeAnswer({ ok: true, status, text, isCut: false });
    equal(of(502).kind, 'failing');
    equal(of(429).kind, 'failing');
    equal(of(403).kind, 'unauthorized');
    equal(of(400, 'unsupported path').kind, 'rejected');
    equal(of(404).kind, 'rejected');
    equal(of(204).kind, 'taken');
  });
});

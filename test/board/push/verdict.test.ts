import { equal } from 'uvu/assert';
import { openServerWatch } from '../../../src/board/push/verdict.ts';
import { suite } from '../../helper.ts';
import { answer, vmauthLike } from './http-lab.ts';

const [A, B] = ['token-of-probe01-A', 'token-of-probe01-B'];

async function withServer(
  status: 400 | 401,
  use: (
    watch: ReturnType<typeof openServerWatch>,
    tokens: string[],
    asked: unknown[],
  ) => Promise<void>,
): Promise<void> {
  const tokens = [A];
  const server = await answer(vmauthLike(() => tokens, status));
  try {
    await use(openServerWatch({ url: server.url, authorities: null }), tokens, server.asked);
  } finally {
    await server.close();
  }
}

suite('push-verdict', ({ test }) => {
  test('the relay stands before a server until it is known to be safe', async () => {
    await withServer(401, async (watch) => {
      equal(watch.isRelayed(), true);
      equal(await watch.choose({ fresh: A, used: null, isWell: false }), A);
      equal(watch.isRelayed(), false);
    });
  });

  test('before an old vmauth it stays', async () => {
    await withServer(400, async (watch) => {
      await watch.choose({ fresh: A, used: null, isWell: false });
      equal(watch.isRelayed(), true);
      equal(watch.verdict()?.kind, 'taken');
    });
  });

  test('a new bearer waits until the server has heard of it', async () => {
    await withServer(401, async (watch, tokens) => {
      equal(await watch.choose({ fresh: B, used: A, isWell: true }), A);
      equal(watch.verdict()?.kind, 'taken');
      tokens[0] = B;
      equal(await watch.choose({ fresh: B, used: A, isWell: true }), B);
    });
  });

  test('where neither is known, the newest is used', async () => {
    await withServer(401, async (watch, tokens) => {
      tokens.length = 0;
      equal(await watch.choose({ fresh: B, used: A, isWell: false }), B);
      equal(watch.verdict()?.kind, 'unauthorized');
      equal(watch.isRelayed(), true);
    });
  });

  test('while all is well, nobody is asked', async () => {
    await withServer(401, async (watch, _tokens, asked) => {
      await watch.choose({ fresh: A, used: A, isWell: false });
      const before = asked.length;
      await watch.choose({ fresh: A, used: A, isWell: true });
      equal(asked.length, before);
      watch.distrust();
      await watch.choose({ fresh: A, used: A, isWell: true });
      equal(asked.length > before, true);
    });
  });

  test('a server that is away leaves the bearer that was used', async () => {
    const watch = openServerWatch({ url: 'http://127.0.0.1:1/', authorities: null });
    equal(await watch.choose({ fresh: B, used: A, isWell: false }), A);
    equal(await watch.choose({ fresh: B, used: null, isWell: false }), B);
    equal(watch.isRelayed(), true);
  });
});

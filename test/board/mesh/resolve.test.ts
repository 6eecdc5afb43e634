import { equal, is, match } from 'uvu/assert';
import { openResolver } from '../../../src/board/mesh/resolve.ts';
import { suite } from '../../helper.ts';

const reasonOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'it was resolved',
    (error: unknown) => (error as Error).message,
  );

suite('board/mesh/resolve', ({ test }) => {
  test('gives all addresses, or why there are none', async () => {
    const resolve = openResolver(async (host) => {
      if (host === 'monitor.example') return ['192.0.2.1', '2001:db8::1'];
      throw Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
    });
    equal(await resolve('monitor.example'), ['192.0.2.1', '2001:db8::1']);
    is(await reasonOf(resolve('no.example')), 'no.example has no address (ENOTFOUND)');
    equal(await openResolver()('127.0.0.1'), ['127.0.0.1']);
  });

  test('a name whose answer does not come is asked for once, however often', async () => {
    let asked = 0;
    let answer: (addresses: string[]) => void = () => undefined;
    const resolve = openResolver(() => {
      asked++;
      return new Promise((done) => {
        answer = done;
      });
    }, 20);
    const reasons = await Promise.all([1, 2, 3].map(() => reasonOf(resolve('slow.example'))));
    for (const reason of reasons) match(reason, 'slow.example was not resolved in time');
    await reasonOf(resolve('slow.example'));
    is(asked, 1);

    const late = resolve('slow.example');
    answer(['192.0.2.7']);
    equal(await late, ['192.0.2.7']);
    await reasonOf(resolve('slow.example'));
    is(asked, 2);
  });
});

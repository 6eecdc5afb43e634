import { equal, match } from 'uvu/assert';
import { inClear } from '../../../src/board/push/in-clear.ts';
import { suite } from '../../helper.ts';

suite('push-in-clear', ({ test }) => {
  test('https, loopback and addresses of a mesh are well', () => {
    for (const url of [
      ...['https://metrics.example/', 'https://198.51.100.1/', 'http://localhost:8427/'],
      ...['http://127.0.0.1/', 'http://[::1]/', 'http://[fd8f:89ae:ca73:2::1]/remote_write'],
      ...['http://100.64.0.9:8427/', 'http://10.1.2.3/', 'http://172.31.0.1/'],
    ]) {
      equal(inClear(url), null, url);
    }
  });

  test('a bearer that everybody on the way can read is told', () => {
    for (const url of ['http://198.51.100.1/', 'http://[2001:db8::1]/', 'http://172.32.0.1/']) {
      match(inClear(url) ?? '', 'over the Internet', url);
    }
    match(
      inClear('http://metrics.example/w') ?? '',
      'whoever answers for the name metrics.example',
    );
  });
});

import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { equal, not, ok, throws } from 'uvu/assert';
import {
  awaitOwnPort,
  ForeignPort,
  listenersOn,
  requireOwnPort,
} from '../../../src/board/push/listeners.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const own = process.getuid?.() ?? 0;

async function listening(host: string, use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
    });
  }
}

suite('push-listeners', ({ test }) => {
  test('the kernel says who listens where loopback leads', async () => {
    for (const host of ['127.0.0.1', '127.0.0.9', '0.0.0.0', '::', '::ffff:127.0.0.1']) {
      await listening(host, async (port) => {
        equal(listenersOn(port), [own], host);
        not.throws(() => requireOwnPort(port, own));
        throws(
          () => requireOwnPort(port, own + 1),
          (error: unknown) => error instanceof ForeignPort,
        );
      });
    }
  });

  test('one of another address or in another state is none', async () => {
    await inPlace(({ directory }) => {
      const file = join(directory, 'tcp');
      const rest = '00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1';
      writeFileSync(
        file,
        [
          '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid',
          `   0: 0100A8C0:260D ${rest}`,
          `   1: 0100007F:260E ${rest}`,
          `   2: 0100007F:260D ${rest.replace(' 0A ', ' 01 ')}`,
          'rubbish',
        ].join('\n'),
      );
      equal(listenersOn(0x260d, [file]), []);
      equal(listenersOn(0x260e, [file]), [1000]);
      equal(listenersOn(0x260e, [join(directory, 'none')]), []);
    });
  });

  test('the relay is waited for, and not for ever', async () => {
    const startedMs = performance.now();
    await awaitOwnPort(1, own, 100);
    ok(performance.now() - startedMs < 2_000);
    await listening('127.0.0.1', async (port) => {
      await awaitOwnPort(port, own, 10_000);
      ok(performance.now() - startedMs < 3_000);
      const refused = await awaitOwnPort(port, own + 1, 10_000).then(
        () => null,
        (error: unknown) => error,
      );
      ok(refused instanceof ForeignPort);
    });
  });
});

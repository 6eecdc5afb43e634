import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { equal } from 'uvu/assert';
import { type Ends, peerUser } from '../../../src/board/push/peer.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const ENDS: Ends = {
  ...{ localAddress: '127.0.0.1', localPort: 9742 },
  ...{ remoteAddress: '127.0.0.2', remotePort: 40_000 },
};
const REST = '00000000:00000000 00:00000000 00000000';

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): Ends {
  const ports = { localPort: localPort ?? 0, remotePort: remotePort ?? 0 };
  return { ...ports, localAddress: localAddress ?? '', remoteAddress: remoteAddress ?? '' };
}

/** Who the kernel says has connected, when a program of this user does. */
async function askedBy(user: number, host: string): Promise<number | null> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const came = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const script = `require('node:net').connect(${port}, ${JSON.stringify(host)})`;
  const child = spawn(process.execPath, ['-e', script], { cwd: '/', uid: user, stdio: 'ignore' });
  try {
    const socket = await came;
    socket.on('error', () => undefined);
    return peerUser(endsOf(socket));
  } finally {
    child.kill('SIGKILL');
    server.close();
  }
}

suite('push-peer', ({ test, testIf }) => {
  test('the user of the other end is found, by a socket of either family', async () => {
    const own = process.getuid?.() ?? 0;
    equal(await askedBy(own, '127.0.0.1'), own);
    equal(await askedBy(own, '::ffff:127.0.0.1'), own);
  });

  testIf(
    process.getuid?.() === 0 ? null : 'only root may start programs as somebody else',
    'another one is told from us',
    async () => {
      equal(await askedBy(65_534, '127.0.0.1'), 65_534);
    },
  );

  testIf(
    endianness() === 'LE' ? null : 'written for the other byte order',
    'one of other addresses or ports, and one that has gone, is not it',
    async () => {
      await inPlace(({ directory }) => {
        const file = join(directory, 'tcp');
        const lines = [
          `0: 0100007F:9C40 0100007F:260E 01 ${REST} 1 0 1`,
          `1: 0200007F:9C40 0200007F:260E 01 ${REST} 2 0 1`,
          `2: 0200007F:9C41 0100007F:260E 01 ${REST} 3 0 1`,
          `3: 0200007F:9C40 0100007F:260E 06 ${REST} 4 0 1`,
          'rubbish',
        ];
        writeFileSync(file, lines.join('\n'));
        equal(peerUser(ENDS, [file]), null);
        lines.push(`4: 0200007F:9C40 0100007F:260E 01 ${REST} 5 0 1`);
        writeFileSync(file, lines.join('\n'));
        equal(peerUser(ENDS, [join(directory, 'none'), file]), 5);
      });
    },
  );
});

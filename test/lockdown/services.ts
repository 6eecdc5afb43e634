// What a careless machine has open: listeners of TCP and echoes of UDP on every address, until it
// is ended.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

export const TCP_PORTS = [
  21, 22, 23, 25, 53, 80, 111, 443, 445, 631, 2222, 3000, 5432, 8080, 8429, 9100, 9740, 41_641,
  60_000, 61_440, 62_000, 65_535,
];
export const UDP_PORTS = [
  22, 53, 67, 69, 123, 137, 161, 500, 1900, 4500, 5353, 9740, 33_434, 41_641, 60_000, 61_440,
  62_000, 65_535,
];

async function listenTcp(port: number): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`tcp ${port}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '::' }, resolve);
  });
}

async function listenUdp(port: number): Promise<void> {
  const socket = createSocket({ type: 'udp6', ipv6Only: false });
  socket.on('message', (message, { address, port: to }) => socket.send(message, to, address));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '::', resolve);
  });
  socket.on('error', () => undefined);
}

if (process.argv[1]?.endsWith('services.ts') === true) {
  await Promise.all([...TCP_PORTS.map(listenTcp), ...UDP_PORTS.map(listenUdp)]);
  process.stdout.write('ready\n');
}

import { createSocket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import { is, ok } from 'uvu/assert';
import { openReverseNames } from '../../src/measure/reverse-names.ts';
import { openFakeDns } from '../fake/dns.ts';
import { suite } from '../helper.ts';

/** Says the same name of every address. */
async function openPtrServer(name: string): Promise<{ server: string; close(): void }> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  socket.on('message', (question, { port, address }) => {
    const end = question.indexOf(0, 12) + 5;
    const answer = Buffer.from(question.subarray(0, end));
    // A response with one answer: a pointer to the question, PTR, IN, a minute.
    answer.writeUInt16BE(0x8180, 2);
    answer.writeUInt16BE(1, 6);
    answer.writeUInt32BE(0, 8);
    const head = [0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60, 0, labels.length + 1];
    socket.send(Buffer.concat([answer, Buffer.from([...head, ...labels, 0])]), port, address);
  });
  return { server: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

suite('measure/reverse-names', (s) => {
  s.test('a server that never answers keeps nobody waiting longer than the deadline', async () => {
    const dns = await openFakeDns();
    const names = openReverseNames({ servers: [dns.server] });
    dns.hold(new Promise(() => undefined));
    const startedMs = performance.now();

    for (let i = 1; i < 20; i++) is(names.nameOf(`192.0.2.${i}`), null);
    await names.settled();
    const tookMs = performance.now() - startedMs;
    names.close();
    dns.close();

    ok(tookMs > 1000 && tookMs < 2000, `${tookMs} ms`);
    is(names.nameOf('192.0.2.1'), null);
    ok(dns.asked.length > 0);
  });

  s.test('gives the name once it is known, of both families', async () => {
    const dns = await openPtrServer('core1.example.net');
    const names = openReverseNames({ servers: [dns.server] });

    const addresses = ['192.0.2.1', '2001:db8::1'];
    for (const ip of addresses) is(names.nameOf(ip), null);
    await names.settled();
    for (const ip of addresses) is(names.nameOf(ip), 'core1.example.net');
    names.close();
    dns.close();
  });

  s.test('asks once for an address, also when there is no name', async () => {
    const dns = await openFakeDns();
    const names = openReverseNames({ servers: [dns.server] });

    names.nameOf('192.0.2.1');
    names.nameOf('192.0.2.1');
    await names.settled();
    names.nameOf('192.0.2.1');
    await names.settled();
    names.close();
    dns.close();

    is(dns.asked.length, 1);
  });

  s.test('what is no address has no name, and harms nobody', async () => {
    const names = openReverseNames({ servers: ['127.0.0.1:1'] });

    is(names.nameOf('fe80::1%eth0'), null);
    is(names.nameOf('nonsense'), null);
    await names.settled();
    names.close();
  });
});

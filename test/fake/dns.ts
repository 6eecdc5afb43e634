// A DNS server of few words on loopback: a table says what it answers to which question.
import { createSocket } from 'node:dgram';

export type DnsReply =
  | { records: { address: string; ttl: number }[] }
  | { rcode: 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' }
  | 'silence'
  | 'nonsense';

export interface FakeDns {
  /** As node:dns takes it. */
  server: string;
  /** `example.org A`; a name without an entry gets NXDOMAIN. */
  replies: Map<string, DnsReply>;
  /** What was asked, in order; retries too. */
  asked: string[];
  /** Answers are held back until it is set to null. */
  hold(until: Promise<void> | null): void;
  close(): void;
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA' };
const RCODES = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 } as const;

export async function openFakeDns(): Promise<FakeDns> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  let held: Promise<void> | null = null;
  const fake: FakeDns = {
    server: `127.0.0.1:${socket.address().port}`,
    replies: new Map(),
    asked: [],
    hold(until) {
      held = until;
    },
    close: () => socket.close(),
  };
  socket.on('message', async (message, peer) => {
    const { key, end } = readQuestion(message);
    fake.asked.push(key);
    if (held !== null) await held;
    const reply = fake.replies.get(key) ?? { rcode: 'NXDOMAIN' };
    if (reply === 'silence') return;
    const answer = reply === 'nonsense' ? message.subarray(0, 5) : write(message, end, reply);
    socket.send(answer, peer.port, peer.address);
  });
  return fake;
}

function readQuestion(message: Buffer): { key: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = TYPES[message.readUInt16BE(at + 1)] ?? '?';
  return { key: `${labels.join('.').toLowerCase()} ${type}`, end: at + 5 };
}

function write(message: Buffer, end: number, reply: Exclude<DnsReply, string>): Buffer {
  const records = 'records' in reply ? reply.records : [];
  const header = Buffer.from(message.subarray(0, end));
  header.writeUInt16BE(0x8180 | ('rcode' in reply ? RCODES[reply.rcode] : 0), 2);
  header.writeUInt16BE(records.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, ...records.map(writeRecord)]);
}

function writeRecord({ address, ttl }: { address: string; ttl: number }): Buffer {
  const data = toBytes(address);
  const record = Buffer.alloc(12);
  // A pointer to the name in the question, then type, class IN, TTL and length.
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(data.length === 4 ? 1 : 28, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ttl, 6);
  record.writeUInt16BE(data.length, 10);
  return Buffer.concat([record, data]);
}

function toBytes(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::').map((half) => hex(half));
  return Buffer.from(head.padEnd(32 - tail.length, '0') + tail, 'hex');
}

function hex(half: string): string {
  if (half === '') return '';
  return half
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join('');
}

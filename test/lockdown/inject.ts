// Packets of IPv4 as no well-behaved program sends them, and what ICMP says of them.
import type { Namespace } from '../lab/net.ts';

export interface Crafted {
  from: string;
  to: string;
  protocol: 'icmp' | 'udp';
  /** What comes after the header. */
  payload: Buffer;
  ttl?: number;
  /** Of the header, as they are; a multiple of four bytes. */
  options?: Buffer;
}

const PROTOCOL = { icmp: 1, udp: 17 } as const;

// The kernel fills in identification, length and checksum of the header, and judges no option.
const SENDER = `
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
back = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
probe, wait, *packets = sys.argv[1:]
for packet in packets:
    data = bytes.fromhex(packet)
    out.sendto(data, (socket.inet_ntoa(data[16:20]), 0))
end = time.monotonic() + float(wait)
while time.monotonic() < end:
    back.settimeout(max(0.001, end - time.monotonic()))
    try:
        data, (source, _) = back.recvfrom(2048)
    except TimeoutError:
        break
    if source == probe:
        print(data[(data[0] & 15) * 4])
`;

/** Sends them one after the other; the types of ICMP that the probe answered within the time. */
export async function inject(
  place: Namespace,
  probe: string,
  packets: readonly Crafted[],
  waitMs = 300,
): Promise<number[]> {
  const words = packets.map((one) => headed(one).toString('hex'));
  const text = await place.run('python3', ['-c', SENDER, probe, String(waitMs / 1000), ...words]);
  return text.split('\n').filter(Boolean).map(Number);
}

/** Header and payload, without the sums. */
export function headed({ from, to, protocol, payload, ttl = 64, options }: Crafted): Buffer {
  const extra = options ?? Buffer.alloc(0);
  const header = Buffer.alloc(20);
  header[0] = 0x45 + extra.length / 4;
  header.writeUInt16BE(20 + extra.length + payload.length, 2);
  header[8] = ttl;
  header[9] = PROTOCOL[protocol];
  header.set([...octets(from), ...octets(to)], 12);
  return Buffer.concat([header, extra, payload]);
}

export function datagram(sourcePort: number, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16BE(sourcePort, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.writeUInt16BE(bytes.length, 4);
  return bytes;
}

/** RFC 792: "send what you sent there to this gateway instead". */
export function redirect(gateway: string, quoted: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from([5, 1, 0, 0, ...octets(gateway)]), quoted]);
  message.writeUInt16BE(checksum(message), 2);
  return message;
}

function octets(address: string): number[] {
  return address.split('.').map(Number);
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

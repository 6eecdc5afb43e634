// The truth on the wire: a capture that disturbs as little as one can. The lab's own hands each
// packet to tcpdump at once, and waking tcpdump up costs the sender some 50 µs between the stamp
// of the tap and that of the driver. Here packets gather in blocks of the kernel's ring
// (TPACKET_V3), which nobody is woken for before they are full or a second old.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Namespace, sleep, type WireTrip, wireTrips } from '../test/lab/net.ts';

export interface Wire {
  /** Echo requests to IPv4 addresses, in order, with the first reply to each. */
  stop(): Promise<WireTrip[]>;
}

/** IP and ICMP headers. */
const SNAP_BYTES = 64;
const RING_KIB = 32_768;
/** tcpdump lets blocks of the ring become a second old. */
const BLOCK_MS = 1200;
const HEADER_BYTES = 24;
const RECORD_BYTES = 16;
/** Where the IP header begins, by link type: ethernet, raw. */
const LINK_BYTES: Readonly<Record<number, number>> = { 1: 14, 12: 0, 101: 0 };

/** Resolves when the capture is on. */
export async function watchWire(namespace: Namespace, device: string): Promise<Wire> {
  const folder = mkdtempSync(join(tmpdir(), 'flint-bench-'));
  const file = join(folder, 'wire.pcap');
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const words = `-i ${device} -n -p --time-stamp-precision=nano -Z root -B ${RING_KIB}`;
  const kept = ['-s', `${SNAP_BYTES}`, '-w', file, 'icmp'];
  const tcpdump = namespace.spawn('tcpdump', [...words.split(' '), ...kept]);
  await tcpdump.waitFor('listening on');
  return {
    async stop() {
      await sleep(BLOCK_MS);
      await tcpdump.stop('SIGINT');
      const { stderr } = tcpdump.output();
      const bytes = readFileSync(file);
      process.removeListener('exit', remove);
      remove();
      if (!/^0 packets dropped by kernel$/m.test(stderr)) {
        throw new Error(`the capture is not whole: ${stderr}`);
      }
      return wireTrips(parsePackets(bytes));
    },
  };
}

type Packet = Parameters<typeof wireTrips>[0][number];

/** A pcap file with nanosecond stamps, in this machine's (little-endian) order. */
export function parsePackets(bytes: Buffer): Packet[] {
  const link = LINK_BYTES[bytes.readUInt32LE(20) & 0xffff];
  if (bytes.readUInt32LE(0) !== 0xa1b23c4d || link === undefined) {
    throw new Error('not a capture with nanoseconds of a device that is known here');
  }
  const packets: Packet[] = [];
  for (let at = HEADER_BYTES; at + RECORD_BYTES <= bytes.length; ) {
    const timeNs =
      BigInt(bytes.readUInt32LE(at)) * 1_000_000_000n + BigInt(bytes.readUInt32LE(at + 4));
    const end = at + RECORD_BYTES + bytes.readUInt32LE(at + 8);
    const packet = parsePacket(timeNs, bytes.subarray(at + RECORD_BYTES + link, end));
    if (packet !== null) packets.push(packet);
    at = end;
  }
  return packets;
}

function parsePacket(timeNs: bigint, ip: Buffer): Packet | null {
  const icmp = ip.subarray(((ip[0] ?? 0) & 15) * 4);
  const type = icmp[0];
  if (ip.length < 20 || icmp.length < 8 || (type !== 0 && type !== 8)) return null;
  return {
    timeNs,
    family: 'v4',
    source: ip.subarray(12, 16).join('.'),
    destination: ip.subarray(16, 20).join('.'),
    ttl: ip.readUInt8(8),
    kind: type === 8 ? 'request' : 'reply',
    type,
    code: icmp.readUInt8(1),
    id: icmp.readUInt16BE(4),
    seq: icmp.readUInt16BE(6),
    isIntact: true,
    payload: icmp.subarray(8),
  };
}

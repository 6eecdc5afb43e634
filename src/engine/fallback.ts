// The second transport, over npm's raw-socket, for machines where the addon cannot be built. Same
// records, other quality: there are no kernel stamps, so every sample is `user` and bears the
// delays of this process. One system call and one callback for each packet.
import { createRequire } from 'node:module';
import { formatAddress, parseAddress } from '../core/address.ts';
import { ProbeError } from '../core/error.ts';
import { openClock } from './fallback-clock.ts';
import {
  countDrops,
  openSockets,
  type RawModule,
  type RawSocket,
  type Sockets,
} from './fallback-socket.ts';
import { type Hot, inboxAt, outboxAt, packetAt } from './hot.ts';
import { INBOX_MAX, PACKET_BYTES, RECORD_HEADER_BYTES } from './limits.ts';
import type { Transport, TransportRequest } from './transport.ts';

interface Received {
  family: 4 | 6;
  packet: Buffer;
  source: string;
  realNs: bigint;
}

interface Options {
  ttl: number;
  tos: number;
}

/** What waits between two ticks; more is dropped and counted, as what the kernel drops. */
const WAITING_MAX = 8192;

const IPPROTO_IP = 0;
const IP_TOS = 1;
const IP_TTL = 2;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_TCLASS = 67;
const TTL_DEFAULT = 64;
/** Where an IPv6 source stands in a record. */
const SOURCE6 = RECORD_HEADER_BYTES + PACKET_BYTES - 16;
const EOPNOTSUPP = 95;
const EAFNOSUPPORT = 97;
const EIO = 5;

/** strerror's words for what a send can fail with: the package keeps no number. */
const ERRNO_OF: Readonly<Record<string, number>> = {
  'Operation not permitted': 1,
  'Resource temporarily unavailable': 11,
  'Permission denied': 13,
  'No such device': 19,
  'Invalid argument': 22,
  'Message too long': 90,
  'Cannot assign requested address': 99,
  'Network is down': 100,
  'Network is unreachable': 101,
  'No buffer space available': 105,
  'No route to host': 113,
};

/** Whether npm could build the package here, and if not why. */
export function loadFallback(): { module: RawModule } | { reason: string } {
  try {
    return { module: createRequire(import.meta.url)('raw-socket') as RawModule };
  } catch (error) {
    return {
      reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
    };
  }
}

/** Opens ICMP and ICMPv6 sockets. Throws ERR_ADDON_MISSING or ERR_SOCKET_PERMISSION. */
export function openFallback(request: TransportRequest): Transport {
  const loaded = loadFallback();
  if ('reason' in loaded) {
    throw new ProbeError(
      'ERR_ADDON_MISSING',
      `npm package raw-socket is not there (${loaded.reason}): run \`npm rebuild raw-socket\``,
    );
  }
  const clock = openClock();
  const waiting: Received[] = [];
  const counts = { overflows: 0 };
  const sockets = openSockets(loaded.module, (family, packet, source) => {
    if (waiting.length >= WAITING_MAX) counts.overflows++;
    else waiting.push({ family, packet, source, realNs: clock.read().real });
  });
  const set: Record<4 | 6, Options> = {
    4: { ttl: TTL_DEFAULT, tos: 0 },
    6: { ttl: TTL_DEFAULT, tos: 0 },
  };
  const { hot } = request;
  return {
    name: 'raw-socket',
    stamps: 'user',
    isPrivileged: true,
    // The package makes no control messages, and so no source that a checksum could rely on.
    protocols: ['icmp'],
    sourceOf: () => EOPNOTSUPP,
    send(n) {
      for (let i = 0; i < n; i++) {
        const record = outboxAt(hot, i);
        const realNs = clock.read().real;
        hot.view.setUint32(record + 24, sendOne(request, sockets, set, record), true);
        hot.view.setBigUint64(record + 56, realNs, true);
      }
    },
    drain() {
      const n = Math.min(waiting.length, INBOX_MAX);
      waiting.splice(0, n).forEach((received, i) => {
        deliver(request, received, inboxAt(hot, i));
      });
      const { mono, real } = clock.read();
      hot.view.setBigUint64(hot.layout.CONTROL, mono, true);
      hot.view.setBigUint64(hot.layout.CONTROL + 8, real, true);
      hot.view.setBigUint64(hot.layout.CONTROL + 16, 0n, true);
      hot.view.setUint32(hot.layout.CONTROL + 24, counts.overflows + countDrops(sockets), true);
      return n;
    },
    setScheduled: () => false,
    close() {
      sockets[4]?.close();
      sockets[6]?.close();
    },
  };
}

function sendOne(
  { hot }: TransportRequest,
  sockets: Sockets,
  set: Record<4 | 6, Options>,
  record: number,
): number {
  const family = (hot.view.getUint32(record, true) & 15) === 4 ? 4 : 6;
  const socket = sockets[family];
  if (socket === undefined) return EAFNOSUPPORT;
  if (wantsControls(hot, record, family)) return EOPNOTSUPP;
  const length = hot.view.getUint32(record + 4, true);
  const bytes = hot.bytes.subarray(record + 32, record + (family === 4 ? 36 : 48));
  const address = formatAddress(family === 4 ? 'v4' : 'v6', bytes);
  const packet = Buffer.from(hot.buffer, packetAt(record), length);
  try {
    const ttl = hot.view.getUint32(record + 12, true) || TTL_DEFAULT;
    setOptions(socket, family, set[family], { ttl, tos: hot.view.getUint32(record + 16, true) });
    socket.wrap.send(packet, 0, length, address, () => undefined);
    return 0;
  } catch (error) {
    return ERRNO_OF[error instanceof Error ? error.message : ''] ?? EIO;
  }
}

/** No control messages here: what cannot be honoured is refused, not ignored. */
function wantsControls({ view, bytes }: Hot, record: number, family: 4 | 6): boolean {
  const wantsDf = (view.getUint32(record, true) & 16) !== 0;
  const wantsInterface = view.getUint32(record + 20, true) !== 0;
  const wantsScope = view.getUint32(record + 28, true) !== 0;
  const [at, length] = family === 4 ? [record + 48, 4] : [record + SOURCE6, 16];
  const wantsSource = bytes.subarray(at, at + length).some((byte) => byte !== 0);
  return wantsDf || wantsInterface || wantsScope || wantsSource;
}

function setOptions(socket: RawSocket, family: 4 | 6, now: Options, wanted: Options): void {
  const isV4 = family === 4;
  const level = isV4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (now.ttl !== wanted.ttl) {
    socket.setOption(level, isV4 ? IP_TTL : IPV6_UNICAST_HOPS, wanted.ttl);
  }
  if (now.tos !== wanted.tos) socket.setOption(level, isV4 ? IP_TOS : IPV6_TCLASS, wanted.tos);
  now.ttl = wanted.ttl;
  now.tos = wanted.tos;
}

function deliver({ hot }: TransportRequest, received: Received, record: number): void {
  const { view, bytes } = hot;
  const length = Math.min(received.packet.length, PACKET_BYTES);
  bytes.fill(0, record, record + RECORD_HEADER_BYTES);
  view.setUint32(record, received.family, true);
  view.setUint32(record + 4, length, true);
  view.setBigUint64(record + 8, received.realNs, true);
  view.setUint32(record + 24, received.packet.length >= PACKET_BYTES ? 1 : 0, true);
  view.setUint32(record + 48, 0xffffffff, true);
  const source = parseAddress(received.source);
  if (source !== null) bytes.set(source.bytes, record + 32);
  bytes.set(received.packet.subarray(0, length), packetAt(record));
}

// The two sockets of the fallback: what of them npm's raw-socket lets one set and ask.
import { ProbeError } from '../core/error.ts';
import { PACKET_BYTES } from './limits.ts';

export interface RawSocket {
  on(event: 'message', listener: (packet: Buffer, source: string) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  setOption(level: number, option: number, value: number): void;
  setOption(level: number, option: number, value: Buffer, length: number): void;
  /** Returns how many bytes of the buffer it filled. */
  getOption(level: number, option: number, value: Buffer, length: number): number;
  close(): void;
  /** The binding below the package's queue: it sends at once and throws strerror's text. */
  wrap: {
    send(
      buffer: Buffer,
      offset: number,
      length: number,
      address: string,
      done: (bytes: number) => void,
    ): void;
  };
}

export interface RawModule {
  createSocket(options: { protocol: number; addressFamily: number; bufferSize: number }): RawSocket;
  Protocol: { ICMP: number; ICMPv6: number };
  AddressFamily: { IPv4: number; IPv6: number };
}

const SOL_RAW = 255;
const ICMP_FILTER = 1;
/** All but reply, unreachable, time exceeded, parameter problem: a bit for each type to drop. */
const ICMP_BLOCKED = ~((1 << 0) | (1 << 3) | (1 << 11) | (1 << 12)) >>> 0;
const ICMP6_FILTER = 1;
const IPPROTO_ICMPV6 = 58;
/** Types 1 to 4 and 129, the echo reply; one bit a type of 256. */
const ICMP6_BLOCKED = Uint32Array.of(~0b11110, ~0, ~0, ~0, ~(1 << 1), ~0, ~0, ~0);
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SO_MEMINFO = 55;
/** Of the u32 figures of SO_MEMINFO the last, SK_MEMINFO_DROPS. */
const MEMINFO_BYTES = 36;
const DROPS_AT = 32;
const RECEIVE_BUFFER_BYTES = 4 << 20;

export type Sockets = Partial<Record<4 | 6, RawSocket>>;

/** Throws ERR_SOCKET_PERMISSION when there is none of either family. */
export function openSockets(
  raw: RawModule,
  onPacket: (family: 4 | 6, packet: Buffer, source: string) => void,
): Sockets {
  const sockets: Sockets = {};
  let refused: unknown;
  for (const family of [4, 6] as const) {
    try {
      const socket = raw.createSocket({
        protocol: family === 4 ? raw.Protocol.ICMP : raw.Protocol.ICMPv6,
        addressFamily: family === 4 ? raw.AddressFamily.IPv4 : raw.AddressFamily.IPv6,
        bufferSize: PACKET_BYTES,
      });
      setFilter(socket, family);
      enlargeBuffer(socket);
      socket.on('message', (packet, source) => onPacket(family, Buffer.from(packet), source));
      // A receive error concerns one packet; the engine's losses will show a socket that is dead.
      socket.on('error', () => undefined);
      sockets[family] = socket;
    } catch (error) {
      refused = error;
    }
  }
  if (sockets[4] !== undefined || sockets[6] !== undefined) return sockets;
  const why = refused instanceof Error ? refused.message : String(refused);
  throw new ProbeError(
    'ERR_SOCKET_PERMISSION',
    `raw-socket refused (${why}): run as root, or build the addon, which can use ping sockets`,
    { cause: refused },
  );
}

/** Packets that found the buffer of their socket full. */
export function countDrops(sockets: Sockets): number {
  const figures = Buffer.alloc(MEMINFO_BYTES);
  let drops = 0;
  for (const socket of Object.values(sockets)) {
    try {
      socket.getOption(SOL_SOCKET, SO_MEMINFO, figures, MEMINFO_BYTES);
      drops += figures.readUInt32LE(DROPS_AT);
    } catch {
      // Before Linux 4.12 nobody tells.
    }
  }
  return drops;
}

/** By type alone: our own requests on loopback, neighbour discovery and the like stay away. */
function setFilter(socket: RawSocket, family: 4 | 6): void {
  if (family === 4) {
    socket.setOption(SOL_RAW, ICMP_FILTER, ICMP_BLOCKED);
    return;
  }
  const types = Buffer.from(ICMP6_BLOCKED.buffer);
  socket.setOption(IPPROTO_ICMPV6, ICMP6_FILTER, types, types.length);
}

/** The forced size needs CAP_NET_ADMIN; the other is capped by the system's maximum. */
function enlargeBuffer(socket: RawSocket): void {
  try {
    socket.setOption(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES);
  } catch {
    socket.setOption(SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  }
}

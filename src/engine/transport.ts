import type { PathProtocol } from '../core/path.ts';
import type { Family } from '../core/round.ts';
import type { Hot } from './hot.ts';

// The seam between the engine and a kernel, or a test's idea of one. Two methods move packets;
// both work on the records in the hot memory, whose layout wasm/echo.ts and wasm/parse.ts describe.

export interface Transport {
  readonly name: 'native' | 'raw-socket' | 'fake';
  /** Best stamps that the kernel granted: both ways in ns, receipt in µs, or none. */
  readonly stamps: 'kernel' | 'kernel-us' | 'user';
  /** Whether it opens with raw sockets, or with ping sockets of an unprivileged user. */
  readonly isPrivileged: boolean;
  /**
   * Sends the first n outbox records; writes errno (0 when accepted) and the user stamp into each.
   */
  send(n: number): void;
  /**
   * Fills the inbox with what came in and the stamps with what left, then writes the clock anchor.
   * Returns packets + stamps × 65536.
   */
  drain(): number;
  /** What TTL-limited probes may be sent as, beside ICMP echoes. */
  readonly protocols: readonly PathProtocol[];
  /**
   * The address that packets to a destination would be sent from, 16 bytes (IPv4 in the first
   * four), or the errno why none would.
   */
  sourceOf(route: RouteRequest): Uint8Array | number;
  /** Stamps at the packet scheduler too, while a test of our own loads the line. */
  setScheduled(isWanted: boolean): boolean;
  close(): void;
}

export interface RouteRequest {
  family: Family;
  /** 16 bytes. */
  destination: Uint8Array;
  /** 0: the routes decide. */
  interfaceIndex: number;
  scopeId: number;
}

export interface TransportRequest {
  hot: Hot;
  /** The first of twice IDENTIFIERS_MAX identifiers, and a multiple of that. */
  identifier: number;
  /** The first of FLOWS_MAX source ports, and a multiple of that. */
  port: number;
  /** Slots that will be used: ping sockets need one socket for each 65 536. */
  slots: number;
}

export type OpenTransport = (request: TransportRequest) => Transport;

/** packets + stamps × 65536, taken apart. */
export function unpackDrain(packed: number): { packets: number; stamps: number } {
  return { packets: packed & 0xffff, stamps: packed >>> 16 };
}

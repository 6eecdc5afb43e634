// The sockets of the addon. They are opened once, or taken over from a launcher; afterwards the
// process needs no privilege any more.
import { ProbeError } from '../core/error.ts';
import type { PathProtocol } from '../core/path.ts';
import {
  type AddonTransport,
  loadAddon,
  type SocketDescription,
  type SocketRequest,
} from './addon.ts';
import { IDENTIFIERS_MAX } from './limits.ts';
import type { RouteRequest, Transport, TransportRequest } from './transport.ts';

/**
 * Descriptors by what they are: ICMP, UDP and TCP of each family, and the second one for echoes by
 * IPv4 that must not be cut.
 */
export type Inherited = Partial<Record<`${PathProtocol}${4 | 6}` | 'icmp4-df', number>>;

export interface NativeOptions {
  /** `raw`, `ping`, or `auto`: raw where permitted, else ping sockets. */
  sockets?: 'auto' | 'raw' | 'ping';
  /** Sockets opened by a launcher (LISTEN_FDS): one descriptor for each name. */
  inherited?: Inherited;
  /** Tests of the ladder switch off what the kernel would grant. */
  stamps?: boolean;
  ownKeys?: boolean;
}

export interface NativeTransport extends Transport {
  readonly name: 'native';
  sockets(): SocketDescription[];
  /** Families without a socket, and why. */
  readonly missing: readonly { family: 'v4' | 'v6'; reason: string }[];
}

/**
 * Opens the ICMP and ICMPv6 sockets. A family that the machine does not have is left out; throws
 * ERR_SOCKET_PERMISSION or ERR_SOCKET_OPEN when there is no socket at all.
 */
export function openNative(
  request: TransportRequest,
  options: NativeOptions = {},
): NativeTransport {
  const { Transport } = loadAddon();
  const { hot } = request;
  const inner = new Transport({
    memory: hot.buffer,
    control: hot.layout.CONTROL,
    outbox: hot.layout.OUTBOX,
    inbox: hot.layout.INBOX,
    stamps: hot.layout.STAMPS,
  });
  const missing = openAll(inner, request, options);
  return {
    name: 'native',
    stamps: stampsOf(inner.sockets()),
    isPrivileged: inner.sockets().some((socket) => !socket.ping),
    protocols: protocolsOf(inner.sockets()),
    missing,
    sourceOf,
    send: (n) => {
      inner.send(n);
    },
    drain: () => inner.drain(),
    setScheduled: (isWanted) => inner.setScheduled(isWanted),
    sockets: () => inner.sockets(),
    close: () => inner.close(),
  };
}

type Missing = { family: 'v4' | 'v6'; reason: string };

const KINDS: Record<NonNullable<NativeOptions['sockets']>, readonly boolean[]> = {
  auto: [false, true],
  raw: [false],
  ping: [true],
};

function openAll(
  inner: AddonTransport,
  request: TransportRequest,
  options: NativeOptions,
): Missing[] {
  let failed: ProbeError | null = null;
  for (const isPing of KINDS[options.sockets ?? 'auto']) {
    const v4 = openFamily(inner, { family: 4, isPing, request, options });
    const v6 = openFamily(inner, { family: 6, isPing, request, options });
    if (v4 === null || v6 === null) {
      if (!isPing) openProtocols(inner, request, options);
      return [...missing('v4', v4), ...missing('v6', v6)];
    }
    failed ??= v4;
  }
  throw permissionHint(failed ?? new ProbeError('ERR_SOCKET_OPEN', 'no kind of socket was tried'));
}

function missing(family: 'v4' | 'v6', error: ProbeError | null): Missing[] {
  return error === null ? [] : [{ family, reason: error.message }];
}

interface FamilyRequest {
  family: 4 | 6;
  isPing: boolean;
  request: TransportRequest;
  options: NativeOptions;
}

function openFamily(inner: AddonTransport, wanted: FamilyRequest): ProbeError | null {
  const { family, isPing, request, options } = wanted;
  const inherited = options.inherited?.[`icmp${family}`];
  const base = { ...baseOf(request, options), family, ping: isPing, fd: inherited ?? -1 };
  try {
    const count = isPing && inherited === undefined ? Math.ceil(request.slots / 65536) : 1;
    for (let i = 0; i < count; i++) inner.add({ ...base, identifier: request.identifier + i });
    // TTL-limited echoes have an identifier of their own.
    if (isPing) inner.add({ ...base, identifier: request.identifier + IDENTIFIERS_MAX });
    if (!isPing && family === 4) addDontFragment(inner, base, options);
    return null;
  } catch (error) {
    if (error instanceof ProbeError) return error;
    throw error;
  }
}

/** IPv4 sets DF by socket, not by packet: one more socket, which only sends. */
function addDontFragment(
  inner: AddonTransport,
  base: SocketRequest,
  { inherited }: NativeOptions,
): void {
  const fd = inherited?.['icmp4-df'];
  // Handed over without it, the one socket is set anew for each run of packets.
  if (base.fd !== -1 && fd === undefined) return;
  inner.add({ ...base, fd: fd ?? -1, dontFragment: true });
}

function baseOf(request: TransportRequest, options: NativeOptions): Omit<SocketRequest, 'family'> {
  const { identifier, port } = request;
  return {
    protocol: 'icmp',
    ping: false,
    identifier,
    port,
    stamps: options.stamps !== false,
    ownKeys: options.ownKeys !== false,
    dontFragment: false,
    fd: -1,
  };
}

/** For paths by UDP and TCP. Echoes do without, so what is refused here is left out. */
function openProtocols(
  inner: AddonTransport,
  request: TransportRequest,
  options: NativeOptions,
): void {
  const { inherited = {} } = options;
  for (const protocol of ['udp', 'tcp'] as const) {
    for (const family of [4, 6] as const) {
      const fd = inherited[`${protocol}${family}`];
      // A launcher that hands over sockets has left us no right to open others.
      if (fd === undefined && Object.keys(inherited).length > 0) continue;
      tryAdd(inner, { ...baseOf(request, options), protocol, family, fd: fd ?? -1 });
    }
  }
}

function tryAdd(inner: AddonTransport, socket: SocketRequest): void {
  try {
    inner.add(socket);
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
  }
}

function protocolsOf(sockets: readonly SocketDescription[]): PathProtocol[] {
  return [...new Set(sockets.map(({ protocol }) => protocol))];
}

function sourceOf(route: RouteRequest): Uint8Array | number {
  const { family, destination, interfaceIndex, scopeId } = route;
  return loadAddon().sourceAddress(family === 'v4' ? 4 : 6, destination, interfaceIndex, scopeId);
}

function permissionHint(error: ProbeError): ProbeError {
  if (error.code !== 'ERR_SOCKET_PERMISSION') return error;
  return new ProbeError(
    'ERR_SOCKET_PERMISSION',
    `${error.message}: run as root, or permit ping sockets with ` +
      '`sysctl -w net.ipv4.ping_group_range="0 2147483647"`',
    { cause: error, syscall: error.syscall ?? 'socket', errno: error.errno ?? 'EPERM' },
  );
}

function stampsOf(sockets: readonly SocketDescription[]): Transport['stamps'] {
  const worst = Math.min(...sockets.map((socket) => socket.stamps));
  return worst === 2 ? 'kernel' : worst === 1 ? 'kernel-us' : 'user';
}

// Which transport: the addon with raw sockets, else with ping sockets, else npm's raw-socket.
import { ProbeError } from '../core/error.ts';
import { openFallback } from './fallback.ts';
import { type Inherited, openNative } from './native.ts';
import type { Transport, TransportRequest } from './transport.ts';

/** `FLINT_TRANSPORT` (native, raw, ping, raw-socket) overrules the choice, for trials. */
export function openBest(request: TransportRequest): Transport {
  const wanted = process.env['FLINT_TRANSPORT'];
  if (wanted === 'raw-socket') return openFallback(request);
  if (wanted === 'raw' || wanted === 'ping') return openNative(request, { sockets: wanted });
  const inherited = inheritedSockets(process.env, process.pid);
  try {
    return openNative(request, { inherited });
  } catch (error) {
    const isMissing = error instanceof ProbeError && error.code === 'ERR_ADDON_MISSING';
    if (!isMissing || wanted === 'native') throw error;
    return openSecond(request, error);
  }
}

/** The fallback's own failure matters less than why it was needed. */
function openSecond(request: TransportRequest, missing: ProbeError): Transport {
  try {
    return openFallback(request);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProbeError('ERR_ADDON_MISSING', `${missing.message}; and ${why}`, { cause: missing });
  }
}

const FIRST_FD = 3;

/**
 * Descriptors that a launcher opened for us (sd_listen_fds(3)): icmp4, icmp6. Names are separated
 * by colons; commas do as well. With udp4, udp6, tcp4 and tcp6 paths can be traced by these too,
 * with icmp4-df echoes that must not be cut do not set a socket back and forth.
 */
export function inheritedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): Inherited {
  const count = Number(env['LISTEN_FDS'] ?? 0);
  const names = (env['LISTEN_FDNAMES'] ?? '').split(/[:,]/);
  const isForUs = env['LISTEN_PID'] === undefined || Number(env['LISTEN_PID']) === pid;
  const found: Inherited = {};
  if (!isForUs || !Number.isInteger(count) || count < 1) return found;
  names.slice(0, count).forEach((name, i) => {
    if (isSocketName(name)) found[name] = FIRST_FD + i;
  });
  return found;
}

const SOCKET_NAMES: readonly string[] = [
  ...['icmp4', 'icmp4-df', 'icmp6'],
  ...['udp4', 'udp6', 'tcp4', 'tcp6'],
];

function isSocketName(name: string): name is keyof Inherited {
  return SOCKET_NAMES.includes(name);
}

import { ProbeError } from '../core/error.ts';
import type { ControlServer } from './request/context.ts';

const HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has this port: stop it, or set another listen.port',
  EACCES: 'ports below 1024 need privileges: set a higher listen.port',
  EADDRNOTAVAIL: 'this machine has no such address: correct listen.address',
};

/** The port that it listens on. Throws ERR_SOCKET_OPEN. */
export async function listenOn(
  server: ControlServer,
  { address, port }: { address: string; port: number },
): Promise<number> {
  try {
    await server.listen({ host: address, port, exclusive: true, backlog: 1_024 });
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const hint = HINTS[errno] ?? 'see listen in the configuration';
    const text = `cannot listen on ${address}:${port} (${errno}): ${hint}`;
    throw new ProbeError('ERR_SOCKET_OPEN', text, { cause, syscall: 'listen', errno });
  }
  const bound = server.server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : port;
}

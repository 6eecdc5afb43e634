import { ProbeError } from '../core/error.ts';
import { ownStateDirectory } from '../host/places.ts';
import type { Daemon } from '../probe/daemon.ts';
import { serve } from './serve.ts';

// `flint up`: one machine, no questions. What is near, what is between, what is far.

const PORT = 9740;
const TARGETS: readonly string[] = [
  'localhost',
  '@gateway',
  '@resolver',
  'one.one.one.one',
  'dns.quad9.net',
];

/** Nothing lies between us and ourselves, or our gateway. */
const PATH_TARGETS: readonly string[] = ['one.one.one.one', 'dns.quad9.net'];

export async function runUp(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const port = (options['port'] as number | undefined) ?? PORT;
  const state = (options['state'] as string | undefined) ?? ownStateDirectory();
  const document = {
    schema: 1,
    listen: { address: '127.0.0.1', port },
    measurements: { smokeping: { targets: TARGETS }, path: { targets: PATH_TARGETS } },
  };
  try {
    const started = (daemon: Daemon): void => greet(daemon, state);
    return await serve({ config: { document }, stateDirectory: state, started });
  } catch (error) {
    throw portHint(error, port);
  }
}

/** There is no `listen.port` to be set here. */
function portHint(error: unknown, port: number): unknown {
  if (!(error instanceof ProbeError) || error.syscall !== 'listen') return error;
  const errno = error.errno ?? 'unknown';
  return new ProbeError(
    error.code,
    `cannot listen on 127.0.0.1:${port} (${errno}): is another flint running? ` +
      'Stop it, or start this one with --port',
    { cause: error, syscall: error.syscall, errno },
  );
}

function greet(daemon: Daemon, state: string): void {
  const { stamps } = daemon.facts.engine.transport;
  const lines = [
    `flint measures ${TARGETS.join(', ')}`,
    `page     http://${daemon.address}:${daemon.port}/   (the first graphs after half a minute)`,
    `metrics  http://${daemon.address}:${daemon.port}/metrics`,
    `state    ${state}`,
    `stamps   ${STAMPS[stamps]}`,
    daemon.identity === null ? '' : `root was given up; running as ${daemon.identity.name}`,
    'Ctrl-C ends it; the next start goes on where it was.',
  ];
  process.stderr.write(`${lines.filter((line) => line !== '').join('\n')}\n`);
}

const STAMPS = {
  kernel: 'from the kernel, both ways: latency is wire time',
  'kernel-us': 'from the kernel on receipt only, in microseconds',
  user: 'none from the kernel: latency includes the delays of this process',
} as const;

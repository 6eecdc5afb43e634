import { resolve } from 'node:path';
import { ownStateDirectory } from '../host/places.ts';
import { loadConfig } from '../probe/config-file.ts';
import { EXIT } from './command.ts';
import { serve } from './serve.ts';

const CONFIG_FILE = '/etc/flint/probe.json';

/** The daemon. With --check it only judges the configuration. */
export async function runProbe(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const file = resolve((options['config'] as string | undefined) ?? CONFIG_FILE);
  if (options['check'] === true) {
    const { etag, config } = loadConfig(file);
    const { targets } = config.measurements.smokeping;
    process.stdout.write(`${file}: valid, ${targets.length} targets, etag ${etag}\n`);
    return EXIT.ok;
  }
  return await serve({
    config: { file },
    stateDirectory: (options['state'] as string | undefined) ?? ownStateDirectory(),
    started: (daemon, log) => {
      const { applied } = daemon.facts;
      log.info('measuring', {
        targets: applied.config.measurements.smokeping.targets.length,
        stamps: daemon.facts.engine.transport.stamps,
        listen: `http://${daemon.address}:${daemon.port}/`,
        user: daemon.identity?.name ?? null,
      });
    },
  });
}

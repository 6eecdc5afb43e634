const fs = process.getBuiltinModule('node:fs');

import { resolve } from 'node:path';
import { ownPlaceRequest, ownStateDirectory, runDirectory } from '../host/places.ts';
import { loadConfig } from '../probe/config-file.ts';
import type { Daemon } from '../probe/daemon.ts';
import { loadPolicy } from '../probe/policy-file.ts';
import type { DaemonConfig } from '../probe/sources.ts';
import { EXIT } from './command.ts';
import { serve } from './serve.ts';

const CONFIG_FILE = '/etc/flint/probe.json';

/** The daemon. With --check it only judges configuration and policy. */
export async function runProbe(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const given = options['config'] as string | undefined;
  const file = resolve(given ?? CONFIG_FILE);
  const policy = options['policy'] as string | undefined;
  const policyFile = policy === undefined ? null : resolve(policy);
  if (options['check'] === true) return check(file, policyFile);
  const config: DaemonConfig = {
    file,
    // A machine that the control configures needs no file of its own.
    isOptional: given === undefined,
    runDirectory: resolve((options['run'] as string | undefined) ?? ownRunDirectory()),
    policyFile,
  };
  return await serve({
    config,
    isService: true,
    stateDirectory: (options['state'] as string | undefined) ?? ownStateDirectory(),
    started: (daemon, log) => {
      if (given === undefined && !fs.existsSync(file)) {
        log.info(`there is no ${file}: only what the control asks for is measured`);
      }
      log.info('measuring', aboutOf(daemon));
      const rulers = rulersOf(daemon);
      if (Object.keys(rulers).length > 0) log.info('ruled', rulers);
    },
  });
}

function check(file: string, policyFile: string | null): number {
  const policy = loadPolicy(policyFile);
  const { etag, config } = loadConfig(file);
  const { targets } = config.measurements.smokeping;
  const under = policy.file === null ? '' : `, under ${policy.file}`;
  process.stdout.write(`${file}: valid, ${targets.length} targets, etag ${etag}${under}\n`);
  return EXIT.ok;
}

function aboutOf({ facts, identity, address, port }: Daemon) {
  const { applied, engine } = facts;
  return {
    targets: applied.config.measurements.smokeping.targets.length,
    stamps: engine.transport.stamps,
    listen: `http://${address}:${port}/`,
    user: identity?.name ?? null,
  };
}

/** Whatever stands above the local configuration. */
function rulersOf({ facts: { control, rules } }: Daemon): Record<string, string> {
  const etag = control?.etag ?? null;
  const { file } = rules.policy;
  return {
    ...(etag === null ? {} : { control: etag }),
    ...(file === null ? {} : { policy: file }),
  };
}

function ownRunDirectory(): string {
  return runDirectory(ownPlaceRequest());
}

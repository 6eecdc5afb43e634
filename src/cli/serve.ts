// What `flint probe` and `flint up` share: a daemon that runs until it is told to stop.

import { notify } from '../engine/notify.ts';
import { isJournal, type Log, openLog } from '../host/log.ts';
import { openServiceManager } from '../host/notify.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../probe/daemon.ts';
import { EXIT } from './command.ts';
import { followSignals } from './signals.ts';
import { version } from './version.ts';

export interface ServeOptions {
  config: DaemonOptions['config'];
  stateDirectory: string;
  /** It is a service of its own, and tells the service manager how it is. */
  isService: boolean;
  /** Told once it measures and listens. */
  started: (daemon: Daemon, log: Log) => void;
}

const STATUS_MS = 5000;

/**
 * Runs until SIGTERM or SIGINT (0), or until measuring fails (1). SIGHUP reads the configuration
 * file again; without a file it says that the terminal was closed, and ends too.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const log = openLog({ stream: process.stderr, nowMs: Date.now, journal: isJournal(process.env) });
  const signals = followSignals('file' in options.config);
  const env = options.isService ? process.env : {};
  const manager = openServiceManager({ env, pid: process.pid, send: notify, log });
  let telling: NodeJS.Timeout | undefined;
  try {
    const daemon = await startDaemon({
      config: options.config,
      stateDirectory: options.stateDirectory,
      version: version(),
      log,
      onFatal: (error) => {
        const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
        log.error(`measuring failed: ${why}`);
        signals.end(EXIT.trouble);
      },
    });
    signals.onReload(() =>
      manager.reload(() => {
        daemon.reload();
        return statusOf(daemon);
      }),
    );
    options.started(daemon, log);
    manager.ready(statusOf(daemon));
    // The control's configuration comes later, and by no reload.
    telling = setInterval(() => manager.status(statusOf(daemon)), STATUS_MS).unref();
    manager.watch(() => daemon.isTicking(), 'nothing is measured');
    const code = await signals.ended;
    manager.stopping();
    signals.letThrough();
    await daemon.stop();
    return code;
  } finally {
    clearInterval(telling);
    manager.close();
    signals.close();
    log.flush();
  }
}

function statusOf({ facts: { applied, engine } }: Daemon): string {
  const { smokeping, path } = applied.config.measurements;
  const { stamps } = engine.transport;
  const { length } = smokeping.targets;
  return `measuring ${length} targets and ${path.targets.length} paths, stamps: ${stamps}`;
}

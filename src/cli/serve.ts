// What `flint probe` and `flint up` share: a daemon that runs until it is told to stop.

import { isJournal, type Log, openLog } from '../host/log.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../probe/daemon.ts';
import { EXIT } from './command.ts';
import { followSignals } from './signals.ts';
import { version } from './version.ts';

export interface ServeOptions {
  config: DaemonOptions['config'];
  stateDirectory: string;
  /** Told once it measures and listens. */
  started: (daemon: Daemon, log: Log) => void;
}

/**
 * Runs until SIGTERM or SIGINT (0), or until measuring fails (1). SIGHUP reads the configuration
 * file again; without a file it says that the terminal was closed, and ends too.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const log = openLog({ stream: process.stderr, nowMs: Date.now, journal: isJournal(process.env) });
  const signals = followSignals('file' in options.config);
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
    signals.onReload(() => daemon.reload());
    options.started(daemon, log);
    const code = await signals.ended;
    signals.letThrough();
    await daemon.stop();
    return code;
  } finally {
    signals.close();
    log.flush();
  }
}

import { startControl } from '../../control/control.ts';
import { readFleetHardware, readHardware } from '../../control/fleet/hardware.ts';
import type { ControlConfig } from '../../control/request/config.ts';
import { ProbeError } from '../../core/error.ts';
import { notify } from '../../engine/notify.ts';
import { isJournal, openLog } from '../../host/log.ts';
import { openServiceManager } from '../../host/notify.ts';
import { EXIT } from '../command.ts';
import { followSignals } from '../signals.ts';
import { version } from '../version.ts';
import { configOf, stateOf } from './place.ts';

/**
 * The control, until SIGTERM or SIGINT (0). SIGHUP reads certificate, key and the fleet's own kinds
 * of boards again. With --check it only judges the configuration.
 */
export async function runControl(
  _args: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  const config = configOf(options);
  if (options['check'] === true) {
    checkHardware(config);
    process.stdout.write(`valid: ${config.origin} on ${config.listen.address}\n`);
    return EXIT.ok;
  }
  // What SQLite makes beside its file belongs to us alone as well.
  process.umask(0o077);
  const log = openLog({ stream: process.stderr, nowMs: Date.now, journal: isJournal(process.env) });
  const signals = followSignals(true);
  const { env, pid } = process;
  const manager = openServiceManager({ env, pid, send: notify, log });
  try {
    const stateDirectory = stateOf(options);
    const control = await startControl({ config, stateDirectory, version: version(), log });
    log.info('control', { origin: control.origin, port: control.port, state: stateDirectory });
    const status = `serving ${control.origin} on port ${control.port}`;
    signals.onReload(() =>
      manager.reload(() => {
        control.reload();
        return status;
      }),
    );
    manager.ready(status);
    // Its loop turns: the timer is the proof.
    manager.watch(() => true, 'nothing is served');
    const code = await signals.ended;
    manager.stopping();
    signals.letThrough();
    await control.stop();
    return code;
  } finally {
    manager.close();
    signals.close();
    log.flush();
  }
}

/** Throws ERR_CONFIG_INVALID. */
function checkHardware({ hardware }: ControlConfig): void {
  const { faults } = readFleetHardware(hardware, readHardware());
  if (faults.length > 0) throw new ProbeError('ERR_CONFIG_INVALID', faults.join('; '));
}

// What is told while measuring goes on: into the store, soon on disk, and outages into the log.
import type { ProbeEvent } from '../core/round.ts';
import type { Log } from '../host/log.ts';
import type { RoundStore } from './store/store.ts';

export interface DaemonEvents {
  take(event: ProbeEvent): void;
  /** Call about once a second. */
  look(): void;
}

export function openDaemonEvents({
  store,
  log,
}: {
  store: Pick<RoundStore, 'appendEvent' | 'flush'>;
  log: Log;
}): DaemonEvents {
  let isUnsaved = false;
  return {
    take(event) {
      store.appendEvent(event);
      isUnsaved = true;
      logOutage(log, event);
    },
    look() {
      // Events are rare, and an outage that a crash forgot would begin again: they wait no minute.
      if (!isUnsaved) return;
      isUnsaved = false;
      // What cannot be written is counted by the store and shows as its health.
      store.flush().catch(() => undefined);
    },
  };
}

function logOutage(log: Log, { kind, target, family, fromMs, untilMs, detail }: ProbeEvent): void {
  // A member of an outage of the uplink was told when it went down itself.
  if (kind !== 'outage' || (untilMs === null && 'uplink' in detail)) return;
  const what = target === null ? 'the uplink' : `${target} (${family})`;
  if (untilMs === null) log.warn(`outage of ${what}`);
  else log.info(`outage of ${what} is over`, { ms: untilMs - fromMs });
}

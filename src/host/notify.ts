// What the service manager is told (sd_notify(3)): ready, reloading, stopping, one line of status,
// and that we live, as long as we do what we are for. Nothing without NOTIFY_SOCKET.
import type { Log } from './log.ts';

const { getSystemErrorName } = process.getBuiltinModule('node:util');

export interface NotifyOptions {
  env: Readonly<Record<string, string | undefined>>;
  pid: number;
  /** Sends a datagram to a socket: 0, or an errno; throws where that cannot be done at all. */
  send(address: string, text: string): number;
  log: Pick<Log, 'warn'>;
}

export interface ServiceManager {
  ready(status: string): void;
  /** One line of how it is; nothing when it was told already. */
  status(status: string): void;
  /** Around a reload; `run` gives the status after it. */
  reload(run: () => string): void;
  stopping(): void;
  /**
   * Tells at half of the watchdog's time that we live, each time that `isAlive` says so; `what` is
   * the sentence for the log when it does not. Nothing without a watchdog.
   */
  watch(isAlive: () => boolean, what: string): void;
  /** Ends the watch. */
  close(): void;
}

const STATUS_LENGTH_MAX = 200;

export function openServiceManager(options: NotifyOptions): ServiceManager {
  const tell = openSender(options);
  const isHeard = (options.env['NOTIFY_SOCKET'] ?? '') !== '';
  const everyMs = isHeard ? watchdogMs(options.env, options.pid) : null;
  let timer: NodeJS.Timeout | undefined;
  let told = '';

  function statusLine(status: string): string {
    told = `STATUS=${oneLine(status)}`;
    return told;
  }

  return {
    ready: (status) => tell(`READY=1\n${statusLine(status)}`),
    status(status) {
      const before = told;
      const line = statusLine(status);
      if (line !== before) tell(line);
    },
    reload(run) {
      tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
      tell(`READY=1\n${statusLine(run())}`);
    },
    stopping: () => tell('STOPPING=1'),
    watch(isAlive, what) {
      if (everyMs === null) return;
      const beat = (): void => {
        if (isAlive()) tell('WATCHDOG=1');
        else options.log.warn(`${what}: the service manager is not told that this process lives`);
      };
      beat();
      timer = setInterval(beat, everyMs).unref();
    },
    close: () => clearInterval(timer),
  };
}

/** Half of the time after which systemd takes us for dead, ms; null without a watchdog. */
export function watchdogMs(env: NotifyOptions['env'], pid: number): number | null {
  const microseconds = Number(env['WATCHDOG_USEC']);
  const isForUs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === pid;
  if (!isForUs || !Number.isSafeInteger(microseconds) || microseconds <= 0) return null;
  // A longer time than a timer can count is as good as that.
  return Math.min(Math.max(Math.floor(microseconds / 2000), 1), 2 ** 31 - 1);
}

function openSender({ env, send, log }: NotifyOptions): (text: string) => void {
  const address = env['NOTIFY_SOCKET'] ?? '';
  let isPossible = address !== '';
  return (text) => {
    if (!isPossible) return;
    try {
      const errno = send(address, text);
      if (errno !== 0) log.warn(`the service manager was not told: ${nameOf(errno)}`);
    } catch (error) {
      isPossible = false;
      const why = error instanceof Error ? error.message : String(error);
      log.warn(`the service manager is told nothing: ${why}`);
    }
  };
}

function nameOf(errno: number): string {
  return `${getSystemErrorName(-errno)} at NOTIFY_SOCKET`;
}

/** A line break would begin another word to the manager. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, STATUS_LENGTH_MAX);
}

import { type CommandResult, findProgram, lastWords, runCommand } from '../../host/command.ts';
import type { TailscaleSettings } from './settings.ts';
import {
  cleanText,
  parsePrefs,
  parseStatus,
  parseVersion,
  type TailscalePrefs,
  type TailscaleStatus,
} from './tailscale-status.ts';

// Drives the program `tailscale`, which speaks to tailscaled. Each call has a deadline and a bound
// on what is read; a daemon that hangs costs one of them. A key is named by its file, never shown
// in the words of a command.

/** `missing`: no program. `silent`: no daemon, or it hangs. `refused`: it said no, and why. */
export type TailscaleFault = 'missing' | 'silent' | 'refused' | 'garbled';

export type Told<Value> =
  | { ok: true; value: Value }
  | { ok: false; fault: TailscaleFault; reason: string };

/** What tailscaled is to be set to; null leaves it as it is. */
export interface WantedPrefs {
  loginServer: string;
  acceptRoutes: boolean;
  hostname: string | null;
  /** `fd00::1/128`; all others are taken back. */
  advertiseRoutes: readonly string[];
  netfilter: TailscaleSettings['netfilter'];
}

export interface UpWish {
  prefs: WantedPrefs;
  keyFile: string | null;
  /** The node is at another login server, or has to leave the one where it is. */
  isReauth: boolean;
  timeoutMs: number;
}

export interface TailscaleClient {
  status(hasPeers: boolean): Promise<Told<TailscaleStatus>>;
  prefs(): Promise<Told<TailscalePrefs>>;
  version(): Promise<Told<string>>;
  up(wish: UpWish): Promise<Told<null>>;
  set(prefs: WantedPrefs): Promise<Told<null>>;
  down(): Promise<Told<null>>;
  /** One packet to the peer through the tunnel, past its filters; ok when it answers. */
  ping(address: string): Promise<Told<null>>;
  logout(): Promise<Told<null>>;
}

export interface ClientOptions {
  settings: Pick<TailscaleSettings, 'program' | 'socket'>;
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}

export const READ_MS_MAX = 5_000;
export const CHANGE_MS_MAX = 15_000;
const PING_MS_MAX = 2_000;
/** Beyond what the program was told itself. */
const GRACE_MS = 3_000;
/** Some thousand peers. */
const STATUS_BYTES_MAX = 8 << 20;
const OTHER_BYTES_MAX = 1 << 18;

export function openTailscale({ settings, env, signal }: ClientOptions): TailscaleClient {
  const socket = settings.socket === undefined ? [] : [`--socket=${settings.socket}`];

  async function run(words: string[], timeoutMs: number, bytesMax = OTHER_BYTES_MAX) {
    const file = findProgram(settings.program ?? 'tailscale', env);
    if (file === null) return missing(settings.program ?? 'tailscale');
    const options = { timeoutMs, env, bytesMax, signal };
    return judge(words, await runCommand(file, [...socket, ...words], options));
  }

  async function change(words: string[], timeoutMs = CHANGE_MS_MAX): Promise<Told<null>> {
    const told = await run(words, timeoutMs);
    return told.ok ? { ok: true, value: null } : told;
  }

  async function status(hasPeers: boolean): Promise<Told<TailscaleStatus>> {
    const words = ['status', '--json', ...(hasPeers ? [] : ['--peers=false'])];
    const told = await run(words, READ_MS_MAX, STATUS_BYTES_MAX);
    const isTooLarge = hasPeers && !told.ok && told.fault === 'garbled';
    return isTooLarge ? status(false) : understood(told, words, parseStatus);
  }

  return {
    status,
    async prefs() {
      const words = ['debug', 'prefs'];
      return understood(await run(words, READ_MS_MAX), words, parsePrefs);
    },
    async version() {
      const words = ['version', '--json'];
      return understood(await run(words, READ_MS_MAX), words, parseVersion);
    },
    up: (wish) => change(upWords(wish), wish.timeoutMs + GRACE_MS),
    set: (prefs) => change(setWords(prefs)),
    down: () => change(['down', '--accept-risk=all']),
    logout: () => change(['logout']),
    ping(address) {
      const words = ['ping', '--tsmp', '--c=1', `--timeout=${PING_MS_MAX}ms`, address];
      return change(words, PING_MS_MAX + GRACE_MS);
    },
  };
}

/** The words of `tailscale up`; whatever is not said becomes the default. */
export function upWords({ prefs, keyFile, isReauth, timeoutMs }: UpWish): string[] {
  return [
    'up',
    '--reset',
    '--accept-risk=all',
    `--login-server=${prefs.loginServer}`,
    ...(keyFile === null ? [] : [`--auth-key=file:${keyFile}`]),
    ...(isReauth ? ['--force-reauth'] : []),
    ...settingWords(prefs),
    `--timeout=${Math.ceil(timeoutMs / 1000)}s`,
  ];
}

/** The words of `tailscale set`, which knows no login server. */
export function setWords(prefs: WantedPrefs): string[] {
  return ['set', '--accept-risk=all', ...settingWords(prefs), '--exit-node=', '--ssh=false'];
}

function settingWords(prefs: WantedPrefs): string[] {
  return [
    '--accept-dns=false',
    `--accept-routes=${prefs.acceptRoutes}`,
    `--advertise-routes=${prefs.advertiseRoutes.join(',')}`,
    `--netfilter-mode=${prefs.netfilter}`,
    ...(prefs.hostname === null ? [] : [`--hostname=${prefs.hostname}`]),
  ];
}

function judge(words: readonly string[], result: CommandResult): Told<string> {
  const command = `tailscale ${words.slice(0, 2).join(' ')}`;
  if (result.failure !== null) {
    return { ok: false, fault: 'missing', reason: `${command}: ${cleanText(result.failure)}` };
  }
  const isUpWaiting = words[0] === 'up' && !result.isTimedOut;
  if (result.isTimedOut || (isUnanswered(result.stderr) && !isUpWaiting)) {
    const why = result.isTimedOut ? 'it did not answer in time' : lastWords(result);
    return { ok: false, fault: 'silent', reason: `tailscaled: ${cleanText(why)}` };
  }
  if (result.isCut) return { ok: false, fault: 'garbled', reason: `${command} said too much` };
  if (result.code === 0) return { ok: true, value: result.stdout };
  return { ok: false, fault: 'refused', reason: cleanText(lastWords(result)) };
}

// "failed to connect to local tailscaled; it doesn't appear to be running" in all versions.
function isUnanswered(stderr: string): boolean {
  return /failed to connect to local (tailscaled|tailscale daemon)/i.test(stderr.slice(0, 4096));
}

function understood<Value>(
  told: Told<string>,
  words: readonly string[],
  parse: (text: string) => Value | null,
): Told<Value> {
  if (!told.ok) return told;
  const value = parse(told.value);
  if (value !== null) return { ok: true, value };
  return {
    ok: false,
    fault: 'garbled',
    reason: `tailscale ${words.join(' ')} said something that is not understood`,
  };
}

function missing(name: string): Told<never> {
  return { ok: false, fault: 'missing', reason: `there is no program ${name}: install tailscale` };
}

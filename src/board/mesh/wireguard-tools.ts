import { type CommandResult, findProgram, runCommand } from '../../host/command.ts';
import { type Dump, parseDump } from './wireguard-dump.ts';
import { type Machine, parseMachine } from './wireguard-link.ts';

// The programs that WireGuard needs, and what they say. No secret is in their words; what `wg show`
// prints has some, and is never repeated in a message.

export interface Tools {
  ip(words: readonly string[]): Promise<CommandResult>;
  wg(words: readonly string[]): Promise<CommandResult>;
  /** File of wireguard-go; null where there is none. */
  go: string | null;
  env: Readonly<Record<string, string | undefined>>;
}

const COMMAND_MS_MAX = 10_000;

/** Or why there are none. */
export function findTools(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Tools | string {
  const ip = findProgram('ip', env);
  const wg = findProgram('wg', env);
  if (ip === null) return 'there is no `ip` on PATH: install iproute2';
  if (wg === null) return 'there is no `wg` on PATH: install wireguard-tools';
  const options = { timeoutMs: COMMAND_MS_MAX, env, signal };
  return {
    ip: (words) => runCommand(ip, words, options),
    wg: (words) => runCommand(wg, words, options),
    go: findProgram('wireguard-go', env),
    env,
  };
}

/** Null when there is no such interface, or it is none of WireGuard's. */
export async function readDump({ wg }: Tools, device: string): Promise<Dump | null> {
  const { code, stdout } = await wg(['show', device, 'dump']);
  return code === 0 ? parseDump(stdout) : null;
}

/** Throws with a reason. */
export async function readMachine(tools: Tools, device: string): Promise<Machine> {
  const addresses = await tools.ip(['-j', 'address', 'show']);
  const routes4 = await tools.ip(['-j', '-4', 'route', 'show', 'dev', device]);
  const routes6 = await tools.ip(['-j', '-6', 'route', 'show', 'dev', device]);
  if (addresses.code !== 0) throw new Error(`ip address: ${complaint(addresses)}`);
  // Without the interface they complain, and print nothing.
  const texts = [addresses, routes4, routes6].map(({ stdout }) => stdout);
  const [text = '', four = '', six = ''] = texts;
  const machine = parseMachine(device, { addresses: text, routes4: four, routes6: six });
  if (machine === null) throw new Error('ip -j: not JSON, or too much of it');
  return machine;
}

/** What a program said on its standard error, last; never what it printed, which may be secret. */
export function complaint({ code, stderr, isTimedOut, failure }: CommandResult): string {
  if (failure !== null) return failure;
  if (isTimedOut) return 'it did not end in time';
  const line = stderr.trim().split('\n').at(-1) ?? '';
  const words = line.replace(/[^ -~]/g, '?').slice(0, 200);
  return words === '' ? `it ended with ${code ?? 'a signal'}` : words;
}

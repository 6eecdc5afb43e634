import * as v from 'valibot';
import { formatAddress, parseAddress } from '../../core/address.ts';
import { findProgram, lastWords, runCommand } from '../../host/command.ts';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

// The board's fixed address: a /128 of our own on tailscaled's interface, offered to the tailnet as
// a route. tailscaled takes the interface away when it stops, so it is looked after at every step.

export interface AddressTool {
  /** What is on the device now; null while there is no such device. */
  addressesOf(device: string): Promise<AddressesTold>;
  /** Adds it unless it is there. Null when it is there, else why not. */
  add(device: string, address: string): Promise<string | null>;
  remove(device: string, address: string): Promise<string | null>;
}

export type AddressesTold =
  | { ok: true; addresses: string[] | null }
  | { ok: false; reason: string };

export interface AddressToolOptions {
  env: Readonly<Record<string, string | undefined>>;
  signal: AbortSignal;
}

const COMMAND_MS_MAX = 5_000;
const ADDRESSES_MAX = 8;
const PROC_CONF = '/proc/sys/net/ipv4/conf';
const STRICT = 1;

const LINKS = v.array(
  v.object({
    addr_info: v.fallback(
      v.array(v.object({ local: v.fallback(v.string(), ''), scope: v.fallback(v.string(), '') })),
      [],
    ),
  }),
);

export function openAddressTool({ env, signal }: AddressToolOptions): AddressTool {
  async function run(words: readonly string[]) {
    // Services have a short PATH, and `ip` lies where only root looks.
    const file =
      findProgram('ip', env) ?? findProgram('ip', { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' });
    if (file === null) return null;
    return runCommand(file, words, { timeoutMs: COMMAND_MS_MAX, env, signal });
  }

  async function change(words: readonly string[], done: RegExp): Promise<string | null> {
    const result = await run(words);
    if (result === null) return NO_TOOL;
    return result.code === 0 || done.test(result.stderr) ? null : lastWords(result);
  }

  return {
    async addressesOf(device) {
      const result = await run(['-j', 'address', 'show', 'dev', device]);
      if (result === null) return { ok: false, reason: NO_TOOL };
      if (/does not exist/i.test(result.stderr)) return { ok: true, addresses: null };
      if (result.code !== 0) return { ok: false, reason: lastWords(result) };
      return { ok: true, addresses: addressesIn(result.stdout) };
    },
    add: (device, address) => change(addressWords('add', device, address), /exists|already/i),
    remove: (device, address) =>
      change(addressWords('del', device, address), /cannot (assign|find)/i),
  };
}

const NO_TOOL = 'there is no program ip: install iproute2';

/** The words of `ip` that add or remove the one address, without waiting for its detection. */
export function addressWords(verb: 'add' | 'del', device: string, address: string): string[] {
  const isV6 = address.includes(':');
  const nodad = isV6 && verb === 'add' ? ['nodad'] : [];
  return [isV6 ? '-6' : '-4', 'address', verb, hostRoute(address), 'dev', device, ...nodad];
}

/** The address as a route of one host, in canonical form. */
export function hostRoute(address: string): string {
  return `${canonical(address) ?? address}/${address.includes(':') ? 128 : 32}`;
}

/** The address of a route of one host; null for every other route. */
export function hostOf(route: string): string | null {
  const [address = '', length] = route.split('/');
  const isHost = length === undefined || length === (address.includes(':') ? '128' : '32');
  return isHost ? canonical(address) : null;
}

/** The text as RFC 5952 writes it; null when it is no address. */
export function canonical(text: string): string | null {
  const address = parseAddress(text);
  return address === null || address.zone !== null
    ? null
    : formatAddress(address.family, address.bytes);
}

/** Interfaces whose reverse path filter is strict, and would drop what comes by accepted routes. */
export function strictInterfaces(directory = PROC_CONF): string[] {
  const ofAll = filterOf(directory, 'all');
  return listed(directory)
    .filter((name) => !['all', 'default', 'lo'].includes(name))
    .filter((name) => Math.max(ofAll, filterOf(directory, name)) === STRICT);
}

/** Addresses of what `ip -j address` says, without link-local ones. */
export function addressesIn(text: string): string[] {
  const parsed = v.safeParse(LINKS, jsonOf(text));
  if (!parsed.success) return [];
  return parsed.output
    .flatMap(({ addr_info }) => addr_info)
    .filter(({ scope }) => scope !== 'link')
    .flatMap(({ local }) => canonical(local) ?? [])
    .slice(0, ADDRESSES_MAX);
}

function filterOf(directory: string, name: string): number {
  try {
    return Number(fs.readFileSync(path.join(directory, name, 'rp_filter'), 'utf8').trim());
  } catch {
    return 0;
  }
}

function listed(directory: string): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return [];
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

import { isIpv4Mapped, isLoopback, parseAddress } from '../../core/address.ts';
import type { Lease } from './lease.ts';

// What the board has learnt of whom it must reach. A resolver that is down, a lease that is not
// there yet, a cable that is out: none of that makes it forget; only something newer does.

export interface Learned {
  gateways: readonly string[];
  resolvers: readonly string[];
  timeServers: readonly string[];
  leaseServers: readonly string[];
  near: readonly string[];
  names: readonly LearnedName[];
}

export interface LearnedName {
  host: string;
  address: string;
  /** When it was last said, Unix ms. */
  seenMs: number;
}

export interface NameAnswer {
  host: string;
  addresses: readonly string[];
}

export const NOTHING_LEARNED: Learned = {
  gateways: [],
  resolvers: [],
  timeServers: [],
  leaseServers: [],
  near: [],
  names: [],
};

/** How long an address lives on that its name no longer means. */
const KEPT_MS = 7 * 86_400_000;
const ADDRESSES_MAX = 16;
const NAMES_MAX = 512;

/** What the lease says, and of what it says nothing, what was known. */
export function learnLease(before: Learned, lease: Lease): Learned {
  // Of a network that is down nothing is left to believe; of one that is up, its own word.
  const keep = (was: readonly string[], is: readonly string[]) => (is.length > 0 ? is : was);
  return {
    gateways: keep(before.gateways, lease.gateways),
    resolvers: keep(before.resolvers, lease.resolvers),
    timeServers: keep(before.timeServers, lease.timeServers),
    leaseServers: keep(before.leaseServers, lease.leaseServers),
    near: keep(before.near, lease.near),
    names: before.names,
  };
}

/** Names that were answered; the others keep what they had. */
export function learnNames(
  before: Learned,
  answers: readonly NameAnswer[],
  nowMs: number,
): Learned {
  const answered = answers
    .map(({ host, addresses }) => ({ host, addresses: addresses.filter(isMachine) }))
    .filter(({ addresses }) => addresses.length > 0);
  if (answered.length === 0) return before;
  const hosts = new Set(answered.map(({ host }) => host));
  const others = before.names.filter(({ host }) => !hosts.has(host));
  const known = answered.flatMap((answer) => {
    const old = before.names.filter(
      ({ host, address, seenMs }) =>
        host === answer.host &&
        !answer.addresses.includes(address) &&
        // A clock that was set back has seen them in the future: they stay.
        nowMs - seenMs < KEPT_MS,
    );
    const fresh = answer.addresses.map((address) => ({
      host: answer.host,
      address,
      seenMs: nowMs,
    }));
    return [...fresh, ...old].slice(0, ADDRESSES_MAX);
  });
  return { ...before, names: [...known, ...others].slice(0, NAMES_MAX) };
}

/** Only what still is asked for. */
export function forgetNames(before: Learned, hosts: ReadonlySet<string>): Learned {
  return { ...before, names: before.names.filter(({ host }) => hosts.has(host)) };
}

// A resolver of the network says what it likes: groups, all of a network and this machine itself
// are nobody whom a name can mean.
function isMachine(text: string): boolean {
  const address = parseAddress(text);
  if (address === null || isLoopback(address) || isIpv4Mapped(address.bytes)) return false;
  const [first = 0] = address.bytes;
  if (address.family === 'v4') return first > 0 && first < 224;
  return first !== 0xff && address.bytes.some((byte) => byte !== 0);
}

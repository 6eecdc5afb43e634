// The policy where packets are made: the last line, which believes no arithmetic that was done on a
// configuration. It has three parts, each where it costs least:
//
// - Addresses are judged when a name is resolved, and again when the policy, the configuration or
//   the machine's own links change. A packet needs no look of its own: a series and a trace have
//   one address for life.
// - Echoes leave by a wheel in WebAssembly that knows nothing of destinations. So the intervals of
//   the series that share an address are lengthened when another one comes (guard-shares.ts), and
//   what was really sent is charged here at the look that each series gets once a second anyway.
//   Who is over is stopped until the debt is paid.
// - TTL-limited probes are built one by one in TypeScript: each asks here before it goes.
import { type Address, formatAddress } from '../core/address.ts';
import { type AddressRange, formatRange } from '../core/address-range.ts';
import type { Policy } from '../core/policy.ts';
import { faultOfDestination } from '../core/policy-address.ts';
import type { MeasuredKind } from '../core/policy-caps.ts';
import { type Account, openAccount } from './guard-account.ts';
import { Shares } from './guard-shares.ts';

export interface GuardRules {
  policy: Policy;
  /** Those that it rules. */
  kinds: ReadonlySet<MeasuredKind>;
}

export interface Sent {
  /** The destination, without a zone. */
  ip: string;
  packets: number;
  /** Of all of them and their answers. */
  bytes: number;
}

export interface Guard {
  /** Null lets everything pass: the machine's owner wrote the configuration. */
  configure(rules: GuardRules | null): void;
  isRuling(kind: MeasuredKind): boolean;
  /** Why an address that `host` stands for must not be measured; null when it may be. */
  refusal(kind: MeasuredKind, host: string, address: Address): string | null;
  /** Those that may be measured, and why not when there is none. */
  screen(kind: MeasuredKind, host: string, addresses: readonly Address[]): Screened;
  /** Whether addresses are to be judged anew, because a link is another now. Once a second. */
  look(): boolean;
  /** Of echoes. */
  readonly shares: Shares;
  /** Counts what was sent. */
  charge(kind: MeasuredKind, sent: Sent): void;
  /** How long nothing more may be sent to an address, because too much was, ms. */
  holdMs(ip: string): number;
  /** How long these have to wait, ms; 0 when they may go. */
  waitMs(kind: MeasuredKind, packets: Sent): number;
  /** Counts packets that were held back. */
  holdBack(kind: MeasuredKind, packets: number): void;
  heldBack(): Readonly<Record<MeasuredKind, number>>;
}

export interface Screened {
  addresses: Address[];
  /** Of the first that was refused. */
  refusal: string | null;
}

export interface GuardOptions {
  monoMs: () => number;
  ownRanges: () => readonly AddressRange[];
}

/** Seconds of the allowed rate that may be sent at once, and packets where that is few. */
const BURST_SECONDS = 2;
const BURST_MIN = 10;
const BYTES_BURST_SECONDS = 3600;
const DAY_SECONDS = 86_400;
/** What a trace may use of a burst: echoes are charged a second at a time, and come first. */
const PROBE_SHARE = 0.75;
const ACCOUNTS_MAX = 8192;
/** Of them the policy allows the address that they stand for, and no other way to it. */
const HOSTS_OF_THE_NETWORK: readonly string[] = ['@gateway', '@resolver'];

export function openGuard({ monoMs, ownRanges }: GuardOptions): Guard {
  let rules: GuardRules | null = null;
  let booked: Policy | null = null;
  let books = openBooks(null);
  let linksBefore = '';
  const held: Record<MeasuredKind, number> = { smokeping: 0, path: 0 };
  const shares = new Shares(monoMs);

  function isRuling(kind: MeasuredKind): boolean {
    return rules?.kinds.has(kind) === true;
  }

  function refusal(kind: MeasuredKind, host: string, address: Address): string | null {
    if (rules === null || !isRuling(kind) || HOSTS_OF_THE_NETWORK.includes(host)) return null;
    const { privateRanges } = rules.policy;
    const fault = faultOfDestination(address, { ownRanges: ownRanges(), privateRanges });
    if (fault === null) return null;
    return `the policy forbids its address ${textOf(address)}: it is ${fault}`;
  }

  return {
    shares,
    isRuling,
    refusal,
    configure(next) {
      // What was sent under the same limits stays charged: a new configuration is no new budget.
      if (next !== null && next.policy !== booked) books = openBooks(next.policy);
      booked = next?.policy ?? booked;
      rules = next;
      const isRuled = next?.kinds.has('smokeping') === true;
      shares.limit(isRuled ? next.policy.packetsPerSecondPerDestination : null);
    },
    screen(kind, host, addresses) {
      const refusals = addresses.map((address) => refusal(kind, host, address));
      return {
        addresses: addresses.filter((_, at) => refusals[at] === null),
        refusal: refusals.find((reason) => reason !== null) ?? null,
      };
    },
    look() {
      if (rules === null) return false;
      const links = ownRanges().map(formatRange).join(' ');
      const isChanged = links !== linksBefore;
      linksBefore = links;
      return isChanged;
    },
    charge(kind, sent) {
      if (isRuling(kind)) books.charge(sent, monoMs());
    },
    holdMs: (ip) => books.holdMs(ip, monoMs()),
    waitMs: (kind, sent) => (isRuling(kind) ? books.waitMs(sent, monoMs()) : 0),
    holdBack(kind, packets) {
      held[kind] += packets;
    },
    heldBack: () => held,
  };
}

interface Books {
  charge(sent: Sent, nowMs: number): void;
  /** Until the debt is paid, when there is any. */
  holdMs(ip: string, nowMs: number): number;
  waitMs(sent: Sent, nowMs: number): number;
}

function openBooks(policy: Policy | null): Books {
  if (policy === null) return { charge: () => undefined, holdMs: () => 0, waitMs: () => 0 };
  const { packetsPerSecond, packetsPerSecondPerDestination: perAddress, bytesPerDay } = policy;
  const all = openAccount(packetsPerSecond, burstOf(packetsPerSecond));
  const perSecond = bytesPerDay / DAY_SECONDS;
  const bytesOfAll = openAccount(perSecond, perSecond * BYTES_BURST_SECONDS);
  const byAddress = new Map<string, Account>();

  function accountOf(ip: string, nowMs: number): Account {
    const known = byAddress.get(ip);
    if (known !== undefined) return known;
    if (byAddress.size >= ACCOUNTS_MAX) forgetIdle(byAddress, nowMs);
    const account = openAccount(perAddress, burstOf(perAddress));
    byAddress.set(ip, account);
    return account;
  }

  return {
    charge({ ip, packets, bytes }, nowMs) {
      if (packets === 0) return;
      all.charge(packets, nowMs);
      bytesOfAll.charge(bytes, nowMs);
      accountOf(ip, nowMs).charge(packets, nowMs);
    },
    holdMs(ip, nowMs) {
      const one = byAddress.get(ip);
      const accounts = one === undefined ? [all, bytesOfAll] : [all, bytesOfAll, one];
      const over = accounts.filter((account) => account.isOver(nowMs));
      return Math.max(0, ...over.map((account) => account.waitMs(0, nowMs, 0)));
    },
    waitMs({ ip, packets, bytes }, nowMs) {
      return Math.max(
        all.waitMs(packets, nowMs, PROBE_SHARE),
        bytesOfAll.waitMs(bytes, nowMs, 1),
        accountOf(ip, nowMs).waitMs(packets, nowMs, PROBE_SHARE),
      );
    },
  };
}

function burstOf(perSecond: number): number {
  return Math.max(BURST_MIN, perSecond * BURST_SECONDS);
}

/** An address whose level is 0 owes nothing; where all owe, the oldest is forgotten. */
function forgetIdle(accounts: Map<string, Account>, nowMs: number): void {
  for (const [ip, account] of accounts) if (account.level(nowMs) === 0) accounts.delete(ip);
  const oldest = accounts.keys().next();
  if (accounts.size >= ACCOUNTS_MAX && oldest.done !== true) accounts.delete(oldest.value);
}

/** Addresses by what the kernel is given: a zone makes no other destination of public ones. */
export function ipOf({ family, bytes }: Pick<Address, 'family' | 'bytes'>): string {
  return formatAddress(family, bytes);
}

function textOf({ family, bytes, zone }: Address): string {
  return formatAddress(family, bytes, zone);
}

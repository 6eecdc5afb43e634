import { parseAddress } from '../../core/address.ts';
import {
  type AddressRange,
  formatRange,
  isInRange,
  parseRange,
  rangeAround,
} from '../../core/address-range.ts';
import { isRecord } from '../../core/config-value.ts';
import type { WireguardPlan } from './wireguard-plan.ts';

// The interface as the kernel's network has it: up, its size of packets, its address, its routes;
// and the words for `ip` that mend what differs. Nothing but this interface is ever changed.

export interface Link {
  isUp: boolean;
  mtu: number;
  /** Without link-local ones. */
  addresses: readonly AddressRange[];
  /** That lead through it, by the main table; without those that the kernel made itself. */
  routes: readonly AddressRange[];
}

export interface Machine {
  /** Null when there is no such interface. */
  link: Link | null;
  /** Another text whenever an address of another interface is another. */
  place: string;
  /** Networks of the other interfaces. */
  networks: readonly { device: string; range: AddressRange }[];
}

export interface LinkWork {
  /** Words for `ip`, in order. */
  commands: readonly (readonly string[])[];
  /** Ranges that are left out, a sentence each. */
  conflicts: readonly string[];
}

const ALL_V4 = '0.0.0.0/0';
const ALL_V6 = '::/0';

/**
 * `addresses`, `routes4`, `routes6`: what `ip -j` printed. Null when that is not what it prints.
 */
export function parseMachine(
  device: string,
  texts: { addresses: string; routes4: string; routes6: string },
): Machine | null {
  const links = parseList(texts.addresses);
  const routes4 = parseList(texts.routes4);
  const routes6 = parseList(texts.routes6);
  if (links === null || routes4 === null || routes6 === null) return null;
  const routes = [...routesOf(routes4, ALL_V4), ...routesOf(routes6, ALL_V6)];
  const own = links.find((link) => link['ifname'] === device);
  const others = links.filter((link) => link !== own);
  return {
    link: own === undefined ? null : { ...linkOf(own), routes },
    place: others.map((link) => placeOf(link)).join(' '),
    networks: others.flatMap((link) =>
      rangesOf(link).map((range) => ({ device: String(link['ifname']), range })),
    ),
  };
}

/** What brings the interface to where it should be; no commands when it is there. */
export function linkWork(plan: WireguardPlan, { link, networks }: Machine): LinkWork {
  const device = plan.interface;
  const wanted = plan.address.range;
  const ranges = plan.peers.flatMap(({ allowed }) => allowed);
  const conflicts = ranges.flatMap((range) => conflictOf(range, networks));
  const routed = ranges.filter((range) => conflictOf(range, networks).length === 0);
  const commands: string[][] = [];
  const run = (words: string): void => void commands.push(words.split(' '));
  if (link?.mtu !== plan.mtu) run(`link set dev ${device} mtu ${plan.mtu}`);
  for (const extra of without(link?.addresses ?? [], [wanted])) {
    run(`address del ${formatRange(extra)} dev ${device}`);
  }
  // A tunnel has no neighbours to ask whether an address is free, and none to speak to by
  // link-local.
  if (link?.isUp !== true) run(`link set dev ${device} addrgenmode none`);
  if (without([wanted], link?.addresses ?? []).length > 0) {
    const noCheck = wanted.family === 'v6' ? ' nodad' : '';
    run(`address add ${formatRange(wanted)} dev ${device}${noCheck}`);
  }
  if (link?.isUp !== true) run(`link set dev ${device} up`);
  // Those go with the interface's last address, or when it was down.
  const kept = link?.isUp === true ? link.routes : [];
  for (const extra of without(kept, routed)) {
    run(`${flagOf(extra)} route del ${formatRange(extra)} dev ${device}`);
  }
  for (const missing of without(routed, kept)) {
    run(`${flagOf(missing)} route add ${formatRange(missing)} dev ${device} proto static`);
  }
  return { commands, conflicts };
}

/** A network that the board stands in itself stays where it is, whatever the settings say. */
function conflictOf(range: AddressRange, networks: Machine['networks']): string[] {
  const other = networks.find((network) => overlaps(network.range, range));
  if (other === undefined) return [];
  return [
    `${formatRange(range)} is not routed to its peer: this board stands in ` +
      `${formatRange(other.range)} itself, by ${other.device}`,
  ];
}

function overlaps(one: AddressRange, other: AddressRange): boolean {
  return isInRange(one, other) || isInRange(other, one);
}

function without(all: readonly AddressRange[], some: readonly AddressRange[]): AddressRange[] {
  const texts = new Set(some.map(formatRange));
  return all.filter((range) => !texts.has(formatRange(range)));
}

function flagOf({ family }: AddressRange): string {
  return family === 'v4' ? '-4' : '-6';
}

function linkOf(link: Record<string, unknown>): Omit<Link, 'routes'> {
  const flags = Array.isArray(link['flags']) ? link['flags'] : [];
  const addresses = hostsOf(link);
  return { isUp: flags.includes('UP'), mtu: Number(link['mtu']), addresses };
}

function entriesOf(link: Record<string, unknown>): { text: string; length: number }[] {
  const all = Array.isArray(link['addr_info']) ? link['addr_info'].filter(isRecord) : [];
  return all
    .filter(({ scope }) => scope !== 'link' && scope !== 'host')
    .map(({ local, prefixlen }) => ({ text: String(local), length: Number(prefixlen) }));
}

/** Addresses with the prefix that they were given with, bits behind it and all. */
function hostsOf(link: Record<string, unknown>): AddressRange[] {
  return entriesOf(link).flatMap(({ text, length }) => {
    const parsed = parseAddress(text);
    return parsed === null ? [] : [{ family: parsed.family, bytes: parsed.bytes, length }];
  });
}

function rangesOf(link: Record<string, unknown>): AddressRange[] {
  return entriesOf(link).flatMap(({ text, length }) => {
    const parsed = parseAddress(text);
    return parsed === null ? [] : [rangeAround(parsed, length)];
  });
}

function placeOf(link: Record<string, unknown>): string {
  const flags = Array.isArray(link['flags']) ? link['flags'] : [];
  const entries = entriesOf(link).map(({ text }) => text);
  return `${link['ifname']} ${flags.includes('LOWER_UP')} ${entries.join()}`;
}

/** A `dst` is `default`, an address or a range. */
function routesOf(list: readonly Record<string, unknown>[], all: string): AddressRange[] {
  return list
    .filter(({ protocol, type }) => protocol !== 'kernel' && type !== 'multicast')
    .flatMap(({ dst }) => {
      const text = dst === 'default' ? all : String(dst);
      const parsed = parseAddress(text);
      const range =
        parsed === null ? parseRange(text) : rangeAround(parsed, 8 * parsed.bytes.length);
      return range === null ? [] : [range];
    });
}

function parseList(text: string): Record<string, unknown>[] | null {
  try {
    const list: unknown = JSON.parse(text.trim() === '' ? '[]' : text);
    return Array.isArray(list) ? list.filter(isRecord) : null;
  } catch {
    return null;
  }
}

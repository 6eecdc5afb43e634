// Which addresses a stranger may make this machine send to: public unicast, and nothing else. The
// tables are IANA's registries of special-purpose addresses (RFC 6890 and its updates). Of IPv6
// only 2000::/3 is given out as unicast, so that what is reserved today need not be listed.
import { type Address, formatAddress } from './address.ts';
import { type AddressRange, formatRange, isInRange, parseRange } from './address-range.ts';

export interface AddressRules {
  /** The prefixes of this machine's own links: its neighbours, also where they are public. */
  ownRanges: readonly AddressRange[];
  /** What may be measured all the same. */
  privateRanges: readonly AddressRange[];
}

type Plain = Pick<Address, 'family' | 'bytes'>;

/** Whether nothing may be sent there. */
export function isForbiddenAddress(address: Plain, rules: AddressRules): boolean {
  return faultOfDestination(address, rules) !== null;
}

/** What kind of address it is that nothing may be sent to; null when it may be measured. */
export function faultOfDestination(address: Plain, rules: AddressRules): string | null {
  const multicast = MULTICAST.find(({ range }) => isInRange(range, address));
  // No range of a policy makes one host of a group.
  if (multicast !== undefined) return told(multicast);
  if (rules.privateRanges.some((range) => isInRange(range, address))) return null;
  const own = rules.ownRanges.find((range) => isInRange(range, address));
  if (own !== undefined) return `on a link of this machine (${formatRange(own)})`;
  return address.family === 'v4' ? faultOfIpv4(address) : faultOfIpv6(address, rules);
}

interface Special {
  range: AddressRange;
  name: string;
}

function faultOfIpv4(address: Plain): string | null {
  if (isListed(GLOBAL_IPV4, address)) return null;
  const found = SPECIAL_IPV4.find(({ range }) => isInRange(range, address));
  return found === undefined ? null : told(found);
}

// Where an IPv4 address is inside, a relay or translator sends the packet on to that one.
function faultOfIpv6(address: Plain, rules: AddressRules): string | null {
  const translated = EMBEDDING.find(({ range }) => isInRange(range, address));
  if (translated !== undefined) {
    const { from } = translated;
    const inner: Plain = { family: 'v4', bytes: address.bytes.slice(from, from + 4) };
    const fault = faultOfDestination(inner, rules);
    return fault === null ? null : `for ${formatAddress('v4', inner.bytes)}, which is ${fault}`;
  }
  const found = SPECIAL_IPV6.find(({ range }) => isInRange(range, address));
  if (found !== undefined) return told(found);
  return isListed(UNICAST_IPV6, address) ? null : 'no public unicast address';
}

function isListed(list: readonly AddressRange[], address: Plain): boolean {
  return list.some((range) => isInRange(range, address));
}

function told({ range, name }: Special): string {
  return `${name} (${formatRange(range)})`;
}

function special(text: string, name: string): Special {
  return { range: range(text), name };
}

function range(text: string): AddressRange {
  const parsed = parseRange(text);
  if (parsed === null) throw new RangeError(`${text} is no range of addresses`);
  return parsed;
}

const MULTICAST: readonly Special[] = [
  special('224.0.0.0/4', 'multicast'),
  special('ff00::/8', 'multicast'),
];

/** Globally reachable inside of 192.0.0.0/24: PCP and TURN anycast (RFC 7723, RFC 8155). */
const GLOBAL_IPV4: readonly AddressRange[] = [range('192.0.0.9/32'), range('192.0.0.10/32')];

const SPECIAL_IPV4: readonly Special[] = [
  special('0.0.0.0/8', 'this network'),
  special('10.0.0.0/8', 'private'),
  special('100.64.0.0/10', 'shared by carriers'),
  special('127.0.0.0/8', 'loopback'),
  special('169.254.0.0/16', 'link-local'),
  special('172.16.0.0/12', 'private'),
  special('192.0.0.0/24', 'for protocols'),
  special('192.0.2.0/24', 'for documentation'),
  special('192.88.99.0/24', 'formerly of 6to4 relays'),
  special('192.168.0.0/16', 'private'),
  special('198.18.0.0/15', 'for benchmarks'),
  special('198.51.100.0/24', 'for documentation'),
  special('203.0.113.0/24', 'for documentation'),
  special('240.0.0.0/4', 'reserved'),
];

/** With the byte at which the IPv4 address begins: NAT64 (RFC 6052) and 6to4 (RFC 3056). */
const EMBEDDING: readonly { range: AddressRange; from: number }[] = [
  { range: range('64:ff9b::/96'), from: 12 },
  { range: range('2002::/16'), from: 2 },
];

const UNICAST_IPV6: readonly AddressRange[] = [range('2000::/3')];

const SPECIAL_IPV6: readonly Special[] = [
  special('::/128', 'unspecified'),
  special('::1/128', 'loopback'),
  special('::ffff:0:0/96', 'IPv4-mapped'),
  special('64:ff9b:1::/48', 'for translation on the spot'),
  special('100::/64', 'discarded'),
  special('2001::/23', 'for protocols'),
  special('2001:db8::/32', 'for documentation'),
  special('3fff::/20', 'for documentation'),
  special('5f00::/16', 'for segment routing'),
  special('fc00::/7', 'private'),
  special('fe80::/10', 'link-local'),
  special('fec0::/10', 'site-local'),
];

import type { Family } from './round.ts';

// What an ICMP error means, in the words of RFC 792, RFC 1812 and RFC 4443.

type Texts = { readonly [code: number]: string; readonly _?: string };

const REASSEMBLY = 'fragment reassembly time exceeded';

const UNREACHABLE4: Texts = {
  0: 'network unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'fragmentation needed and DF set',
  5: 'source route failed',
  6: 'destination network unknown',
  7: 'destination host unknown',
  9: 'network administratively prohibited',
  10: 'host administratively prohibited',
  11: 'network unreachable for this type of service',
  12: 'host unreachable for this type of service',
  13: 'communication administratively prohibited',
};

const UNREACHABLE6: Texts = {
  0: 'no route to destination',
  1: 'communication administratively prohibited',
  2: 'beyond the scope of the source address',
  3: 'address unreachable',
  4: 'port unreachable',
  5: 'source address failed policy',
  6: 'route rejected',
};

// By type, then code; `_` stands for every code that is not told apart.
const ERRORS: Readonly<Record<Family, Readonly<Record<number, Texts>>>> = {
  v4: {
    3: UNREACHABLE4,
    11: { 0: 'time to live exceeded', 1: REASSEMBLY },
    12: { _: 'parameter problem' },
  },
  v6: {
    1: UNREACHABLE6,
    2: { _: 'packet too big' },
    3: { 0: 'hop limit exceeded', 1: REASSEMBLY },
    4: { _: 'parameter problem' },
  },
};

/** `info` is ICMP type × 256 + code, as the engine's log gives it. */
export function icmpErrorText(family: Family, info: number): string {
  const type = info >> 8;
  const code = info & 255;
  const texts = ERRORS[family][type];
  return texts?.[code] ?? texts?._ ?? `ICMP type ${type} code ${code}`;
}

/** What an ICMP error means for a path; `unreachable` holds all reasons but a closed port. */
export type IcmpErrorKind =
  | 'time-exceeded'
  | 'port-unreachable'
  | 'unreachable'
  | 'too-big'
  | 'parameter-problem';

/** `info` is ICMP type × 256 + code. */
export function icmpErrorKind(family: Family, info: number): IcmpErrorKind {
  const kinds = ERROR_KINDS[family];
  return kinds.get(info) ?? kinds.get(info & 0xff00) ?? 'parameter-problem';
}

/** By type and code; code 0 stands for all codes of its type that are not here. */
const ERROR_KINDS: Readonly<Record<Family, ReadonlyMap<number, IcmpErrorKind>>> = {
  v4: new Map([
    [0x0300, 'unreachable'],
    [0x0303, 'port-unreachable'],
    [0x0304, 'too-big'],
    [0x0b00, 'time-exceeded'],
  ]),
  v6: new Map([
    [0x0100, 'unreachable'],
    [0x0104, 'port-unreachable'],
    [0x0200, 'too-big'],
    [0x0300, 'time-exceeded'],
  ]),
};

const SEND_ERRORS: Readonly<Record<number, string>> = {
  1: 'blocked by a filter on this machine (EPERM)',
  11: 'send buffer full (EAGAIN)',
  13: 'blocked on this machine (EACCES)',
  19: 'no such interface (ENODEV)',
  22: 'invalid argument (EINVAL)',
  90: 'larger than the interface takes (EMSGSIZE)',
  95: 'not supported by this transport (EOPNOTSUPP)',
  97: 'no socket of this family (EAFNOSUPPORT)',
  99: 'the source address is not on this machine (EADDRNOTAVAIL)',
  100: 'the network is down (ENETDOWN)',
  101: 'no route (ENETUNREACH)',
  105: 'send buffer full (ENOBUFS)',
  113: 'no route to host (EHOSTUNREACH)',
};

/** Why the kernel did not take a packet; `errno` is Linux's number. */
export function sendErrorText(errno: number): string {
  return SEND_ERRORS[errno] ?? `errno ${errno}`;
}

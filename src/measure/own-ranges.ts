// The prefixes of this machine's own links. A home network has public IPv6 addresses, too: what is
// next to us is somebody's printer, whatever its address looks like.
const os = process.getBuiltinModule('node:os');

import { parseAddress } from '../core/address.ts';
import { type AddressRange, formatRange, rangeAround } from '../core/address-range.ts';

type Interfaces = ReturnType<typeof os.networkInterfaces>;

export interface OwnRanges {
  /** As of at most a second ago. */
  read(): readonly AddressRange[];
}

/** Reading the kernel's list takes some 0.1 ms, and thousands of names may come at once. */
const FRESH_MS = 1000;
/** An interface identifier has 64 bits (RFC 4291 §2.5.1): also where DHCPv6 gave a /128. */
const IPV6_LENGTH_MAX = 64;

export function openOwnRanges(
  monoMs: () => number,
  interfaces: () => Interfaces = os.networkInterfaces,
): OwnRanges {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let ranges: readonly AddressRange[] = [];
  return {
    read() {
      const nowMs = monoMs();
      if (nowMs - readAtMs < FRESH_MS) return ranges;
      readAtMs = nowMs;
      ranges = rangesOf(interfaces());
      return ranges;
    },
  };
}

export function rangesOf(interfaces: Interfaces): AddressRange[] {
  const found = new Map<string, AddressRange>();
  for (const info of Object.values(interfaces).flatMap((list) => list ?? [])) {
    const address = parseAddress(info.address);
    const length = Number(/\/(\d+)$/.exec(info.cidr ?? '')?.[1] ?? Number.NaN);
    // Everything is no neighbour: some tunnels say so.
    if (address === null || !(length > 0)) continue;
    const most = address.family === 'v4' ? 32 : IPV6_LENGTH_MAX;
    const range = rangeAround(address, Math.min(length, most));
    found.set(formatRange(range), range);
  }
  return [...found.values()];
}

import { formatAddress, isIpv4Mapped, parseAddress } from '../../core/address.ts';

/**
 * The network that an address is counted under, /24 or /56: less than that one customer can have
 * by the thousand. Addresses that are none count together.
 */
export function sourcePrefixOf(ip: string): string {
  const address = parseAddress(ip);
  if (address === null) return 'unknown';
  const { bytes } = address;
  if (isIpv4Mapped(bytes)) return ofIpv4(bytes.subarray(12));
  if (address.family === 'v4') return ofIpv4(bytes);
  return `${formatAddress(
    'v6',
    bytes.map((byte, index) => (index < 7 ? byte : 0)),
  )}/56`;
}

function ofIpv4(bytes: Uint8Array): string {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.0/24`;
}

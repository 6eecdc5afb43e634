import { type Address, isLoopback, parseAddress } from '../../core/address.ts';
import { isInRange, parseRange } from '../../core/address-range.ts';

// By plain http the bearer can be read by everybody on the way. Over the mesh that is nobody, and
// there certificates are a nuisance; but a URL does not say which way it goes.

/** Of meshes and of networks of one's own (RFC 1918, RFC 6598, RFC 4193). */
const INNER = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']
  .map(parseRange)
  .filter((range) => range !== null);

/** What is to be said of it; null when nothing is. */
export function inClear(url: string): string | null {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'http:' || hostname === 'localhost') return null;
  const address = parseAddress(hostname.replace(/^\[|\]$/g, ''));
  if (address !== null && isInner(address)) return null;
  const where =
    address === null
      ? `whoever answers for the name ${hostname} gets the bearer`
      : `the bearer goes to ${hostname} over the Internet, readable by everybody on the way`;
  return `"url" in the section "push" is plain http: ${where}; name one of the mesh, or https`;
}

function isInner(address: Address): boolean {
  return isLoopback(address) || INNER.some((range) => isInRange(range, address));
}

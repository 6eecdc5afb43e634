import type { Address } from '../core/address.ts';
import type { Family } from '../core/round.ts';
import type { Names } from '../measure/resolution.ts';

/** The first address of a host in each of the families; a reason for each family without. */
export interface HostAddresses {
  host: string;
  found: Address[];
  reasons: string[];
}

export async function lookUpHost(
  names: Names,
  host: string,
  families: readonly Family[],
): Promise<HostAddresses> {
  const result: HostAddresses = { host, found: [], reasons: [] };
  const answers = await Promise.all(families.map((family) => names.resolve(host, family)));
  answers.forEach((answer, i) => {
    const family = families[i] === 'v6' ? 'IPv6' : 'IPv4';
    if (!answer.ok) result.reasons.push(`${family}: ${answer.reason}`);
    else result.found.push(...answer.addresses.slice(0, 1));
  });
  return result;
}

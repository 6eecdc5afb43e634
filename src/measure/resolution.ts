import type { Address } from '../core/address.ts';
import type { Family } from '../core/round.ts';

// What a name means to a measurement: for each family an address or a reason, and how long that
// holds. A family that fails does not hold up the other.

export type FamilyAnswer =
  | { ok: true; addresses: Address[]; ttlMs: number }
  | { ok: false; reason: string; ttlMs: number };

export interface Names {
  /**
   * Looks a host up in one family: an address as it is, `@gateway`, `@resolver`, the hosts file,
   * then DNS. Never throws. Answers within about five seconds.
   */
  resolve(host: string, family: Family): Promise<FamilyAnswer>;
  /** Gives up what is under way. */
  close(): void;
}

/** The address to go on with: the one in use while it is still among the answers. */
export function keepAddress(addresses: readonly Address[], inUse: Address | null): Address | null {
  const same = addresses.find((one) => inUse !== null && isSame(one, inUse));
  return same ?? addresses[0] ?? null;
}

export function isSame(a: Address, b: Address): boolean {
  return (
    a.family === b.family && a.zone === b.zone && a.bytes.every((byte, i) => byte === b.bytes[i])
  );
}

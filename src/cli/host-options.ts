// Options that all commands have that measure hosts.
import { parseAddress } from '../core/address.ts';
import { FAMILIES, type Family } from '../core/round.ts';
import { UsageError } from './command.ts';

/** -4, -6, or both of them, as with neither. */
export function familiesOf(given: Record<string, unknown>): readonly Family[] {
  if (given['4'] === given['6']) return FAMILIES;
  return given['4'] === true ? ['v4'] : ['v6'];
}

/** --source, null when not given. */
export function sourceOf(given: Record<string, unknown>): string | null {
  const source = (given['source'] as string | undefined) ?? null;
  if (source === null || parseAddress(source) !== null) return source;
  throw new UsageError(`option --source: expected an address of this machine, got "${source}"`);
}

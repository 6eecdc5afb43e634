import { type Address, parseAddress } from '../core/address.ts';
import type { Family } from '../core/round.ts';
import { readText, versionOf } from './names-file.ts';
import { isSame } from './resolution.ts';

// The hosts file, hosts(5). It is searched as text: one that blocks a hundred thousand names would
// cost far more as a table than the few look-ups that a probe makes.

export interface HostsFile {
  /** All addresses of a name (lower case, no dot at its end) in one family, in their order. */
  find(name: string, family: Family): Address[];
}

const FILE_BYTES_MAX = 16 * 1024 * 1024;

export function openHostsFile(path: string): HostsFile {
  let version: string | null = null;
  let text = '';
  let lowerText = '';

  function refresh(): void {
    const found = currentVersion(path);
    if (found === version) return;
    version = found;
    text = found === null ? '' : readText(path, FILE_BYTES_MAX);
    // As long as the text in Latin-1, and the same string where it is lower case already.
    lowerText = text.toLowerCase();
  }

  return {
    find(name, family) {
      refresh();
      return addressesIn({ text, lowerText }, name).filter((one) => one.family === family);
    },
  };
}

function currentVersion(path: string): string | null {
  try {
    return versionOf(path);
  } catch {
    // A directory on the way that may not be searched: as if it were not there.
    return null;
  }
}

function addressesIn(
  { text, lowerText }: { text: string; lowerText: string },
  name: string,
): Address[] {
  const found: Address[] = [];
  if (name === '' || name.includes('#')) return found;
  for (let at = lowerText.indexOf(name); at >= 0; at = lowerText.indexOf(name, at + 1)) {
    if (!isWhole(lowerText, at, name.length)) continue;
    const before = text.slice(lowerText.lastIndexOf('\n', at) + 1, at);
    const address = before.includes('#') ? null : parseAddress(before.trim().split(/\s/)[0] ?? '');
    if (address !== null && !found.some((one) => isSame(one, address))) found.push(address);
  }
  return found;
}

function isWhole(text: string, at: number, length: number): boolean {
  const before = text[at - 1] ?? '\n';
  const after = text[at + length] ?? '\n';
  return /\s/.test(before) && /[\s#]/.test(after);
}

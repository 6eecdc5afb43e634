const { readFileSync } = process.getBuiltinModule('node:fs');

/** The index of a network interface, or null when there is none of that name now. */
export function interfaceIndex(name: string): number | null {
  if (!/^[^/\s]{1,15}$/.test(name) || name === '.' || name === '..') return null;
  try {
    const index = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8').trim());
    return Number.isInteger(index) && index > 0 ? index : null;
  } catch {
    // The interface is not there (yet): the caller says so and tries again.
    return null;
  }
}

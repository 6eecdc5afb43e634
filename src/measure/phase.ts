// Where in its interval a series begins: spread over all series, and the same after a restart.

/** FNV-1a, 32 bits, over the UTF-16 units of the text, finished with Murmur3's mixer. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // FNV alone leaves names that differ in the last character close together.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** ms from now to the first send, in [0, intervalMs). */
export function phaseMs(target: string, family: string, intervalMs: number): number {
  return (hash32(`${family} ${target}`) / 2 ** 32) * intervalMs;
}

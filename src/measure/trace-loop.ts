// When does a path run in a circle? One address at two TTLs proves little: paths of unequal length
// behind a router that spreads single packets look the same. Two in a row that come back, or one
// that comes back twice, do not happen otherwise.

/** By TTL who answered there; null for nobody. A TTL that is not decided yet is left out. */
export type Answerers = ReadonlyMap<number, ReadonlySet<string | null>>;

/** The TTL at which the circle has been gone round once; null when there is none. */
export function loopEnd(answerers: Answerers, ttl: number): number | null {
  const seen = [...(answerers.get(ttl) ?? [])].filter((ip) => ip !== null);
  let end: number | null = null;
  for (const ip of seen) {
    const again = placesOf(answerers, ip, ttl);
    for (const other of again) {
      const found = confirm(answerers, Math.min(other, ttl), Math.max(other, ttl));
      end = least(end, found);
    }
    // Sorted, so that the second of three closes the first round.
    if (again.length > 1) end = least(end, [...again, ttl].sort((a, b) => a - b)[1] ?? null);
  }
  return end;
}

/** Other TTLs of an address. Next to each other is no circle: some routers pass on a packet whose
 * TTL has run out, and the next one answers twice. */
function placesOf(answerers: Answerers, ip: string, ttl: number): number[] {
  const places = [...answerers.keys()].filter((other) => {
    if (Math.abs(other - ttl) < 2 || answerers.get(other)?.has(ip) !== true) return false;
    return hasAnother(answerers, ip, { from: Math.min(other, ttl), until: Math.max(other, ttl) });
  });
  // Three places of one address need something else between each two of them.
  return places.filter((place, i) => {
    const before = places[i - 1];
    return before === undefined || hasAnother(answerers, ip, { from: before, until: place });
  });
}

function hasAnother(answerers: Answerers, ip: string, span: { from: number; until: number }) {
  for (let ttl = span.from + 1; ttl < span.until; ttl++) {
    const there = answerers.get(ttl);
    if (there !== undefined && !there.has(ip)) return true;
  }
  return false;
}

/** The neighbours come back as well. */
function confirm(answerers: Answerers, first: number, second: number): number | null {
  if (isSame(answerers, first - 1, second - 1)) return second - 1;
  return isSame(answerers, first + 1, second + 1) ? second : null;
}

function isSame(answerers: Answerers, a: number, b: number): boolean {
  for (const ip of answerers.get(a) ?? []) {
    if (ip !== null && answerers.get(b)?.has(ip) === true) return true;
  }
  return false;
}

function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

// Names of addresses on request (PTR records). A path is shown at once; a name that takes longer
// than its deadline is left out.
import type { Resolver } from 'node:dns/promises';

export interface ReverseNames {
  /** The name that is known by now, null when there is none (yet); begins to look for it. */
  nameOf(ip: string): string | null;
  /** Resolves when all look-ups that were begun have ended, within their deadline. */
  settled(): Promise<void>;
  close(): void;
}

const DEADLINE_MS = 1500;
const NAMES_MAX = 4096;
const NAME_LENGTH_MAX = 253;

export interface ReverseNamesOptions {
  /** Asked instead of the system's, as `127.0.0.1:5353`. */
  servers?: readonly string[];
}

export function openReverseNames({ servers }: ReverseNamesOptions = {}): ReverseNames {
  const dns = process.getBuiltinModule('node:dns').promises;
  const resolver = new dns.Resolver({ timeout: DEADLINE_MS, tries: 1 });
  if (servers !== undefined) resolver.setServers(servers);
  const names = new Map<string, string | null>();
  const asking = new Set<Promise<void>>();

  async function ask(ip: string): Promise<void> {
    const name = await within(resolver.reverse(ip), DEADLINE_MS);
    if (name !== null && name.length <= NAME_LENGTH_MAX) names.set(ip, name);
  }

  return {
    nameOf(ip) {
      const known = names.get(ip);
      if (known !== undefined) return known;
      if (names.size >= NAMES_MAX) return null;
      names.set(ip, null);
      const asked = ask(ip).finally(() => asking.delete(asked));
      asking.add(asked);
      return null;
    },
    async settled() {
      await Promise.all(asking);
    },
    close: () => resolver.cancel(),
  };
}

/** The first name; null for none, for an error, and when time is up. */
async function within(names: ReturnType<Resolver['reverse']>, ms: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  // No name, or no server that says one: a path is shown without, whatever the reason.
  const first = names.then(([name]) => name ?? null).catch(() => null);
  const name = await Promise.race([first, late]);
  clearTimeout(timer);
  return name;
}

import { promises as dns } from 'node:dns';
import { reasonOf } from '../places.ts';

// Addresses of the names of peers and login servers. The system's resolver cannot be told to stop,
// and has four threads for the whole process: without a network, 32 peers that are looked for each
// quarter of a minute would take them all, for good. So each name is asked for once at a time.

export type Resolve = (host: string) => Promise<readonly string[]>;

const RESOLVE_MS_MAX = 5000;

/** Rejects with a reason, also when that takes too long. */
export function openResolver(lookup: Resolve = lookupAll, timeoutMs = RESOLVE_MS_MAX): Resolve {
  const pending = new Map<string, Promise<readonly string[]>>();

  function ask(host: string): Promise<readonly string[]> {
    const running = pending.get(host);
    if (running !== undefined) return running;
    const asked = lookup(host).finally(() => pending.delete(host));
    // Nobody may wait for it any more.
    asked.catch(() => undefined);
    pending.set(host, asked);
    return asked;
  }

  return async (host) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${host} was not resolved in time`)), timeoutMs);
    });
    try {
      return await Promise.race([ask(host), late]);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(code === undefined ? reasonOf(error) : `${host} has no address (${code})`);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** As the resolver sorts them: what has no way out comes last (RFC 6724). */
async function lookupAll(host: string): Promise<readonly string[]> {
  const all = await dns.lookup(host, { all: true, verbatim: true });
  return all.map(({ address }) => address);
}

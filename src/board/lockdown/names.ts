const dns = process.getBuiltinModule('node:dns');

import type { NameAnswer } from './learned.ts';

// What the names of those mean that the board must reach. Asked beside the work: a resolver that
// does not answer holds nobody up.

export interface NameLooker {
  /** Starts asking for what is due. */
  refresh(): void;
  /** What was answered since this was last called. */
  take(): NameAnswer[];
  /** Resolves when nothing is asked any more, or after so long. */
  settle(timeoutMs: number): Promise<void>;
}

export interface NameLookerOptions {
  hosts: readonly string[];
  monotonicMs(): number;
  /** All addresses of a name; rejects when there are none. */
  lookup?: (host: string) => Promise<readonly string[]>;
}

/** The C library's look-ups share four threads with everything else. */
const AT_ONCE_MAX = 2;
const AGAIN_MS = 300_000;
const FAILED_MS = 10_000;

export function openNameLooker(options: NameLookerOptions): NameLooker {
  const { hosts, monotonicMs, lookup = lookupAll } = options;
  const dueMs = new Map(hosts.map((host) => [host, Number.NEGATIVE_INFINITY]));
  const underWay = new Map<string, Promise<void>>();
  let answers: NameAnswer[] = [];

  async function ask(host: string): Promise<void> {
    try {
      const addresses = await lookup(host);
      answers.push({ host, addresses });
      dueMs.set(host, monotonicMs() + AGAIN_MS);
    } catch {
      // Whoever needs the name says so; here what is known stays.
      dueMs.set(host, monotonicMs() + FAILED_MS);
    } finally {
      underWay.delete(host);
    }
  }

  function refresh(): void {
    for (const [host, due] of dueMs) {
      if (underWay.size >= AT_ONCE_MAX) return;
      if (due > monotonicMs() || underWay.has(host)) continue;
      underWay.set(host, ask(host));
    }
  }

  return {
    refresh,
    take() {
      const taken = answers;
      answers = [];
      return taken;
    },
    async settle(timeoutMs) {
      const endMs = monotonicMs() + timeoutMs;
      for (refresh(); underWay.size > 0 && monotonicMs() < endMs; refresh()) {
        await atMost(Promise.race(underWay.values()), endMs - monotonicMs());
      }
    },
  };
}

// Through the C library: /etc/hosts and what else the machine believes.
async function lookupAll(host: string): Promise<string[]> {
  const found = await dns.promises.lookup(host, { all: true });
  return found.map(({ address }) => address);
}

async function atMost(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([promise, limit]);
  clearTimeout(timer);
}

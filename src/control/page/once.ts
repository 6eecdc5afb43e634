// Secrets that are shown once. A form answers with a redirection, whose address must not hold them:
// they wait here, in memory alone, for the page that follows and for the same reader.
import { randomBytes } from 'node:crypto';

export interface Once {
  /** Gives the key that the address carries. */
  keep(reader: string, secret: string, nowMs: number): string;
  /** Null when it was shown already, is too old, or is another reader's. */
  take(reader: string, key: string | undefined, nowMs: number): string | null;
}

const LIFE_MS = 120_000;
const KEPT_MAX = 256;

export function createOnce(): Once {
  const kept = new Map<string, { reader: string; secret: string; untilMs: number }>();
  return {
    keep(reader, secret, nowMs) {
      for (const [key, { untilMs }] of kept) if (untilMs <= nowMs) kept.delete(key);
      const [oldest] = kept.keys();
      if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest);
      const key = randomBytes(16).toString('base64url');
      kept.set(key, { reader, secret, untilMs: nowMs + LIFE_MS });
      return key;
    },
    take(reader, key, nowMs) {
      const found = key === undefined ? undefined : kept.get(key);
      if (key === undefined || found === undefined || found.reader !== reader) return null;
      kept.delete(key);
      return found.untilMs > nowMs ? found.secret : null;
    },
  };
}

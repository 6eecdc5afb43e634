// Metrics of a program inside a namespace, as text, and values in it.
import { cpus } from 'node:os';
import type { Namespace } from '../test/lab/net.ts';
import { missingOf } from './inside.ts';

const SCRAPE_MS_MAX = 10_000;

/**
 * Fetches over HTTP from inside, by curl: the caller is in another network. Not on core 1, where
 * the one that is asked may have been put.
 */
export function scrape(namespace: Namespace, url: string): Promise<string> {
  const isPinned = cpus().length > 1 && missingOf('taskset').length === 0;
  const words = ['curl', '-sSf', '--max-time', '8', url];
  const [command = '', ...args] = isPinned ? ['taskset', '-c', '0', ...words] : words;
  return namespace.run(command, args, { timeoutMs: SCRAPE_MS_MAX });
}

/** The sum over all series of a name; 0 where there is none. */
export function sumOf(metrics: string, name: string): number {
  let sum = 0;
  for (const { value } of linesOf(metrics, name)) sum += value;
  return sum;
}

/** Series of a name with their labels as text. */
export function linesOf(metrics: string, name: string): { labels: string; value: number }[] {
  const pattern = new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm');
  return [...metrics.matchAll(pattern)].map(([, labels = '', value]) => ({
    labels,
    value: Number(value),
  }));
}

// Paths of pages and what they are drawn from.
import type { ProbeEvent, Round } from '../core/round.ts';
import type { ProbeSnapshot } from '../core/snapshot.ts';
import type { PageAnswer } from './api-routes.ts';
import {
  type PageInput,
  parseView,
  type RoundQuery,
  refreshSeconds,
  renderOverview,
  renderTarget,
  styleSheet,
} from './page.ts';

export interface PageSource {
  snapshot: () => ProbeSnapshot;
  rounds: (query: RoundQuery) => Promise<readonly Round[]>;
  events: () => Promise<readonly ProbeEvent[]>;
  roundMs: number;
  timeoutMs: number;
}

const HTML = 'text/html; charset=utf-8';
const TARGET = '/target/';
const YEAR = 'public, max-age=31536000, immutable';

/** The page of a decoded path, or null when there is none. */
export async function answerPage(
  source: PageSource,
  path: string,
  query: URLSearchParams,
): Promise<PageAnswer | null> {
  if (path === styleSheet.path) {
    const type = 'text/css; charset=utf-8';
    return { status: 200, body: styleSheet.body, type, headers: { 'cache-control': YEAR } };
  }
  const isOverview = path === '/';
  if (!isOverview && !path.startsWith(TARGET)) return null;
  const { rounds, roundMs, timeoutMs } = source;
  const events = await source.events();
  const snapshot = source.snapshot();
  const input: PageInput = { snapshot, rounds, events, roundMs, timeoutMs, query };
  const body = isOverview
    ? await renderOverview(input)
    : await renderTarget(input, path.slice(TARGET.length));
  if (body === null) return null;
  // A header and not a meta element: a reader who pauses it gets a page that stays as it is.
  const isPaused = parseView(query).isPaused;
  const headers: Record<string, string> = isPaused ? {} : { refresh: `${refreshSeconds(input)}` };
  return { status: 200, body, type: HTML, headers };
}

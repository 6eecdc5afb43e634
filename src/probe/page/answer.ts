// Paths of pages and what they are drawn from.
import type { ProbeEvent, Round } from '../../core/round.ts';
import type { PageAnswer } from '../api/routes.ts';
import type { DaemonSnapshot } from '../snapshot.ts';
import {
  type PageInput,
  parseView,
  type RoundQuery,
  refreshSeconds,
  renderBoard,
  renderOverview,
  renderPaths,
  renderTarget,
  styleSheet,
} from './page.ts';

export interface PageSource {
  /** With all series. */
  snapshot: () => Promise<DaemonSnapshot>;
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
  const render = rendererOf(path);
  if (render === null) return null;
  const { rounds, roundMs, timeoutMs } = source;
  const events = await source.events();
  const snapshot = await source.snapshot();
  const input: PageInput = { snapshot, rounds, events, roundMs, timeoutMs, query };
  const body = await render(input);
  if (body === null) return null;
  // A header and not a meta element: a reader who pauses it gets a page that stays as it is.
  const isPaused = parseView(query).isPaused;
  const headers: Record<string, string> = isPaused ? {} : { refresh: `${refreshSeconds(input)}` };
  return { status: 200, body, type: HTML, headers };
}

function rendererOf(path: string): ((input: PageInput) => Promise<string | null>) | null {
  if (path === '/') return renderOverview;
  if (path === '/paths') return renderPaths;
  if (path === '/board') return renderBoard;
  if (!path.startsWith(TARGET)) return null;
  return (input) => renderTarget(input, path.slice(TARGET.length));
}

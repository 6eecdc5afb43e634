// `flint fleet list`: the probes, worst first. Long lists are fetched page by page, by need.
import { isRecord } from '../../core/config-value.ts';
import { PROBE_ROW, PROBES_PAGE_MAX, type ProbeRow } from '../../core/fleet.ts';
import { formatCount } from '../../graph/format.ts';
import { EXIT } from '../command.ts';
import { optionText } from './account.ts';
import type { Column } from './columns.ts';
import { type Fleet, type Options, openFleet, readRows, slug } from './fleet.ts';
import { brokenAnswer } from './refusals.ts';
import { ago, counted, healthCell } from './text.ts';

export async function runList(words: readonly string[], options: Options): Promise<number> {
  const fleet = openFleet(options);
  const limit = options['limit'] as number;
  const found = await fetchProbes(fleet, queryOf(words, options), limit);
  if (fleet.isJson) {
    fleet.view.json({ ...found.raw, probes: found.rows });
    return EXIT.ok;
  }
  const probes = readRows(PROBE_ROW, found.rows, 'probes');
  if (found.total === 0) {
    fleet.view.line('no probe is like that; flint fleet add registers one');
    return EXIT.ok;
  }
  showProbes(fleet, probes, found.nowMs);
  const shown = found.rows.length;
  if (shown < found.total) {
    const all = `${formatCount(shown)} of ${counted(found.total, 'probe')}`;
    fleet.view.line({ text: `${all}; --limit 0 shows all`, colour: 'grey' });
  }
  return EXIT.ok;
}

interface Found {
  /** What the last answer said beside its rows. */
  raw: Record<string, unknown>;
  rows: unknown[];
  total: number;
  nowMs: number;
}

const PROGRESS_AFTER_MS = 2000;
const ROWS_MAX = 1_000_000;

const COLUMNS: readonly Column[] = [
  { head: 'NAME', widthMin: 16 },
  { head: 'HEALTH' },
  { head: 'SEEN' },
  { head: 'WHY', widthMin: 16 },
  { head: 'LOCATION', widthMin: 10, rank: 1 },
  { head: 'GROUPS', widthMin: 8, rank: 2 },
  { head: 'VERSION', widthMin: 7, rank: 5 },
  { head: 'HARDWARE', rank: 4 },
  { head: 'ADDRESS', rank: 3 },
];

function queryOf(words: readonly string[], options: Options): Record<string, string | null> {
  const group = optionText(options, 'group');
  return {
    search: words.length === 0 ? null : words.join(' '),
    group: group === null ? null : slug(group, 'option --group: a name'),
    tag: optionText(options, 'tag'),
    health: optionText(options, 'health'),
    state: optionText(options, 'state'),
    sort: optionText(options, 'sort'),
    order: optionText(options, 'order'),
  };
}

/**
 * As many rows as asked, 0 for all. A probe that changes its place between two pages is not shown
 * twice.
 */
async function fetchProbes(
  fleet: Fleet,
  query: Record<string, string | null>,
  limit: number,
): Promise<Found> {
  const wanted = limit === 0 ? ROWS_MAX : limit;
  const progress = openProgress();
  const byName = new Map<string, unknown>();
  try {
    for (let offset = 0; ; ) {
      const page = await fetchPage(fleet, query, { offset, limit: wanted - offset });
      for (const row of page.rows) byName.set(nameOf(row), row);
      offset += page.rows.length;
      if (page.rows.length === 0 || offset >= Math.min(wanted, page.total)) {
        return { ...page, rows: [...byName.values()] };
      }
      progress.tell(`${formatCount(offset)} of ${counted(page.total, 'probe')}…`);
    }
  } finally {
    progress.end();
  }
}

async function fetchPage(
  fleet: Fleet,
  query: Record<string, string | null>,
  { offset, limit }: { offset: number; limit: number },
): Promise<Found> {
  const what = 'list the probes';
  const { body, nowMs } = await fleet.client.call({
    method: 'GET',
    path: '/probes',
    query: {
      ...query,
      limit: String(Math.min(PROBES_PAGE_MAX, limit)),
      offset: offset === 0 ? null : String(offset),
    },
    what,
  });
  const { probes, total } = isRecord(body) ? body : {};
  if (!isRecord(body) || !Array.isArray(probes) || typeof total !== 'number') {
    throw brokenAnswer({ origin: fleet.client.origin, what }, 'it has no list "probes" and total');
  }
  return { raw: body, rows: probes, total, nowMs };
}

function nameOf(row: unknown): string {
  return isRecord(row) && typeof row['name'] === 'string' ? row['name'] : JSON.stringify(row);
}

function openProgress(): { tell(text: string): void; end(): void } {
  const fromMs = performance.now();
  let isShown = false;
  return {
    tell: (text) => {
      if (process.stderr.isTTY !== true) return;
      if (performance.now() - fromMs < PROGRESS_AFTER_MS) return;
      process.stderr.write(`\r\u001b[K${text}`);
      isShown = true;
    },
    end: () => {
      if (isShown) process.stderr.write('\r\u001b[K');
    },
  };
}

export function showProbes({ view }: Fleet, probes: readonly ProbeRow[], nowMs: number): void {
  const rows = probes.map((probe) => [
    probe.name,
    healthCell(probe.health),
    ago(probe.seenMs, nowMs),
    probe.reason,
    probe.location,
    probe.groups.join(','),
    probe.version ?? '',
    probe.hardware,
    probe.address ?? '',
  ]);
  view.table(COLUMNS, rows);
}

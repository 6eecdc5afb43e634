// `flint fleet status`: who asks, which control answers, and what hurts there.
import * as v from 'valibot';
import { isRecord } from '../../core/config-value.ts';
import { ProbeError } from '../../core/error.ts';
import { PROBE_HEALTHS, PROBE_ROW, type ProbeHealth } from '../../core/fleet.ts';
import { EXIT } from '../command.ts';
import { version } from '../version.ts';
import type { Cell } from './columns.ts';
import { type Fleet, type Options, openFleet, readAnswer, readRows } from './fleet.ts';
import { showProbes } from './list.ts';
import { counted, healthCell } from './text.ts';

export async function runStatus(_words: readonly string[], options: Options): Promise<number> {
  const fleet = openFleet(options);
  const who = { method: 'GET', path: '/session', what: 'see who you are' } as const;
  // First, and alone: without it every other question would only be refused, too.
  const session = await readAnswer(fleet, who, SESSION);
  const [overview, controlVersion, counts, worst, boards] = await Promise.all([
    readOverview(fleet),
    readVersion(fleet),
    readCounts(fleet),
    readWorst(fleet),
    readBoardCount(fleet),
  ]);
  const { origin } = fleet.client;
  if (fleet.isJson) {
    const { raw } = session;
    const versions = { control: controlVersion, flint: version() };
    const { rows } = worst;
    fleet.view.json({ origin, session: raw, versions, overview, counts, boards, worst: rows });
    return EXIT.ok;
  }
  const { name, role } = session.value;
  const counted = { counts, boards, worst };
  fleet.view.facts([
    ['control', origin],
    ['logged in as', `${name} (${role})`],
    ['version', versionText(controlVersion)],
    ...countFacts(counted),
  ]);
  showTrouble(fleet, overview, counted);
  return EXIT.ok;
}

const SESSION = v.object({ name: v.string(), role: v.string() });
const NOTICE = v.object({ title: v.string(), detail: v.optional(v.string(), '') });
const WORST_SHOWN = 10;
/** A control that is older or newer may have nothing there. */
const UNTOLD: readonly string[] = ['ERR_NOT_FOUND', 'ERR_CONTROL_ANSWER'];
const ILL: readonly ProbeHealth[] = ['silent', 'trouble'];

interface Counted {
  counts: Record<ProbeHealth, number>;
  boards: number;
  worst: { rows: unknown[]; nowMs: number };
}

/** Findings in sentences, where the control tells them; null where it does not. */
async function readOverview(fleet: Fleet): Promise<Record<string, unknown> | null> {
  const call = { method: 'GET', path: '/overview', what: 'see what hurts' } as const;
  try {
    const { body } = await fleet.client.call(call);
    return isRecord(body) ? body : null;
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'ERR_NOT_FOUND') return null;
    throw error;
  }
}

async function readCounts(fleet: Fleet): Promise<Record<ProbeHealth, number>> {
  const what = 'count the probes';
  const schema = v.object({ total: v.number() });
  const entries = PROBE_HEALTHS.map(async (health) => {
    const query = { health, limit: '1' };
    const call = { method: 'GET', path: '/probes', query, what } as const;
    return [health, (await readAnswer(fleet, call, schema)).value.total] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<ProbeHealth, number>;
}

async function readWorst(fleet: Fleet): Promise<Counted['worst']> {
  const query = { sort: 'worst', limit: String(WORST_SHOWN) };
  const call = { method: 'GET', path: '/probes', query, what: 'list the probes' } as const;
  const { value, nowMs } = await readAnswer(fleet, call, v.object({ probes: v.array(v.any()) }));
  return { rows: value.probes, nowMs };
}

async function readBoardCount(fleet: Fleet): Promise<number> {
  const call = { method: 'GET', path: '/boards', what: 'list the unknown boards' } as const;
  const shape = v.object({ boards: v.array(v.unknown()) });
  return (await readAnswer(fleet, call, shape)).value.boards.length;
}

/** Of the control, as its description of the API says it; null where there is none. */
async function readVersion(fleet: Fleet): Promise<string | null> {
  const call = { method: 'GET', path: '/openapi.json', what: 'see its version' } as const;
  const shape = v.object({ info: v.object({ version: v.string() }) });
  try {
    return (await readAnswer(fleet, call, shape)).value.info.version;
  } catch (error) {
    if (error instanceof ProbeError && UNTOLD.includes(error.code)) return null;
    throw error;
  }
}

function versionText(controlVersion: string | null): string {
  const own = version();
  if (controlVersion === null) return `this flint is ${own}`;
  return controlVersion === own ? own : `${controlVersion}; this flint is ${own}`;
}

function countFacts({ counts, boards }: Counted): (readonly [string, Cell | string | null])[] {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = PROBE_HEALTHS.filter((health) => counts[health] > 0).map((health) => {
    return `${counts[health]} ${health}`;
  });
  const isIll = ILL.some((health) => counts[health] > 0);
  const text = total === 0 ? 'none yet' : `${total}: ${parts.join(', ')}`;
  return [
    ['probes', { ...healthCell(isIll ? 'trouble' : 'well'), text }],
    ['boards', boards === 0 ? null : `${counted(boards, 'unknown board')}: flint fleet boards`],
  ];
}

function showTrouble({ view, ...fleet }: Fleet, overview: unknown, { worst }: Counted): void {
  const told = isRecord(overview) && Array.isArray(overview['notices']) ? overview['notices'] : [];
  const notices = readRows(NOTICE, told, 'notices');
  const probes = readRows(PROBE_ROW, worst.rows, 'probes');
  const ill = probes.filter(({ health, state }) => ILL.includes(health) || state === 'pending');
  if (notices.length > 0) view.line('');
  for (const { title, detail } of notices) view.line(`- ${title} ${detail}`.trimEnd());
  if (ill.length === 0) return;
  view.line('');
  showProbes({ view, ...fleet }, ill, worst.nowMs);
}

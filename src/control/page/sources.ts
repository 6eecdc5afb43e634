// What pages are made of, read from the control's state.

import { setImmediate as othersTurn } from 'node:timers/promises';
import * as v from 'valibot';
import { PROBES_QUERY, type ProbeDetail, type ProbeRow } from '../../core/fleet.ts';
import type { ReportedRound } from '../../core/report.ts';
import { columnSpan } from '../../graph/column.ts';
import { spanFigures } from '../../graph/figures.ts';
import { familyName, formatPercent, formatRtt } from '../../graph/format.ts';
import { glimpse } from '../../graph/glimpse.ts';
import type { Markup } from '../../graph/smoke.ts';
import { SPANS, type Span } from '../../graph/span.ts';
import { listBoards } from '../fleet/boards.ts';
import { probeByName } from '../fleet/find.ts';
import { listProbes } from '../fleet/list.ts';
import { type FleetLook, lookAtFleet } from '../fleet/overview.ts';
import type { ControlContext } from '../request/context.ts';
import { historyOf } from '../store/history.ts';
import type { JoinInput } from './join.ts';
import type { OverviewInput } from './overview.ts';
import { type ProbeTarget, roundsKey } from './probe-graphs.ts';
import { readStatusSettings } from './status-settings.ts';

const CARDS_MAX = 24;
const REST_MAX = 40;
const HOUR_MS = 3_600_000;
/** An hour of the largest set. */
const PICTURE_ROUNDS_MAX = 31_000;
const CANDIDATES_MAX = 200;

/** All of the first page. */
export async function overviewInput(context: ControlContext): Promise<OverviewInput> {
  const look = await lookAtFleet(context);
  const query = { ...v.parse(PROBES_QUERY, {}), limit: CARDS_MAX + REST_MAX };
  const { probes } = await listProbes(context, query);
  const cards = [];
  for (const row of probes.slice(0, CARDS_MAX)) {
    cards.push({ row, ...(await pictureOf(context, row)) });
  }
  const { counts, findings, refusals, capped } = look;
  return {
    ...{ counts, findings, refusals, capped, cards },
    rest: probes.slice(CARDS_MAX),
    join: await joinInput(context),
    isStatusPublic: (await readStatusSettings(context)).isPublic,
    origin: context.config.origin,
  };
}

export async function joinInput(context: ControlContext): Promise<JoinInput> {
  const rows = await context.store.db
    .selectFrom('candidates')
    .innerJoin('probes', 'probes.id', 'candidates.probeId')
    .select(['probes.name as probe', 'probes.mac', 'candidates.fingerprint', 'candidates.version'])
    .select(['candidates.publicKey', 'candidates.model', 'candidates.hardware'])
    .select(['candidates.seenFrom', 'candidates.firstMs', 'candidates.lastMs', 'attempts'])
    .where('probes.disabledMs', 'is', null)
    .orderBy('candidates.lastMs', 'desc')
    .limit(CANDIDATES_MAX)
    .execute();
  const candidates = rows.map(({ probe, mac, ...candidate }) => ({ probe, mac, candidate }));
  return { candidates, boards: await listBoards(context) };
}

export async function groupsOf(context: ControlContext): Promise<FleetLook['groups']> {
  const rows = await context.store.db
    .selectFrom('probe_labels')
    .select('value')
    .distinct()
    .where('kind', '=', 'group')
    .orderBy('value')
    .limit(1_000)
    .execute();
  return rows.map(({ value }) => value);
}

/** Closed rounds of the series of these targets, by `roundsKey`. */
export async function roundsOfTargets(
  context: ControlContext,
  probe: ProbeDetail,
  shown: { targets: readonly ProbeTarget[]; span: Span },
): Promise<Map<string, ReportedRound[]>> {
  const history = historyOf(context);
  const rounds = new Map<string, ReportedRound[]>();
  if (history === null || shown.targets.length === 0) return rounds;
  const { id } = await probeByName(context.store.db, probe.name);
  const untilMs = context.nowMs();
  const sinceMs = untilMs - shown.span.ms;
  const wanted = new Set(shown.targets.map((target) => target.id));
  for (const round of history.roundsOf(id, { sinceMs, untilMs, targets: wanted })) {
    const list = rounds.get(roundsKey(round));
    if (list === undefined) rounds.set(roundsKey(round), [round]);
    else list.push(round);
  }
  return rounds;
}

/** Anything unknown means an hour. */
export function spanOf(name: string | undefined): Span {
  const [hour] = SPANS;
  const span = SPANS.find((one) => one.name === name) ?? hour;
  if (span === undefined) throw new RangeError('no span is defined');
  return span;
}

/** The last hour of the series that lost most; nulls where nothing was reported. */
async function pictureOf(
  context: ControlContext,
  row: ProbeRow,
): Promise<{ picture: Markup | null; words: string | null }> {
  const history = historyOf(context);
  if (history === null || row.seenMs === null) return { picture: null, words: null };
  const { id } = await probeByName(context.store.db, row.name);
  const nowMs = context.nowMs();
  const hour = { sinceMs: nowMs - HOUR_MS, untilMs: nowMs, limit: PICTURE_ROUNDS_MAX };
  const all = history.roundsOf(id, hour);
  // What one probe reported is long to read; nobody waits for more than one of them.
  await othersTurn();
  const rounds = worstSeries(all);
  const [first] = rounds;
  if (first === undefined) return { picture: null, words: null };
  const roundMs = Math.max(1000, Math.min(...rounds.map((one) => one.untilMs - one.fromMs)));
  const span = columnSpan({ nowMs, spanMs: HOUR_MS, roundMs, columnsMax: 120 });
  const what = `${row.name} to ${first.target} (${familyName(first.family)}), last hour`;
  return { picture: glimpse({ rounds, span, roundMs, what }), words: wordsOf(rounds) };
}

/** `a400 8.31 ms, no loss`. */
function wordsOf(rounds: readonly ReportedRound[]): string | null {
  const { medianNs, lossPercent } = spanFigures(rounds.filter(({ loaded }) => !loaded));
  const target = rounds[0]?.target ?? '';
  if (medianNs === null || lossPercent === null) return null;
  const loss = lossPercent === 0 ? 'no loss' : `loss ${formatPercent(lossPercent)}`;
  return `${target} ${formatRtt(medianNs)}, ${loss}`;
}

function worstSeries(all: readonly ReportedRound[]): ReportedRound[] {
  const series = new Map<string, { rounds: ReportedRound[]; sent: number; lost: number }>();
  for (const round of all) {
    const entry = series.get(roundsKey(round)) ?? { rounds: [], sent: 0, lost: 0 };
    entry.rounds.push(round);
    entry.sent += round.sent;
    entry.lost += round.lost;
    series.set(roundsKey(round), entry);
  }
  const share = ({ sent, lost }: { sent: number; lost: number }): number =>
    sent === 0 ? -1 : lost / sent;
  // Of those that lose nothing the first that stays the first: pictures must not take turns.
  const ranked = [...series.values()].sort((a, b) => share(b) - share(a));
  const [worst] = ranked;
  if (worst === undefined || worst.lost > 0) return worst?.rounds ?? [];
  return [...series.values()].find((one) => isRemote(one.rounds[0]))?.rounds ?? worst.rounds;
}

/** The own gateway says least about the line. */
function isRemote(round: ReportedRound | undefined): boolean {
  return round !== undefined && !round.target.startsWith('@') && round.target !== 'gateway';
}

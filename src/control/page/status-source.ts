// What the public status page is drawn from. Half hours that are over are counted once and kept.
import { setImmediate as othersTurn } from 'node:timers/promises';
import { judge } from '../../core/fleet-health.ts';
import type { ReportedRound } from '../../core/report.ts';
import type { PieceState } from '../../graph/day-bar.ts';
import { activeWindows, windowOf } from '../fleet/maintenance.ts';
import { parseReport } from '../fleet/rows.ts';
import type { ControlContext } from '../request/context.ts';
import { historyOf } from '../store/history.ts';
import { PIECE_MS, PIECES, type StatusInput, type StatusPlace } from './status.ts';
import { readStatusSettings, type StatusSettings } from './status-settings.ts';

const FRESH_MS = 30_000;
/** Loss of a half hour, in percent, from which it shows. */
const SOME_PERCENT = 2;
const DOWN_PERCENT = 50;

type Day = Map<number, Map<string, PieceState>>;

interface Kept {
  /** Of the targets that the settings name. */
  days: Map<number, Day>;
  daysKey: string;
  made: { atMs: number; key: string; input: StatusInput } | null;
  next: Promise<StatusInput> | null;
}

const KEPT = new WeakMap<ControlContext, Kept>();

/** Null while it is not public. */
export async function statusInput(context: ControlContext): Promise<StatusInput | null> {
  const settings = await readStatusSettings(context);
  if (!settings.isPublic) return null;
  const kept = KEPT.get(context) ?? { days: new Map(), daysKey: '', made: null, next: null };
  KEPT.set(context, kept);
  const key = JSON.stringify(settings);
  const { made } = kept;
  if (made?.key === key && Math.abs(context.nowMs() - made.atMs) < FRESH_MS) return made.input;
  kept.next ??= makeInput(context, settings, kept)
    .then((input) => {
      kept.made = { atMs: context.nowMs(), key, input };
      return input;
    })
    .finally(() => {
      kept.next = null;
    });
  return await kept.next;
}

async function makeInput(
  context: ControlContext,
  settings: StatusSettings,
  kept: Kept,
): Promise<StatusInput> {
  const daysKey = JSON.stringify(settings.targets);
  if (kept.daysKey !== daysKey) kept.days.clear();
  kept.daysKey = daysKey;
  const nowMs = context.nowMs();
  const untilMs = (Math.floor(nowMs / PIECE_MS) + 1) * PIECE_MS;
  const places: StatusPlace[] = [];
  const shown = new Set<number>();
  const targets = new Set(settings.targets.map(({ target }) => target));
  for (const { probe, name } of settings.probes) {
    const row = await readProbe(context, probe, settings.groups);
    if (row === null) continue;
    shown.add(row.id);
    const day = kept.days.get(row.id) ?? new Map();
    kept.days.set(row.id, day);
    fillDay(context, { id: row.id, day, untilMs, targets });
    await othersTurn();
    places.push({
      name,
      state: row.state,
      targets: settings.targets
        .filter(({ target }) => row.targets.has(target))
        .map(({ target, name: shownName }) => ({
          name: shownName,
          isDown: row.state !== 'unknown' && row.down.has(target),
          pieces: piecesOf(day, target, untilMs),
        })),
    });
  }
  for (const id of kept.days.keys()) if (!shown.has(id)) kept.days.delete(id);
  return { title: settings.title, text: settings.text, places, untilMs };
}

interface ProbeNow {
  id: number;
  state: StatusPlace['state'];
  targets: ReadonlySet<string>;
  down: ReadonlySet<string>;
}

async function readProbe(
  { store, nowMs }: ControlContext,
  name: string,
  groups: readonly string[],
): Promise<ProbeNow | null> {
  const { db } = store;
  const probe = await db
    .selectFrom('probes')
    .leftJoin('probe_states', 'probe_states.probeId', 'probes.id')
    .select(['probes.id', 'disabledMs', 'publicKey', 'seenMs', 'badness', 'report'])
    .where('name', '=', name)
    .executeTakeFirst();
  if (probe === undefined || probe.disabledMs !== null) return null;
  const labels = await db
    .selectFrom('probe_labels')
    .select('value')
    .where('probeId', '=', probe.id)
    .where('kind', '=', 'group')
    .execute();
  const own = labels.map(({ value }) => value);
  if (groups.length > 0 && !own.some((group) => groups.includes(group))) return null;
  const { id, seenMs, badness } = probe;
  const report = probe.report === null ? null : parseReport(probe.report);
  const now = nowMs();
  const windows = await activeWindows(db, now);
  const state = seenMs === null ? null : { seenMs, badness: badness ?? 0, report };
  const isBound = probe.publicKey !== null;
  const window = windowOf(windows, id, own);
  const { health } = judge({ nowMs: now, disabledMs: null, candidates: 0, isBound, state, window });
  const series = report?.probe?.series ?? [];
  return {
    id,
    state: STATES[health] ?? 'unknown',
    targets: new Set(series.map(({ target }) => target)),
    down: new Set(series.flatMap((one) => (one.state === 'down' ? [one.target] : []))),
  };
}

const STATES: Readonly<Record<string, StatusPlace['state']>> = {
  well: 'well',
  trouble: 'trouble',
  maintenance: 'maintenance',
};

interface Filled {
  id: number;
  day: Day;
  untilMs: number;
  targets: ReadonlySet<string>;
}

/** Late reports fill what is over, too: the last two are counted again. */
function fillDay(context: ControlContext, { id, day, untilMs, targets }: Filled): void {
  const firstMs = untilMs - PIECES * PIECE_MS;
  for (const beginMs of day.keys()) if (beginMs < firstMs) day.delete(beginMs);
  const history = historyOf(context);
  if (history === null || targets.size === 0) return;
  const begins = Array.from({ length: PIECES }, (_, piece) => firstMs + piece * PIECE_MS);
  const fresh = begins.filter((beginMs) => beginMs >= untilMs - 2 * PIECE_MS || !day.has(beginMs));
  const sinceMs = fresh[0] ?? untilMs;
  // One look for all of them: what one probe reported is read once, however it lies.
  const rounds = history.roundsOf(id, { sinceMs, untilMs: untilMs - 1, targets });
  const sums = new Map<number, Sums>(fresh.map((beginMs) => [beginMs, new Map()]));
  for (const round of rounds) count(sums, round, { firstMs: sinceMs, untilMs });
  for (const [beginMs, sum] of sums) day.set(beginMs, statesOf(sum));
}

type Sums = Map<string, { received: number; lost: number }>;

/** Into every piece that the round touches. */
function count(
  sums: ReadonlyMap<number, Sums>,
  round: ReportedRound,
  { firstMs, untilMs }: { firstMs: number; untilMs: number },
): void {
  const beginMs = Math.max(firstMs, Math.floor(round.fromMs / PIECE_MS) * PIECE_MS);
  const endMs = Math.min(untilMs - 1, round.untilMs);
  for (let piece = beginMs; piece <= endMs; piece += PIECE_MS) {
    const sum = sums.get(piece);
    if (sum === undefined) continue;
    const known = sum.get(round.target) ?? { received: 0, lost: 0 };
    known.received += round.received;
    known.lost += round.lost;
    sum.set(round.target, known);
  }
}

function statesOf(sums: Sums): Map<string, PieceState> {
  return new Map(
    [...sums].map(([target, { received, lost }]) => {
      const percent = received + lost === 0 ? null : (100 * lost) / (received + lost);
      return [target, stateOf(percent)];
    }),
  );
}

function stateOf(percent: number | null): PieceState {
  if (percent === null) return 'unknown';
  if (percent >= DOWN_PERCENT) return 'down';
  return percent >= SOME_PERCENT ? 'some' : 'well';
}

function piecesOf(day: Day, target: string, untilMs: number): PieceState[] {
  return Array.from(
    { length: PIECES },
    (_, index) => day.get(untilMs - (PIECES - index) * PIECE_MS)?.get(target) ?? 'unknown',
  );
}

// The report of the daemon to the agent as text: a whole JSON document that fits, whatever there is
// to tell. What has no room is counted, the newest rounds are the last to be left out.

import {
  type ProbeReport,
  REPORT_EVENTS_MAX,
  REPORT_PATHS_MAX,
  REPORT_ROUNDS_MAX,
  REPORT_SERIES_MAX,
  toReportedRound,
} from '../core/report.ts';
import type { ProbeEvent, Round } from '../core/round.ts';
import type { PathSnapshot, SeriesSnapshot } from '../core/snapshot.ts';
import { printable } from './printable.ts';
import type { DaemonSnapshot } from './snapshot.ts';
import { startSlice, type TimeSlice } from './time-slice.ts';

export interface ReportInput {
  snapshot: DaemonSnapshot;
  /** Those of the last minutes, oldest first. */
  rounds: readonly Round[];
  /** Rounds of that time that are kept no more. */
  roundsGone: number;
  /** Newest first. */
  events: readonly ProbeEvent[];
  nodeVersion: string;
}

/** Of the file; the agent adds little to it, and a body may have 256 KiB. */
export const REPORT_FILE_BYTES_MAX = 200 * 1024;
/** Of these the series may take so many: which do not measure comes first. */
const SERIES_BYTES_MAX = 40 * 1024;
const DETAIL_KEYS_MAX = 32;
const TEXT_LENGTH_MAX = 500;
/** Hops of a path that are told. */
const HOPS_MAX = 64;

export async function buildReport(input: ReportInput): Promise<string> {
  const slice = startSlice();
  const { snapshot, rounds, events } = input;
  const head = JSON.stringify(headOf(input)).slice(0, -1);
  const room = new Room(REPORT_FILE_BYTES_MAX - Buffer.byteLength(head) - TAIL_BYTES, slice);
  const series = sortedSeries(snapshot.series);
  const seriesText = await room.take(series, toReportedSeries, {
    countMax: REPORT_SERIES_MAX,
    bytesMax: SERIES_BYTES_MAX,
  });
  const newestFirst = [...rounds].reverse();
  const roundsText = await room.take(newestFirst, toReportedRound, { countMax: REPORT_ROUNDS_MAX });
  const eventsText = await room.take(events, toReportedEvent, { countMax: REPORT_EVENTS_MAX });
  const pathsText = await room.take(snapshot.paths, toReportedPath, { countMax: REPORT_PATHS_MAX });
  const told = newestFirst.slice(0, roundsText.length);
  const lists = [
    ['quality', JSON.stringify(qualityOf(told))],
    ['series', listOf(seriesText)],
    ['rounds', listOf(roundsText.reverse())],
    ['paths', listOf(pathsText)],
    ['events', listOf(eventsText)],
    ['leftOut', String(room.leftOut + input.roundsGone)],
  ];
  return `${head},${lists.map(([key, text]) => `"${key}":${text}`).join(',')}}\n`;
}

/** For keys, brackets, `quality` and `leftOut`. */
const TAIL_BYTES = 1024;

/** What is left of the file. */
class Room {
  leftOut = 0;
  private left: number;
  private readonly slice: TimeSlice;

  constructor(bytes: number, slice: TimeSlice) {
    this.left = bytes;
    this.slice = slice;
  }

  /** As many as fit, from the first on, each as JSON. */
  async take<Item>(
    items: readonly Item[],
    toReported: (item: Item) => object,
    { countMax, bytesMax = Number.POSITIVE_INFINITY }: { countMax: number; bytesMax?: number },
  ): Promise<string[]> {
    const texts: string[] = [];
    let room = Math.min(this.left, bytesMax);
    for (const item of items.slice(0, countMax)) {
      const text = JSON.stringify(toReported(item));
      const bytes = Buffer.byteLength(text) + 1;
      if (bytes > room) break;
      room -= bytes;
      this.left -= bytes;
      texts.push(text);
      if (this.slice.isOver()) await this.slice.next();
    }
    this.leftOut += items.length - texts.length;
    return texts;
  }
}

type Head = Omit<ProbeReport, 'quality' | 'series' | 'rounds' | 'paths' | 'events' | 'leftOut'>;

function headOf({ snapshot, nodeVersion }: ReportInput): Head {
  const { hostname, bootId, startedMs, version, addon, hardware, clock, store } = snapshot;
  const { control, policy } = snapshot;
  const lastError = store.lastError === null ? null : printable(store.lastError, TEXT_LENGTH_MAX);
  return {
    schema: 1,
    writtenMs: snapshot.nowMs,
    hostname: printable(hostname, 253),
    ...{ bootId, startedMs, version, addon, clock },
    node: nodeVersion,
    hardware: hardware === null ? null : printable(hardware, 64),
    config: {
      etag: control?.etag ?? null,
      appliedMs: control?.appliedMs ?? null,
      error: control?.error ?? null,
      unsupported: [...(control?.unsupported ?? [])],
      capped: (policy?.capped ?? []).map((text) => printable(text, TEXT_LENGTH_MAX)),
    },
    store: {
      bytes: store.bytes,
      oldestMs: wholeMs(store.oldestMs),
      errors: store.errors,
      lastError,
    },
  };
}

function listOf(texts: readonly string[]): string {
  return `[${texts.join(',')}]`;
}

/** What does not measure first: that is what is looked for. */
function sortedSeries(all: readonly SeriesSnapshot[]): SeriesSnapshot[] {
  const current = all.filter((series) => series.current);
  const isWell = ({ state }: SeriesSnapshot): boolean => state === 'measuring';
  return [...current.filter((one) => !isWell(one)), ...current.filter(isWell)];
}

function toReportedSeries(series: SeriesSnapshot): ProbeReport['series'][number] {
  const { target, host, family, ip, state, reason } = series;
  const told = reason === null ? null : printable(reason, TEXT_LENGTH_MAX);
  return { target, host, family, ip, state, reason: told };
}

function toReportedPath(snapshot: PathSnapshot): ProbeReport['paths'][number] {
  const { target, host, family, ip, protocol, state, sinceMs, path } = snapshot;
  const hops = (path?.hops ?? []).slice(0, HOPS_MAX).map((hop) => hop.ip);
  return { target, host, family, ip, protocol, state, sinceMs: wholeMs(sinceMs), hops };
}

function toReportedEvent(event: ProbeEvent): ProbeReport['events'][number] {
  const { id, kind, target, family, fromMs, untilMs, scope, detail } = event;
  const entries = Object.entries(detail)
    .slice(0, DETAIL_KEYS_MAX)
    .map(([key, value]) => {
      const told = typeof value === 'string' ? printable(value, TEXT_LENGTH_MAX) : value;
      return [printable(key, 64), told];
    });
  const times = { fromMs: Math.round(fromMs), untilMs: wholeMs(untilMs) };
  return { id, kind, target, family, ...times, scope, detail: Object.fromEntries(entries) };
}

function qualityOf(rounds: readonly Round[]): ProbeReport['quality'] {
  const sum = { kernel: 0, mixed: 0, user: 0, hardware: 0 };
  for (const { quality } of rounds) {
    sum.kernel += quality.kernel;
    sum.mixed += quality.mixed;
    sum.user += quality.user;
    sum.hardware += quality.hardware;
  }
  return sum;
}

function wholeMs(timeMs: number | null): number | null {
  return timeMs === null ? null : Math.max(0, Math.round(timeMs));
}

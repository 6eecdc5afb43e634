const fs = process.getBuiltinModule('node:fs');

import * as v from 'valibot';
import { PROBE_REPORT, type ProbeReport, REPORT_BYTES_MAX } from '../core/report.ts';
import { readWhole } from '../host/file.ts';
import { reasonOf } from './places.ts';

// What the daemon says of itself, out of its file and on its way to the control. The file holds the
// last minutes; what the control has acknowledged is left out of the next report. A round is known
// by what it is of and when it ended, so that a clock that is set back loses none.

export type ReadReport = { report: ProbeReport | null; fault: string | null };

export interface Unacknowledged {
  /** The report without what was acknowledged. */
  pick(report: ProbeReport): ProbeReport;
  /** The control has these now. */
  acknowledge(sent: ProbeReport): void;
  /** Whether the control has any figures yet. */
  hasRounds(): boolean;
}

export const FRESH_MS_MAX = 180_000;

// A file may be larger than what is sent of it.
const FILE_BYTES_MAX = 4 << 20;

/** Null while the daemon says nothing; `fault` when it says something that cannot be used. */
export function readProbeReport(
  file: string,
  owners: readonly number[],
  nowMs: number,
): ReadReport {
  try {
    const text = readWhole(file, { bytesMax: FILE_BYTES_MAX, owners });
    if (text === null) return { report: null, fault: null };
    const parsed = v.safeParse(PROBE_REPORT, JSON.parse(text), { abortEarly: true });
    if (!parsed.success) return faulty(`${file}: ${issueText(parsed.issues[0])}`);
    if (Math.abs(nowMs - parsed.output.writtenMs) > FRESH_MS_MAX) {
      return { report: null, fault: null };
    }
    return { report: parsed.output, fault: null };
  } catch (error) {
    const why = reasonOf(error);
    const isStranger = why.includes('is believed');
    return faulty(isStranger ? `${why}; --probe-user names the user of the daemon` : why);
  }
}

/** Root, ourselves, and the user of the daemon: `named` by name or number, else `flint`. */
export function believedOwners(named: string | null, passwd: string = '/etc/passwd'): number[] {
  const daemon = named !== null && /^[0-9]+$/.test(named) ? Number(named) : null;
  const found = daemon ?? userNamed(named ?? 'flint', passwd);
  const owners = [0, process.getuid?.() ?? 0, ...(found === null ? [] : [found])];
  return [...new Set(owners)];
}

export function trackAcknowledged(): Unacknowledged {
  let rounds = new Set<string>();
  let hasRounds = false;
  let events = new Map<string, string>();
  // What is no longer in the file cannot be sent again.
  let inFile: ProbeReport | null = null;

  return {
    pick(report) {
      inFile = report;
      return {
        ...report,
        rounds: report.rounds.filter((round) => !rounds.has(keyOf(round))),
        events: report.events.filter((event) => events.get(event.id) !== JSON.stringify(event)),
      };
    },
    acknowledge(sent) {
      const roundKeys = new Set(inFile?.rounds.map(keyOf));
      const sentKeys = sent.rounds.map(keyOf);
      hasRounds ||= sentKeys.length > 0;
      rounds = new Set([...rounds, ...sentKeys].filter((key) => roundKeys.has(key)));
      const ids = new Set(inFile?.events.map(({ id }) => id));
      const told = sent.events.map((event) => [event.id, JSON.stringify(event)] as const);
      events = new Map([...events, ...told].filter(([id]) => ids.has(id)));
    },
    hasRounds: () => hasRounds,
  };
}

/** Drops the oldest until `text` of it fits; what there was no room for is counted. */
export function fitting(report: ProbeReport, text: (report: ProbeReport) => string): ProbeReport {
  let fit = report;
  for (const key of ['rounds', 'paths', 'events', 'series'] as const) {
    while (fit[key].length > 0 && Buffer.byteLength(text(fit)) > REPORT_BYTES_MAX) {
      // Halved rather than counted down: each try writes the whole text.
      const kept = Math.floor(fit[key].length / 2);
      fit = {
        ...fit,
        [key]: newest(fit, key, kept),
        leftOut: fit.leftOut + fit[key].length - kept,
      };
    }
  }
  return fit;
}

// Rounds come oldest first, events newest first; of the others none is older.
function newest(report: ProbeReport, key: 'rounds' | 'paths' | 'events' | 'series', kept: number) {
  const list: readonly unknown[] = report[key];
  return key === 'rounds' ? list.slice(list.length - kept) : list.slice(0, kept);
}

function keyOf(round: ProbeReport['rounds'][number]): string {
  return `${round.target}\n${round.family}\n${round.ip}\n${round.untilMs}`;
}

function issueText(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'the whole'}: ${issue.message}`.slice(0, 400);
}

function faulty(why: string): ReadReport {
  return { report: null, fault: `the report of the daemon is not sent: ${why}`.slice(0, 500) };
}

function userNamed(name: string, passwd: string): number | null {
  try {
    const lines = fs.readFileSync(passwd, 'utf8').split('\n');
    const uid = lines.find((line) => line.startsWith(`${name}:`))?.split(':')[2];
    return uid !== undefined && /^[0-9]+$/.test(uid) ? Number(uid) : null;
  } catch {
    return null;
  }
}

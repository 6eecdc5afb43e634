// A copy of the pages as files, to be read without us: links are relative, nothing can be changed,
// and unless it is asked for nothing private is in it. It appears as a whole or not at all.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';
import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';
import { PROBES_QUERY } from '../../core/fleet.ts';
import type { ReportedRound } from '../../core/report.ts';
import { showProbe } from '../fleet/detail.ts';
import { listProbes } from '../fleet/list.ts';
import { lookAtFleet } from '../fleet/overview.ts';
import type { ControlContext } from '../request/context.ts';
import { historyOf, startHistory } from '../store/history.ts';
import {
  createNaming,
  type Naming,
  redactOverview,
  redactProbe,
  redactRow,
} from './export-redact.ts';
import { overviewPage } from './overview.ts';
import { probePage } from './probe.ts';
import { targetsOf } from './probe-graphs.ts';
import { probesPage } from './probes.ts';
import { type Frame, type Page, renderPage } from './shell.ts';
import { overviewInput, roundsOfTargets, spanOf } from './sources.ts';
import { statusPage } from './status.ts';
import { statusInput } from './status-source.ts';
import { styleSheet } from './style.ts';

export interface ExportOptions {
  /** With MAC and IP addresses, places, contacts and notes. */
  isPrivate: boolean;
}

const MARKER = '.flint-export';
const ROWS = 100;
const STYLE = 'style.css';

/**
 * Writes the pages into `directory`, in the place of an export that is there. Throws ERR_STATE_IO,
 * and ERR_CONFLICT where the directory holds something else. Gives the number of pages.
 */
export async function exportPages(
  context: ControlContext,
  directory: string,
  options: ExportOptions,
): Promise<number> {
  const target = resolve(directory);
  refuseOthers(target);
  const draft = `${target}.new-${process.pid}`;
  try {
    mkdirSync(dirname(target), { recursive: true });
    mkdirSync(join(draft, 'probes'), { recursive: true });
    writeFileSync(join(draft, MARKER), '');
    writeFileSync(join(draft, STYLE), styleSheet.body);
    const pages = await writePages(context, draft, options);
    swap(draft, target);
    return pages;
  } catch (cause) {
    rmSync(draft, { recursive: true, force: true });
    if (cause instanceof ProbeError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError('ERR_STATE_IO', `${target} cannot be written: ${why}`, { cause });
  }
}

/** For the command line: with the rounds of the state directory. */
export async function runExport(given: {
  context: ControlContext;
  stateDirectory: string;
  directory: string;
  isPrivate: boolean;
}): Promise<number> {
  const { context, stateDirectory, directory, isPrivate } = given;
  const history = historyOf(context) ?? startHistory(context, stateDirectory);
  try {
    return await exportPages(context, directory, { isPrivate });
  } finally {
    history.close();
  }
}

/** Links of the pages as the server makes them, to files of the export; others lead nowhere. */
export function relink(text: string, files: ReadonlyMap<string, string>, depth: number): string {
  const up = '../'.repeat(depth);
  return text.replace(/ (href|action)="(\/[^"]*)"/g, (_whole, name: string, link: string) => {
    const [path = ''] = link.replaceAll('&amp;', '&').split('#');
    const file = files.get(path);
    return file === undefined ? '' : ` ${name}="${up}${file}"`;
  });
}

async function writePages(
  context: ControlContext,
  draft: string,
  { isPrivate }: ExportOptions,
): Promise<number> {
  const names = await namesOf(context);
  const status = await statusInput(context);
  const files = filesOf(names, status !== null);
  const frame = frameOf(context);
  const naming = createNaming();
  let pages = 0;
  const write = async (file: string, page: Page): Promise<void> => {
    const depth = file.split('/').length - 1;
    const href = [...files].find(([, other]) => other === file)?.[0] ?? '/';
    const text = await renderPage({ ...frame, href }, page);
    writeFileSync(join(draft, file), relink(text, files, depth));
    pages++;
    await othersTurn();
  };
  const overview = await overviewInput(context);
  const shown = isPrivate
    ? { ...overview, join: { candidates: [], boards: [] } }
    : redactOverview(overview, naming);
  await write('index.html', overviewPage(frame, { ...shown, isStatusPublic: status !== null }));
  await writeLists(context, frame, { isPrivate, write, total: names.length });
  for (const name of names) {
    const page = await pageOfProbe(context, frame, { name, naming: isPrivate ? null : naming });
    if (page !== null) await write(`probes/${name}.html`, page);
  }
  if (status !== null) await write('status.html', statusPage(frame, status));
  return pages;
}

interface Lists {
  isPrivate: boolean;
  total: number;
  write: (file: string, page: Page) => Promise<void>;
}

async function writeLists(
  context: ControlContext,
  frame: Frame,
  { isPrivate, total: rows, write }: Lists,
): Promise<void> {
  const { counts, groups } = await lookAtFleet(context);
  const { origin } = context.config;
  for (let offset = 0; offset < Math.max(1, rows); offset += ROWS) {
    const query = { ...v.parse(PROBES_QUERY, {}), sort: 'name' as const, limit: ROWS, offset };
    const { probes, total } = await listProbes(context, query);
    const shown = isPrivate ? probes : probes.map(redactRow);
    const input = { query, probes: shown, total, counts, groups, origin: isPrivate ? origin : '' };
    const own = { ...frame, href: listHref(offset) };
    await write(listFile(offset), probesPage(own, input));
  }
}

/** Null for one that was removed meanwhile. */
async function pageOfProbe(
  context: ControlContext,
  frame: Frame,
  { name, naming }: { name: string; naming: Naming | null },
): Promise<Page | null> {
  try {
    const whole = await showProbe(context, name);
    const span = spanOf('24h');
    const targets = targetsOf(whole);
    const rounds = await roundsOfTargets(context, whole, { targets, span });
    const probe = naming === null ? { ...whole, candidates: [] } : redactProbe(whole, naming);
    const shown = naming === null ? rounds : namedRounds(rounds, naming);
    return probePage(frame, { probe, span, offset: 0, rounds: shown });
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'ERR_NOT_FOUND') return null;
    throw error;
  }
}

function namedRounds(
  rounds: ReadonlyMap<string, ReportedRound[]>,
  { named }: Naming,
): Map<string, ReportedRound[]> {
  return new Map([...rounds].map(([key, list]) => [named(key), named(list)]));
}

async function namesOf({ store }: ControlContext): Promise<string[]> {
  const rows = await store.db.selectFrom('probes').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}

function filesOf(names: readonly string[], hasStatus: boolean): Map<string, string> {
  const files = new Map([
    ['/', 'index.html'],
    [styleSheet.path, STYLE],
  ]);
  for (let offset = 0; offset < Math.max(1, names.length); offset += ROWS) {
    files.set(listHref(offset), listFile(offset));
  }
  for (const name of names) files.set(`/probes/${name}`, `probes/${name}.html`);
  if (hasStatus) files.set('/status', 'status.html');
  return files;
}

function listHref(offset: number): string {
  return offset === 0 ? '/probes' : `/probes?offset=${offset}`;
}

function listFile(offset: number): string {
  return offset === 0 ? 'probes.html' : `probes-${offset / ROWS + 1}.html`;
}

function frameOf({ config, version, nowMs }: ControlContext): Frame {
  return {
    house: config.title,
    version,
    nowMs: nowMs(),
    reader: null,
    csrf: '',
    href: '/',
    isPaused: true,
    done: null,
    isStatic: true,
  };
}

/** An empty directory is taken, an earlier export is replaced, all else is somebody's. */
function refuseOthers(target: string): void {
  if (!existsSync(target)) return;
  const inside = readdirSync(target);
  if (inside.length === 0 || inside.includes(MARKER)) return;
  throw new ProbeError(
    'ERR_CONFLICT',
    `${target} holds files that are not of an export: name another directory`,
  );
}

function swap(draft: string, target: string): void {
  const old = `${target}.old-${process.pid}`;
  if (existsSync(target)) renameSync(target, old);
  renameSync(draft, target);
  rmSync(old, { recursive: true, force: true });
}

import { readFigures, type VmagentFigures } from './figures.ts';
import { loadMarks } from './marks-file.ts';
import { loadPageKeys } from './page-keys.ts';
import type { PushPlaces } from './places.ts';
import type { PushSettings } from './settings.ts';

export interface PushStatus {
  isRunning: boolean;
  server: string;
  figures: VmagentFigures | null;
  /** Unix milliseconds: what waits now came after this. Null while unknown. */
  waitsSinceMs: number | null;
  lines: readonly string[];
}

/** What vmagent says now. Changes nothing. */
export async function readStatus(settings: PushSettings, places: PushPlaces): Promise<PushStatus> {
  const keys = loadPageKeys(places);
  const figures = keys === null ? null : await readFigures(settings.port, keys);
  const server = new URL(settings.url).origin;
  const oldest = figures?.pendingBytes ? loadMarks(places.marks)?.marks[0]?.timeMs : undefined;
  const waitsSinceMs = oldest ?? null;
  const status = { isRunning: figures !== null, server, figures, waitsSinceMs };
  return { ...status, lines: keys === null ? keyless(server) : linesOf(status) };
}

function keyless(server: string): string[] {
  const why = 'has no key here that we may read: never started, or only root may ask';
  return [`server    ${server}`, `vmagent   ${why}`];
}

function linesOf({ figures, server, waitsSinceMs }: Omit<PushStatus, 'lines'>): string[] {
  if (figures === null) return [`server    ${server}`, 'vmagent   does not answer'];
  const since = waitsSinceMs === null ? '' : `, since ${new Date(waitsSinceMs).toISOString()}`;
  return [
    `server    ${server}`,
    `vmagent   ${figures.version ?? 'of unknown version'}, ${figures.residentBytes} bytes resident`,
    `waiting   ${figures.pendingBytes} bytes${since}`,
    `sent      ${figures.sentBytes} bytes, ${figures.accepted} requests taken`,
    `refused   ${figures.unauthorized} for the bearer, ${figures.rejected} as bad`,
    `given up  ${figures.droppedBlocks} blocks`,
  ];
}

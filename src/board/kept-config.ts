import * as v from 'valibot';
import { isRecord } from '../core/config-value.ts';
import { ORIGIN } from '../core/enroll-wire.ts';
import { line, TIME_MS } from '../core/wire.ts';
import { readWhole, removeWhole, writeWhole } from '../host/file.ts';
import type { Log } from '../host/log.ts';
import { DOCUMENT_BYTES_MAX } from './control-exchange.ts';
import { type AgentPlaces, openHandover, reasonOf } from './places.ts';

const fs = process.getBuiltinModule('node:fs');

// The configuration that the control gave, kept for the boots without network. It is kept before
// the daemon gets it: what runs is always what would run after a power cut.

export interface KeptConfig {
  control: string;
  etag: string;
  receivedMs: number;
  document: Readonly<Record<string, unknown>>;
}

export type JudgedDocument =
  | { ok: true; document: Record<string, unknown>; etag: string }
  | { ok: false; message: string };

const ETAG = /^(?:W\/)?"[\x21\x23-\x7e]{1,90}"$/;
const KEPT = v.object({
  schema: v.literal(1),
  control: ORIGIN,
  etag: line('an ETag', 100),
  receivedMs: TIME_MS,
  document: v.looseObject({ schema: v.number() }),
});
/** What is around the document. */
const WRAPPING_BYTES_MAX = 4096;

/** What the control sent, as far as the agent judges it; the rest is for the daemon. */
export function judgeDocument(text: string, etag: string | null): JudgedDocument {
  if (Buffer.byteLength(text) > DOCUMENT_BYTES_MAX) return refuse('it is larger than 1 MiB');
  if (etag === null || !ETAG.test(etag)) return refuse('it has no ETag');
  const document = parseJson(text);
  if (!isRecord(document)) return refuse('it is no JSON object');
  if (typeof document['schema'] !== 'number') return refuse('its "schema" is no number');
  // Written again it may be longer (1E20), or nested too deep to be written at all.
  const bytes = writtenBytes(document);
  if (bytes === null) return refuse('it is nested too deep');
  if (bytes > DOCUMENT_BYTES_MAX) return refuse('it is larger than 1 MiB');
  return { ok: true, document, etag };
}

/** Whether two ETags name the same document; also where one came without its quotes. */
export function isSameEtag(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

/** Null when there is none, or none that can be read: it is fetched again. */
export function loadKept(places: AgentPlaces, log: Log): KeptConfig | null {
  try {
    const bytesMax = DOCUMENT_BYTES_MAX + WRAPPING_BYTES_MAX;
    const text = readWhole(places.config, { bytesMax, owners: [process.getuid?.() ?? 0] });
    if (text === null) return null;
    const parsed = v.safeParse(KEPT, parseJson(text));
    if (!parsed.success) throw new Error(`${places.config} is damaged`);
    const { control, etag, receivedMs, document } = parsed.output;
    return { control, etag, receivedMs, document };
  } catch (error) {
    log.warn(`the configuration is fetched again: ${reasonOf(error)}`);
    return null;
  }
}

/** Throws ERR_STATE_IO; what was kept before is then untouched. */
export function saveKept(places: AgentPlaces, kept: KeptConfig): void {
  writeWhole(places.config, `${JSON.stringify({ schema: 1, ...kept })}\n`);
}

/** Gives it to the daemon, or takes it away. Throws ERR_STATE_IO. */
export function handOver(places: AgentPlaces, kept: KeptConfig | null): void {
  openHandover(places);
  if (kept === null) {
    removeWhole(places.handedConfig);
    return;
  }
  const { etag, receivedMs, document } = kept;
  const text = JSON.stringify({ schema: 1, etag, receivedMs, document });
  writeWhole(places.handedConfig, `${text}\n`, { mode: 0o644, isDirectoryGiven: true });
}

/** Somebody may have emptied the run directory. */
export function isHanded(places: AgentPlaces, kept: KeptConfig | null): boolean {
  return fs.existsSync(places.handedConfig) === (kept !== null);
}

function writtenBytes(document: unknown): number | null {
  try {
    return Buffer.byteLength(JSON.stringify(document));
  } catch {
    return null;
  }
}

function bare(etag: string): string {
  return etag.replace(/^W\//, '').replace(/^"(.*)"$/, '$1');
}

function refuse(why: string): JudgedDocument {
  return { ok: false, message: `the configuration of the control is refused: ${why}` };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

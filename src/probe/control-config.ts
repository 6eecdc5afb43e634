// The configuration that the control gave this machine's agent, as the agent left it in the run
// directory. The agent is believed, by the owner of its file; what the control wrote is not.
const path = process.getBuiltinModule('node:path');

import { type ProbeConfig, parseProbeConfig } from '../core/config.ts';
import { isRecord, show } from '../core/config-value.ts';
import { MEASURED_KINDS, type MeasuredKind } from '../core/policy-caps.ts';
import { readWhole } from '../host/file.ts';
import { versionOf } from '../measure/names-file.ts';
import { printable } from './printable.ts';

export interface ControlConfig {
  /** As HTTP has it, with its quotes. */
  etag: string;
  /** Null leaves the name to the local configuration. */
  hostname: string | null;
  /** Only the kinds in `kinds` count. */
  measurements: ProbeConfig['measurements'];
  kinds: ReadonlySet<MeasuredKind>;
  unsupported: string[];
}

export type ControlRead =
  | { state: 'none' }
  | { state: 'document'; control: ControlConfig }
  | { state: 'refused'; error: string };

const FILE_BYTES_MAX = 1 << 20;
const ERROR_LENGTH_MAX = 1900;
const ETAG_LENGTH_MAX = 100;
const SCHEMA_VERSION = 1;
/** What only the machine itself decides. */
const LOCAL_KEYS: readonly string[] = ['listen', 'store'];

export function controlFile(runDirectory: string): string {
  return path.join(runDirectory, 'agent', 'config.json');
}

/** Another text whenever the file may be another; also when it cannot be looked at. */
export function controlVersion(file: string): string {
  try {
    return versionOf(file) ?? '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}

/** Reads and judges the file; only these users' is believed. Never throws. */
export function readControl(file: string, owners: readonly number[]): ControlRead {
  try {
    const text = readWhole(file, { bytesMax: FILE_BYTES_MAX, owners });
    return text === null ? { state: 'none' } : judgeControl(JSON.parse(text));
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

/** Judges what the file holds: `{ schema, etag, receivedMs, document }`. */
export function judgeControl(envelope: unknown): ControlRead {
  if (!isRecord(envelope)) return refused('expected an object');
  const { schema, etag, document } = envelope;
  if (schema !== SCHEMA_VERSION) {
    return refused(`schema: expected ${SCHEMA_VERSION} but got ${show(schema)}`);
  }
  if (typeof etag !== 'string' || etag === '' || etag !== printable(etag, ETAG_LENGTH_MAX)) {
    return refused(`etag: expected an ETag but got ${show(etag)}`);
  }
  const parsed = parseProbeConfig(withoutLocal(document), 'control');
  if (!parsed.ok) {
    const issues = parsed.issues.map(({ path: at, message }) =>
      at === '' ? message : `${at}: ${message}`,
    );
    return refused(`document ${etag}: ${issues.join('; ')}`);
  }
  const { hostname, measurements } = parsed.config;
  const unsupported = [...localKeysOf(document), ...parsed.unsupported]
    .map((key) => printable(key, 500))
    .slice(0, 65);
  const kinds = kindsOf(document);
  return { state: 'document', control: { etag, hostname, measurements, kinds, unsupported } };
}

function refused(error: string): ControlRead {
  const message = `the control's configuration: ${error}`;
  return { state: 'refused', error: printable(message, ERROR_LENGTH_MAX) };
}

function localKeysOf(document: unknown): string[] {
  return isRecord(document) ? LOCAL_KEYS.filter((key) => Object.hasOwn(document, key)) : [];
}

/** A fault in what is not looked at is no fault. */
function withoutLocal(document: unknown): unknown {
  if (!isRecord(document)) return document;
  return Object.fromEntries(Object.entries(document).filter(([key]) => !LOCAL_KEYS.includes(key)));
}

/** Kinds that it names, which it then rules as a whole. */
function kindsOf(document: unknown): ReadonlySet<MeasuredKind> {
  const measurements = isRecord(document) ? document['measurements'] : null;
  if (!isRecord(measurements)) return new Set();
  return new Set(MEASURED_KINDS.filter((kind) => Object.hasOwn(measurements, kind)));
}

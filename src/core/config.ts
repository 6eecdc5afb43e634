import * as v from 'valibot';
import { PATH_TARGET, type PathConfig, type PathDocument, toPathConfig } from './config-path.ts';
import {
  type ConfigDocument,
  DOCUMENT,
  SCHEMA_VERSION,
  type SmokepingDocument,
  TARGETS_MAX,
} from './config-schema.ts';
import { TARGET, type TargetConfig, toTargetConfig } from './config-target.ts';
import { clip, expecting, isRecord, show } from './config-value.ts';
import { formatDuration } from './duration.ts';

// The configuration of a probe is data, and may come from a file of this machine or from the
// control. It is first reduced to the keys that this version knows. A key beyond them is an error
// in a file, where it is a slip of the pen, and is only reported for the control, which may be
// newer than the probe. Then the schema judges the values, and last what must hold between them.

export type { PathConfig, PathTargetConfig } from './config-path.ts';
export type { TargetConfig } from './config-target.ts';

/** A configuration with every default filled in; a null hostname is for the caller to fill. */
export interface ProbeConfig {
  hostname: string | null;
  listen: { address: string; port: number };
  measurements: { smokeping: SmokepingConfig; path: PathConfig };
  store: { keepMs: number; bytesMax: number };
}

export interface SmokepingConfig {
  enable: boolean;
  /** The interval of a target that gives none itself. */
  intervalMs: number;
  roundMs: number;
  timeoutMs: number;
  targets: TargetConfig[];
}

export interface ConfigIssue {
  /** Keys joined by dots, as `measurements.smokeping.targets.3.size`; empty for the whole. */
  path: string;
  message: string;
}

export type ParsedConfig =
  | { ok: true; config: ProbeConfig; unsupported: string[] }
  | { ok: false; issues: ConfigIssue[] };

/** Packets of one target that may be on their way at once. */
const IN_FLIGHT_MAX = 500;
const ISSUES_MAX = 20;
const UNSUPPORTED_MAX = 64;

/**
 * Reads a configuration document (parsed JSON). An unknown key or kind of measurement is an issue
 * in a `local` one; from the `control` it is left out and named in `unsupported`. Never throws.
 */
export function parseProbeConfig(document: unknown, mode: 'local' | 'control'): ParsedConfig {
  const newer = faultOfVersion(document);
  if (newer !== null) return { ok: false, issues: [newer] };
  const report: Report = { unknown: [], issues: [] };
  const known = reduce(DOCUMENT, document, [], report);
  const parsed = v.safeParse(DOCUMENT, known, { abortPipeEarly: true });
  for (const issue of parsed.issues ?? []) {
    report.issues.push({ path: v.getDotPath(issue) ?? '', message: issue.message });
  }
  if (mode === 'local') report.issues.push(...report.unknown.map(toIssue));
  if (!parsed.success || report.issues.length > 0) return refused(report.issues);
  const config = toProbeConfig(parsed.output, report.issues);
  if (report.issues.length > 0) return refused(report.issues);
  return { ok: true, config, unsupported: shortened(report.unknown) };
}

interface Report {
  unknown: UnknownKey[];
  issues: ConfigIssue[];
}

interface UnknownKey {
  path: string;
  known: string[];
}

/** The parts of a valibot schema that say which keys it knows. */
interface SchemaNode {
  type: string;
  entries?: Readonly<Record<string, SchemaNode>>;
  item?: SchemaNode;
  wrapped?: SchemaNode;
}

function faultOfVersion(document: unknown): ConfigIssue | null {
  if (!isRecord(document)) return null;
  const { schema } = document;
  if (typeof schema !== 'number' || schema <= SCHEMA_VERSION) return null;
  const message = `expected ${SCHEMA_VERSION} but got ${show(schema)}`;
  return { path: 'schema', message: `${message}: a newer version of flint reads this document` };
}

// Keeps what the schema names, turns the short form of a target into the long one, and notes what
// is left. Where an object is expected an array is an issue here: to valibot it is an object.
function reduce(schema: SchemaNode, value: unknown, path: string[], report: Report): unknown {
  if (schema.wrapped !== undefined) return reduce(schema.wrapped, value, path, report);
  if (schema.item !== undefined) return reduceItems(schema.item, value, path, report);
  if (schema.entries === undefined) return value;
  const isTarget = schema === TARGET || schema === PATH_TARGET;
  if (isTarget && typeof value === 'string') return { host: value };
  if (isRecord(value)) return reduceEntries(schema.entries, value, path, report);
  if (!Array.isArray(value)) return value;
  report.issues.push({ path: path.join('.'), message: expecting('an object')({ input: value }) });
  return undefined;
}

function reduceItems(item: SchemaNode, value: unknown, path: string[], report: Report): unknown {
  if (!Array.isArray(value)) return value;
  if (value.length <= TARGETS_MAX) {
    return value.map((part, index) => reduce(item, part, [...path, String(index)], report));
  }
  const message = `expected at most ${TARGETS_MAX} but got ${value.length}`;
  report.issues.push({ path: path.join('.'), message });
  return [];
}

function reduceEntries(
  entries: Readonly<Record<string, SchemaNode>>,
  value: Record<string, unknown>,
  path: string[],
  report: Report,
): Record<string, unknown> {
  const known: [string, unknown][] = [];
  for (const [key, part] of Object.entries(value)) {
    const schema = Object.hasOwn(entries, key) ? entries[key] : undefined;
    const at = [...path, clip(key)];
    if (schema !== undefined) known.push([key, reduce(schema, part, at, report)]);
    else report.unknown.push({ path: at.join('.'), known: Object.keys(entries) });
  }
  return Object.fromEntries(known);
}

function toIssue({ path, known }: UnknownKey): ConfigIssue {
  const isKind = path.startsWith('measurements.') && path.split('.').length === 2;
  const what = isKind ? 'this version has no such measurement' : 'unknown key';
  return { path, message: `${what}: expected ${known.join(', ')}` };
}

// One issue a key is enough; the first is the most basic.
function refused(issues: readonly ConfigIssue[]): ParsedConfig {
  const first = new Map<string, ConfigIssue>();
  for (const issue of issues) if (!first.has(issue.path)) first.set(issue.path, issue);
  const shown = [...first.values()].slice(0, ISSUES_MAX);
  const rest = first.size - shown.length;
  if (rest > 0) shown.push({ path: '', message: `and ${rest} more` });
  return { ok: false, issues: shown };
}

function shortened(unknown: readonly UnknownKey[]): string[] {
  const shown = unknown.slice(0, UNSUPPORTED_MAX).map(({ path }) => path);
  const rest = unknown.length - shown.length;
  return rest > 0 ? [...shown, `and ${rest} more`] : shown;
}

function toProbeConfig(document: ConfigDocument, issues: ConfigIssue[]): ProbeConfig {
  const { hostname, listen, measurements, store } = document;
  return {
    hostname,
    listen,
    measurements: {
      smokeping: toSmokeping(measurements.smokeping, issues),
      path: toPath(measurements.path, issues),
    },
    store: { keepMs: store.keep, bytesMax: store.bytesMax },
  };
}

function toSmokeping(document: SmokepingDocument, issues: ConfigIssue[]): SmokepingConfig {
  const path = 'measurements.smokeping';
  const { enable, interval, round, timeout } = document;
  if (timeout > 2 * round) {
    const most = `at most twice the round of ${formatDuration(round)}`;
    const message = `expected ${most} but got "${formatDuration(timeout)}"`;
    issues.push({ path: `${path}.timeout`, message });
  }
  checkInterval(interval, timeout, `${path}.interval`, issues);
  const targets = document.targets.flatMap((target, index) => {
    const at = `${path}.targets.${index}`;
    if (target.interval !== undefined) {
      checkInterval(target.interval, timeout, `${at}.interval`, issues);
    }
    const result = toTargetConfig(target, interval);
    if (result.ok) return [result.target];
    issues.push({ path: `${at}.${result.path}`, message: result.message });
    return [];
  });
  if (targets.length === document.targets.length) checkIds(targets, `${path}.targets`, issues);
  return { enable, intervalMs: interval, roundMs: round, timeoutMs: timeout, targets };
}

function toPath(document: PathDocument, issues: ConfigIssue[]): PathConfig {
  const own: ConfigIssue[] = [];
  const config = toPathConfig(document, own);
  if (own.length === 0) checkIds(config.targets, 'targets', own);
  issues.push(...own.map(({ path, message }) => ({ path: `measurements.path.${path}`, message })));
  return config;
}

function checkInterval(
  intervalMs: number,
  timeoutMs: number,
  path: string,
  issues: ConfigIssue[],
): void {
  const least = Math.ceil(timeoutMs / IN_FLIGHT_MAX);
  if (intervalMs >= least) return;
  const message =
    `expected at least "${formatDuration(least)}" but got "${formatDuration(intervalMs)}": ` +
    `with a timeout of ${formatDuration(timeoutMs)} more than ${IN_FLIGHT_MAX} packets ` +
    'of one target would be on their way';
  issues.push({ path, message });
}

function checkIds(targets: readonly TargetConfig[], path: string, issues: ConfigIssue[]): void {
  const seen = new Map<string, number>();
  for (const [index, { id }] of targets.entries()) {
    const earlier = seen.get(id);
    if (earlier === undefined) {
      seen.set(id, index);
      continue;
    }
    const message = `expected an id of its own but got ${show(id)}, as target ${earlier} has`;
    issues.push({ path: `${path}.${index}.id`, message });
  }
}

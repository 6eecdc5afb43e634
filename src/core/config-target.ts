import * as v from 'valibot';
import { isIpv4Mapped, isLinkLocalIpv6, parseAddress } from './address.ts';
import {
  clip,
  duration,
  expecting,
  isRecord,
  objectMessage,
  show,
  text,
  wholeNumber,
} from './config-value.ts';
import { FAMILIES, type Family } from './round.ts';

// One target of a measurement: what may be written about it, and what it means when nothing is.

/** A target with every default filled in. */
export interface TargetConfig {
  /** What its state, graphs and events are kept under: 1–253 of [A-Za-z0-9._:@-]. */
  id: string;
  /** A name, an address, `@gateway` or `@resolver`. */
  host: string;
  /** Those worth asking for: an address has one, and a source address allows but its own. */
  families: Family[];
  intervalMs: number;
  /** Payload bytes of an echo, without the ICMP header. */
  size: number;
  tos: number;
  /** The address to send from; null leaves it to the kernel. */
  source: string | null;
  /** The interface to send through; null leaves it to the routes. */
  device: string | null;
  labels: Record<string, string>;
}

export const INTERVAL_MS_MIN = 10;
export const INTERVAL_MS_MAX = 3_600_000;

const SIZE_DEFAULT = 56;
const HOSTS_OF_THE_NETWORK: readonly string[] = ['@gateway', '@resolver'];
const HOST_NAME = /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.(?!-)[A-Za-z0-9_-]{1,63})*\.?$/;
// The last label of a name is never a number: 1.2.3.256 is an address gone wrong.
const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?$/;
const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const LABEL_TEXT = /^[^\p{Cc}\p{Cs}]{0,256}$/u;
const LABELS_MAX = 16;
const LABELS_OF_OURS: readonly string[] = [
  'target',
  'host',
  'family',
  'ip',
  'source',
  'tos',
  'le',
  'stat',
  'quality',
  'reason',
  'instance',
  'job',
];

const ID = text(
  'an id of 1 to 253 of A-Z a-z 0-9 . _ : @ - that is not "." or ".."',
  /^(?!\.{1,2}$)[A-Za-z0-9._:@-]{1,253}$/,
  253,
);

const HOST = v.pipe(
  v.string(expecting('a host name or address')),
  v.minLength(1, expecting('a host name or address')),
  v.maxLength(253, expecting('a host of at most 253 characters')),
  v.rawCheck(({ dataset, addIssue }) => {
    const fault = dataset.typed ? faultOfHost(dataset.value) : null;
    if (fault !== null) addIssue({ message: fault });
  }),
);

const FAMILY_LIST = v.pipe(
  v.array(v.picklist(FAMILIES, expecting('"v4" or "v6"')), expecting('an array of "v4", "v6"')),
  v.minLength(1, expecting('at least one of "v4", "v6"')),
  v.maxLength(2, expecting('at most "v4" and "v6"')),
  v.check((list) => new Set(list).size === list.length, 'expected each family once'),
);

const SOURCE = v.pipe(
  v.string(expecting('an IP address or null')),
  v.maxLength(64, expecting('an IP address')),
  v.check((source) => parseAddress(source) !== null, expecting('an IP address or null')),
);

const DEVICE = text('the name of an interface or null', /^(?!\.{1,2}$)[!-.0-~]{1,15}$/, 15);

const LABELS = v.pipe(
  v.custom<Record<string, unknown>>(isRecord, expecting('an object of labels')),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const faults = faultsOfLabels(dataset.value);
    for (const { key, message } of faults) {
      const item = { type: 'unknown', origin: 'value', input: dataset.value, key, value: null };
      addIssue({ message, path: [item as v.IssuePathItem] });
    }
    // Copied entry by entry: a label named `constructor` is a label and nothing else.
    return faults.length > 0
      ? NEVER
      : (Object.fromEntries(Object.entries(dataset.value)) as Labels);
  }),
);

type Labels = Record<string, string>;

export const TARGET = v.strictObject(
  {
    id: v.optional(ID),
    host: HOST,
    families: v.optional(FAMILY_LIST),
    interval: v.optional(duration(INTERVAL_MS_MIN, INTERVAL_MS_MAX)),
    size: v.optional(wholeNumber(16, 1472), SIZE_DEFAULT),
    tos: v.optional(wholeNumber(0, 255), 0),
    source: v.optional(v.nullable(SOURCE), null),
    device: v.optional(v.nullable(DEVICE), null),
    labels: v.optional(LABELS, {}),
  },
  objectMessage('a host or an object'),
);

export type TargetDocument = v.InferOutput<typeof TARGET>;

/** What the document says, or why its parts do not go together: `path` is the key at fault. */
export function toTargetConfig(
  document: TargetDocument,
  intervalMs: number,
): { ok: true; target: TargetConfig } | { ok: false; path: string; message: string } {
  const { host, source, device, size, tos, labels } = document;
  // `%` is no character of an id; the zone of an address is told by `@` instead.
  const id = document.id ?? host.replace('%', '@');
  if (isLinkLocalWithoutZone(host) && device === null) {
    const message = `expected ${host} with its interface, as ${host}%eth0, or a device`;
    return { ok: false, path: 'host', message };
  }
  const families = familiesOf(document);
  if (families.length === 0) {
    const message = `expected a family that host ${clip(host)} and source ${source} have`;
    return { ok: false, path: 'families', message: `${message} but got none` };
  }
  const interval = document.interval ?? intervalMs;
  const target = { id, host, families, intervalMs: interval, size, tos, source, device, labels };
  return { ok: true, target };
}

function familiesOf({ families, host, source }: TargetDocument): Family[] {
  const ofHost = parseAddress(host)?.family;
  const ofSource = source === null ? undefined : parseAddress(source)?.family;
  return FAMILIES.filter(
    (family) =>
      (families ?? FAMILIES).includes(family) &&
      (ofHost ?? family) === family &&
      (ofSource ?? family) === family,
  );
}

function isLinkLocalWithoutZone(host: string): boolean {
  const address = parseAddress(host);
  return address !== null && address.zone === null && isLinkLocalIpv6(address.bytes);
}

function faultOfHost(host: string): string | null {
  if (HOSTS_OF_THE_NETWORK.includes(host)) return null;
  if (host.startsWith('@')) return `expected @gateway or @resolver but got ${show(host)}`;
  const address = parseAddress(host);
  if (address !== null) return faultOfAddress(host, address.bytes);
  if (/[^\0-\x7f]/.test(host)) return `expected ${show(host)} in its ASCII form (xn--…)`;
  if (HOST_NAME.test(host) && !ENDS_IN_NUMBER.test(host)) return null;
  return `expected a host name or address but got ${show(host)}`;
}

function faultOfAddress(host: string, bytes: Uint8Array): string | null {
  const first = bytes[0] ?? 0;
  const isMulticast = bytes.length === 4 ? first >= 224 && first < 240 : first === 255;
  const isNowhere = bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 255);
  if (isMulticast || isNowhere) return `expected the address of one host but got ${host}`;
  if (isIpv4Mapped(bytes)) return `expected ${bytes.subarray(12).join('.')} but got ${host}`;
  return null;
}

function faultsOfLabels(labels: Record<string, unknown>): { key: string; message: string }[] {
  const keys = Object.keys(labels);
  if (keys.length > LABELS_MAX) {
    const message = `expected at most ${LABELS_MAX} labels but got ${keys.length}`;
    return [{ key: clip(keys[LABELS_MAX] ?? ''), message }];
  }
  return Object.entries(labels).flatMap(([key, value]) => {
    const message = faultOfLabel(key, value);
    return message === null ? [] : [{ key: clip(key), message }];
  });
}

function faultOfLabel(name: string, value: unknown): string | null {
  if (!LABEL_NAME.test(name) || name.startsWith('__')) {
    return `expected a label name of A-Z a-z 0-9 _ that begins with no digit and no __`;
  }
  if (LABELS_OF_OURS.includes(name)) return `expected another name: ${name} is set by the probe`;
  if (typeof value === 'string' && LABEL_TEXT.test(value)) return null;
  return `expected up to 256 printable characters but got ${show(value)}`;
}

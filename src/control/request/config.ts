import * as v from 'valibot';
import { isLoopback, parseAddress } from '../../core/address.ts';
import {
  duration,
  expecting,
  flag,
  objectMessage,
  text,
  wholeNumber,
} from '../../core/config-value.ts';
import { line, SLUG } from '../../core/wire.ts';

// The configuration of the control: keys, limits and defaults. Nothing has to be given; what is
// given must not open the control to the network by accident.

export interface ControlConfig {
  listen: { address: string; port: number };
  /** What boards and people call it by: scheme, host and port, no path. */
  origin: string;
  /** Addresses or prefixes of proxies whose X-Forwarded-* is believed. */
  trustedProxies: string[];
  tls: { certFile: string; keyFile: string } | null;
  /** Plain HTTP beyond this machine was asked for, in so many words. */
  insecure: boolean;
  /** Name of the organisation, shown on the pages. */
  title: string;
  /** Probes are called `<namePrefix><number>` unless named. */
  namePrefix: string;
  /** Probes get their addresses out of it, e.g. `fd00:1:2:3::/64`; null gives none. */
  addressPrefix: string | null;
  /** Rounds for graphs: how long and how many bytes at most. */
  history: { keepMs: number; bytesMax: number };
  /** Kinds of boards beside those of the program; null where nobody keeps any. */
  hardware: HardwareFolder | null;
}

export interface HardwareFolder {
  directory: string;
  /** Nobody named it: it need not be there. */
  isOptional: boolean;
}

export interface ControlIssue {
  /** Keys joined by dots; empty for the whole. */
  path: string;
  message: string;
}

export type ParsedControlConfig =
  | { ok: true; config: ControlConfig }
  | { ok: false; issues: ControlIssue[] };

const MIB = 1_048_576;

const ADDRESS = v.pipe(
  v.string(expecting('an IP address')),
  v.maxLength(64, expecting('an IP address')),
  v.check((value) => parseAddress(value) !== null, expecting('an IP address')),
);

const PREFIX_MESSAGE = expecting(
  'an address prefix whose other bits are zero, such as "fd00:1:2:3::/64" or "10.9.0.0/16"',
);

const PREFIX = v.pipe(
  v.string(PREFIX_MESSAGE),
  v.maxLength(64, PREFIX_MESSAGE),
  v.check(isPrefix, PREFIX_MESSAGE),
);

const PROXY_MESSAGE = expecting('an address or prefix of a proxy, such as "127.0.0.1"');

const PROXY = v.pipe(
  v.string(PROXY_MESSAGE),
  v.maxLength(64, PROXY_MESSAGE),
  v.check((value) => parseAddress(value) !== null || isPrefix(value), PROXY_MESSAGE),
);

const ORIGIN_MESSAGE = expecting(
  'scheme and host as people and boards write them, such as "https://control.example.net"',
);

const ORIGIN = v.pipe(
  v.string(ORIGIN_MESSAGE),
  v.maxLength(300, ORIGIN_MESSAGE),
  v.check(isOrigin, ORIGIN_MESSAGE),
);

const DIRECTORY = text('an absolute path of a directory', /^\/[^\0\n]{0,1000}$/, 1001);
const FILE = text('an absolute path of a file', /^\/[^\0\n]{0,1000}$/, 1001);

export const CONTROL_CONFIG = v.strictObject(
  {
    schema: v.literal(1, expecting('1')),
    listen: v.optional(
      v.strictObject(
        {
          address: v.optional(ADDRESS, '127.0.0.1'),
          port: v.optional(wholeNumber(0, 65_535), 8740),
        },
        objectMessage('an object'),
      ),
      {},
    ),
    origin: v.optional(v.nullable(ORIGIN), null),
    trustedProxies: v.optional(
      v.pipe(
        v.array(PROXY, expecting('an array of addresses')),
        v.maxLength(64, expecting('at most 64 proxies')),
      ),
      [],
    ),
    tls: v.optional(
      v.nullable(v.strictObject({ certFile: FILE, keyFile: FILE }, objectMessage('an object'))),
      null,
    ),
    insecure: v.optional(flag(), false),
    title: v.optional(line('a title', 100), 'Flint'),
    namePrefix: v.optional(
      v.pipe(SLUG, v.maxLength(48, expecting('a prefix of at most 48 characters'))),
      'probe',
    ),
    addressPrefix: v.optional(v.nullable(PREFIX), null),
    history: v.optional(
      v.strictObject(
        {
          keep: v.optional(duration(3_600_000, 366 * 86_400_000), '48h'),
          bytesMax: v.optional(wholeNumber(16 * MIB, 1_048_576 * MIB), 1024 * MIB),
        },
        objectMessage('an object'),
      ),
      {},
    ),
    hardwareDirectory: v.optional(v.nullable(DIRECTORY), null),
  },
  objectMessage('an object'),
);

/** Judges a document and fills in its defaults. Never throws. */
export function parseControlConfig(document: unknown): ParsedControlConfig {
  const parsed = v.safeParse(CONTROL_CONFIG, document);
  if (!parsed.success) return { ok: false, issues: parsed.issues.map(toIssue) };
  const { output } = parsed;
  const { address, port } = output.listen;
  const config: ControlConfig = {
    listen: { address, port },
    origin: output.origin ?? `${output.tls === null ? 'http' : 'https'}://${host(address)}:${port}`,
    trustedProxies: output.trustedProxies,
    tls: output.tls,
    insecure: output.insecure,
    title: output.title,
    namePrefix: output.namePrefix,
    addressPrefix: output.addressPrefix,
    history: { keepMs: output.history.keep, bytesMax: output.history.bytesMax },
    hardware: namedFolder(output.hardwareDirectory),
  };
  const issues = faults(config, output.origin !== null);
  return issues.length === 0 ? { ok: true, config } : { ok: false, issues };
}

/** Whether the text is an address of this machine that no other can reach. */
export function isLoopbackText(value: string): boolean {
  const address = parseAddress(value);
  return address !== null && isLoopback(address);
}

/** Host name of an origin or Host header, without port and brackets; null where there is none. */
export function hostNameOf(authority: string): string | null {
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::[0-9]{1,5})?$/.exec(
    authority,
  );
  return match === null ? null : (match[1] ?? match[2] ?? '').toLowerCase();
}

export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || isLoopbackText(name);
}

function namedFolder(directory: string | null): HardwareFolder | null {
  return directory === null ? null : { directory, isOptional: false };
}

function toIssue(issue: v.BaseIssue<unknown>): ControlIssue {
  return { path: v.getDotPath(issue) ?? '', message: issue.message };
}

function faults(config: ControlConfig, isOriginGiven: boolean): ControlIssue[] {
  const { listen, origin, tls, trustedProxies, insecure } = config;
  const isPlain = tls === null && trustedProxies.length === 0;
  const issues: ControlIssue[] = [];
  if (!isLoopbackText(listen.address) && isPlain && !insecure) {
    issues.push({ path: 'listen.address', message: openListen(listen.address) });
  }
  if (!isOriginGiven && isWildcard(listen.address)) {
    const message = `expected, since ${listen.address} is no address that others can call`;
    issues.push({ path: 'origin', message });
  }
  const { protocol, host: authority } = new URL(origin);
  const isHttps = protocol === 'https:';
  if (isHttps && isPlain) issues.push({ path: 'origin', message: UNPROXIED });
  if (!isHttps && tls !== null) issues.push({ path: 'origin', message: PLAIN_ORIGIN_TLS });
  if (!isHttps && !insecure && !isLoopbackName(hostNameOf(authority) ?? '') && isOriginGiven) {
    issues.push({ path: 'origin', message: PLAIN_ORIGIN });
  }
  return issues;
}

const UNPROXIED =
  'is https, so either "tls" names certFile and keyFile, or "trustedProxies" the proxy in front ' +
  '(["127.0.0.1"] for one on this machine)';
const PLAIN_ORIGIN_TLS = 'expected https, since "tls" is given';
const PLAIN_ORIGIN =
  'expected https: over plain HTTP everybody on the way reads passwords and keys ' +
  '("insecure": true permits it)';

function openListen(address: string): string {
  return (
    `${address} can be reached by others: give "tls" (certFile, keyFile), or name the proxy that ` +
    'speaks TLS in "trustedProxies", or say "insecure": true'
  );
}

function isWildcard(address: string): boolean {
  return parseAddress(address)?.bytes.every((byte) => byte === 0) === true;
}

function host(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function isOrigin(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, origin } = new URL(value);
  return (protocol === 'http:' || protocol === 'https:') && origin === value;
}

function isPrefix(value: string): boolean {
  const match = /^([0-9A-Fa-f.:]{2,45})\/([0-9]{1,3})$/.exec(value);
  const address = parseAddress(match?.[1] ?? '');
  const length = Number(match?.[2]);
  if (address === null || length > address.bytes.length * 8) return false;
  return address.bytes.every((byte, index) => {
    const kept = Math.min(8, Math.max(0, length - index * 8));
    return (byte & (0xff >> kept)) === 0;
  });
}

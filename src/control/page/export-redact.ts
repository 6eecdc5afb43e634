// What leaves with an export that strangers may read: how things are, not whose they are and where.
import { isIpv4Mapped, parseAddress } from '../../core/address.ts';
import { isAboutBoard } from '../../core/board-words.ts';
import type { ProbeDetail, ProbeRow } from '../../core/fleet.ts';
import type { Finding, Shared } from '../../core/overview.ts';
import type { OverviewInput } from './overview.ts';

/** No MAC, address, place, contact, note or tag; the name and groups stay. */
export function redactRow<Row extends ProbeRow>(row: Row): Row {
  return {
    ...row,
    mac: '',
    address: null,
    seenFrom: null,
    tags: [],
    location: '',
    contact: '',
    note: '',
    reason: isAboutBoard(row.reason) ? 'its board needs a look' : withoutAddresses(row.reason),
  };
}

export function redactProbe(probe: ProbeDetail, { named }: Naming): ProbeDetail {
  return named({
    ...redactRow(probe),
    fingerprint: null,
    sshHostKey: null,
    board: null,
    agent: null,
    candidates: [],
    config: { ...probe.config, error: null, unsupported: [], capped: [] },
    measured: probe.measured.map((series) => ({
      ...series,
      host: series.target,
      ip: publicOnly(series.ip),
      reason: series.reason === null ? null : withoutAddresses(series.reason),
    })),
    paths: probe.paths.map((path) => ({
      ...path,
      host: path.target,
      ip: publicOnly(path.ip),
      hops: path.hops.map((hop) => publicOnly(hop)),
    })),
    events: probe.events
      .filter(({ kind }) => kind !== 'foreign-key' && kind !== 'config' && kind !== 'address')
      .map((event) => ({ ...event, detail: figuresOf(event.detail) })),
  });
}

export function redactOverview(input: OverviewInput, { named }: Naming): OverviewInput {
  return {
    ...input,
    join: { candidates: [], boards: [] },
    refusals: [],
    capped: [],
    findings: named(input.findings.map(redactFinding)),
    cards: input.cards.map((card) => redactCard(card, named)),
    rest: input.rest.map(redactRow),
    origin: '',
  };
}

/** A picture is drawn already: one that has an address of somebody's own in it stays away. */
function redactCard(card: Card, named: Naming['named']): Card {
  const { picture, words } = card;
  const isNamed = picture !== null && String(picture) === named(String(picture));
  return {
    ...{ row: redactRow(card.row), words: named(words) },
    picture: isNamed ? picture : null,
  };
}

type Card = OverviewInput['cards'][number];

function redactFinding(finding: Finding): Finding {
  const shared = redactShared(finding.shared);
  return finding.kind === 'silent'
    ? { ...finding, shared, neighbours: null }
    : { ...finding, shared };
}

/** That they share a network or a place may be said; which one may not. */
function redactShared(shared: Shared | null): Shared | null {
  if (shared === null) return null;
  if (shared.kind === 'prefix') return { ...shared, value: 'one network' };
  if (shared.kind === 'location') return { ...shared, value: 'one place' };
  const isPrivateHop = shared.kind === 'hop' && publicOnly(shared.value) === null;
  return isPrivateHop ? { ...shared, value: 'one router' } : shared;
}

/** Null for addresses that are of somebody's own network. */
function publicOnly(ip: string | null): string | null {
  const address = ip === null ? null : parseAddress(ip);
  return address === null || isOfOwnNetwork(address.bytes) ? null : ip;
}

/** RFC 1918, 6598, 3927, 4193, 4291 §2.5.6, and loopback. */
function isOfOwnNetwork(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  if (isIpv4Mapped(bytes)) return isOfOwnNetwork(bytes.subarray(12));
  if (bytes.length === 16) {
    const isLoopback = bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
    return isLoopback || (first & 0xfe) === 0xfc || (first === 0xfe && (second & 0xc0) === 0x80);
  }
  if (first === 10 || first === 127) return true;
  if (first === 172) return (second & 0xf0) === 16;
  if (first === 100) return (second & 0xc0) === 64;
  return (first === 192 && second === 168) || (first === 169 && second === 254);
}

/** What may be an address, with what may stand around it. */
const ADDRESS_LIKE = /[0-9a-f:.]{3,64}/gi;

function withoutAddresses(text: string): string {
  return text.replace(ADDRESS_LIKE, (word) => (addressIn(word) === null ? word : '…'));
}

/** Ends of sentences and lists belong to no address; a port may follow one. */
function addressIn(word: string): string | null {
  const bare = word.replace(/(?<![.:])[.:]{1,3}$/, '');
  const [dotted = null] = /(?:\d{1,3}\.){3}\d{1,3}/.exec(bare) ?? [];
  const found = [bare, dotted].find((one) => one !== null && parseAddress(one) !== null);
  return found ?? null;
}

export interface Naming {
  /** The same value; in all its texts addresses of somebody's own network have names instead. */
  named<Value>(value: Value): Value;
}

/**
 * Targets are often called by their address. One network's own get numbers, the same ones on all
 * pages of an export.
 */
export function createNaming(): Naming {
  const names = new Map<string, string>();
  function nameOf(ip: string): string {
    const name = names.get(ip) ?? `private-${names.size + 1}`;
    names.set(ip, name);
    return name;
  }
  function inText(text: string): string {
    return text.replace(ADDRESS_LIKE, (word) => {
      const ip = addressIn(word);
      return ip === null || publicOnly(ip) !== null ? word : word.replace(ip, nameOf(ip));
    });
  }
  function walk(value: unknown): unknown {
    if (typeof value === 'string') return inText(value);
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one)]));
  }
  return { named: (value) => walk(value) as typeof value };
}

function figuresOf(detail: ProbeDetail['events'][number]['detail']) {
  return Object.fromEntries(
    Object.entries(detail).filter(([, value]) => typeof value === 'number'),
  );
}

// What leaves with an export that strangers may read: how things are, not whose they are and where.
import { parseAddress } from '../core/address.ts';
import type { ProbeDetail, ProbeRow } from '../core/fleet.ts';
import type { Finding, Shared } from '../core/overview.ts';
import type { OverviewInput } from './page-overview.ts';

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
    reason: withoutAddresses(row.reason),
  };
}

export function redactProbe(probe: ProbeDetail): ProbeDetail {
  return {
    ...redactRow(probe),
    fingerprint: null,
    sshHostKey: null,
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
  };
}

export function redactOverview(input: OverviewInput): OverviewInput {
  return {
    ...input,
    join: { candidates: [], boards: [] },
    refusals: [],
    capped: [],
    findings: input.findings.map(redactFinding),
    cards: input.cards.map((card) => ({ ...card, row: redactRow(card.row) })),
    rest: input.rest.map(redactRow),
    origin: '',
  };
}

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
  if (bytes.length === 16) {
    const isLoopback = bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
    return isLoopback || (first & 0xfe) === 0xfc || (first === 0xfe && (second & 0xc0) === 0x80);
  }
  if (first === 10 || first === 127) return true;
  if (first === 172) return (second & 0xf0) === 16;
  if (first === 100) return (second & 0xc0) === 64;
  return (first === 192 && second === 168) || (first === 169 && second === 254);
}

function withoutAddresses(text: string): string {
  return text.replace(/(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}/gi, '…');
}

function figuresOf(detail: ProbeDetail['events'][number]['detail']) {
  return Object.fromEntries(
    Object.entries(detail).filter(([, value]) => typeof value === 'number'),
  );
}

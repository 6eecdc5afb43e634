// From an address to a path that can be probed.
import { type Address, formatAddress, isLinkLocalIpv6, parseAddress } from '../core/address.ts';
import { sendErrorText } from '../core/icmp-text.ts';
import type { PathProtocol } from '../core/path.ts';
import type { Family } from '../core/round.ts';
import type { Engine } from '../engine/engine.ts';
import { interfaceIndex } from './device.ts';
import type { Tracer } from './tracer.ts';

export interface PathSpec {
  address: Address;
  protocol: PathProtocol;
  /** Of UDP and TCP; null for the protocol's usual one. */
  port: number | null;
  tos: number;
  source: string | null;
  device: string | null;
}

export interface OpenPath {
  trace: number;
  family: Family;
  protocol: PathProtocol;
  /** The target's address as text. */
  ip: string;
}

export type OpenedPath = { ok: true; path: OpenPath } | { ok: false; reason: string };

/** What traceroute has always used, and what most hosts and firewalls let in. */
export const PORTS: Readonly<Record<PathProtocol, number>> = { icmp: 0, udp: 33_434, tcp: 80 };

/** Throws only for what is wrong with the program's rights or limits (ProbeError). */
export function openPath(engine: Engine, tracer: Tracer, spec: PathSpec): OpenedPath {
  const { address, protocol, port, tos } = spec;
  tracer.requireProtocol(protocol);
  const { family, bytes, zone } = address;
  const device = spec.device ?? zone;
  const index = device === null ? 0 : interfaceIndex(device);
  if (index === null) return { ok: false, reason: `there is no interface ${device}` };
  const scopeId = isLinkLocalIpv6(bytes) ? index : 0;
  const route = { family, destination: sixteen(bytes), interfaceIndex: index, scopeId };
  const source = sourceBytes(engine, spec, route);
  if (typeof source === 'string') return { ok: false, reason: source };
  const trace = tracer.open({
    family,
    protocol,
    address: bytes,
    source,
    interfaceIndex: index,
    scopeId,
    tos,
    port: port ?? PORTS[protocol],
  });
  // Answers come without a zone.
  const ip = formatAddress(family, bytes);
  return { ok: true, path: { trace, family, protocol, ip } };
}

type Route = Parameters<Engine['transport']['sourceOf']>[0];

/** The source's bytes; null leaves it to the kernel; a text says why there is none. */
function sourceBytes(engine: Engine, spec: PathSpec, route: Route): Uint8Array | null | string {
  const { family } = spec.address;
  if (spec.source !== null) {
    const given = parseAddress(spec.source);
    if (given === null || given.family !== family) {
      return `its source ${spec.source} is no address of the same family`;
    }
    return given.bytes;
  }
  if (spec.protocol === 'icmp') return null;
  const found = engine.transport.sourceOf(route);
  return typeof found === 'number' ? sendErrorText(found) : found;
}

function sixteen(bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(16);
  all.set(bytes);
  return all;
}

// Targets of the benchmarks: consecutive IPv4 addresses, and how an echo to one looks.
import { type Address, formatAddress, parseAddress } from '../src/core/address.ts';
import type { SeriesSpec } from '../src/engine/engine.ts';

/** `count` IPv4 addresses in a row. */
export function consecutive(first: string, count: number): string[] {
  const start = new DataView(parse(first).bytes.buffer).getUint32(0);
  return Array.from({ length: count }, (_, i) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, start + i);
    return formatAddress('v4', bytes);
  });
}

/** An echo of 64 bytes, as ping sends it, once a second from now on. */
export function echoSpec(address: string): SeriesSpec {
  const { family, bytes } = parse(address);
  return {
    family,
    address: bytes,
    source: null,
    interfaceIndex: 0,
    scopeId: 0,
    payloadBytes: 56,
    tos: 0,
    ttl: 0,
    dontFragment: false,
    intervalMs: 1000,
    phaseMs: 0,
  };
}

function parse(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`not an address: ${text}`);
  return { ...address, bytes: Uint8Array.from(address.bytes) };
}

import { type Address, isLinkLocalIpv6, parseAddress } from '../core/address.ts';
import type { TargetConfig } from '../core/config.ts';
import type { SeriesSpec } from '../engine/engine.ts';
import { interfaceIndex } from './device.ts';
import { phaseMs } from './phase.ts';

export type SpecResult = { ok: true; spec: SeriesSpec } | { ok: false; reason: string };

/** What the engine needs to know to measure a target at an address, or why it cannot. */
export function toSpec(target: TargetConfig, address: Address): SpecResult {
  const { family, bytes, zone } = address;
  const device = target.device ?? zone;
  if (zone !== null && device !== zone) {
    return { ok: false, reason: `its address is on ${zone}, not on its device ${device}` };
  }
  const index = device === null ? 0 : interfaceIndex(device);
  if (index === null) return { ok: false, reason: `there is no interface ${device}` };
  const source = target.source === null ? null : parseAddress(target.source);
  if (source !== null && source.family !== family) {
    return { ok: false, reason: `its source ${target.source} is of the other family` };
  }
  return {
    ok: true,
    spec: {
      family,
      address: bytes,
      source: source?.bytes ?? null,
      interfaceIndex: index,
      // Ping sockets want it even where the interface is given with the packet (EINVAL otherwise).
      scopeId: isLinkLocalIpv6(bytes) ? index : 0,
      payloadBytes: target.size,
      tos: target.tos,
      ttl: 0,
      dontFragment: false,
      intervalMs: target.intervalMs,
      phaseMs: phaseMs(target.id, family, target.intervalMs),
    },
  };
}

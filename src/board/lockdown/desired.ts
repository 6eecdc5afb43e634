import { overlaps, parseInterval } from './address-set.ts';
import type { Learned } from './learned.ts';
import { type LockdownSets, type Service, setsOf } from './sets.ts';
import type { LockdownSettings } from './settings.ts';
import { type LockdownWanted, meshRanges } from './wanted.ts';

// From settings and what was learnt to the sets as they should be.

/** Names, as against addresses, that must be looked up. */
export function namesOf(settings: LockdownSettings, wanted: LockdownWanted): string[] {
  const hosts = [...wanted.endpoints.map(({ host }) => host), ...settings.infra];
  return [...new Set(hosts.filter((host) => parseInterval(host) === null))];
}

export function desiredSets(
  settings: LockdownSettings,
  wanted: LockdownWanted,
  learned: Learned,
): LockdownSets {
  const addressesOf = (host: string): string[] =>
    parseInterval(host) === null
      ? learned.names.filter((one) => one.host === host).map(({ address }) => address)
      : [host];
  const services: Service[] = wanted.endpoints.flatMap(({ host, port, protocol }) =>
    addressesOf(host).map((address) => ({ address, port, protocol })),
  );
  // Of the mesh alone: while it is down, nothing for it may leave in the clear by another way.
  const mesh = meshRanges(wanted);
  const isOfMesh = (text: string): boolean => isWithin(text, mesh);
  const endpoints = [
    ...services.map(({ address }) => address),
    ...settings.infra.flatMap(addressesOf),
  ];
  const network = [
    ...learned.gateways,
    ...learned.resolvers,
    ...learned.timeServers,
    ...learned.leaseServers,
  ];
  const infra = [
    ...network.filter((address) => !isStolen(address, { settings, wanted, learned, services })),
    ...endpoints.filter((address) => !isOfMesh(address)),
  ];
  return setsOf({ settings, wanted, infra, near: learned.near, services });
}

interface Known {
  settings: LockdownSettings;
  wanted: LockdownWanted;
  learned: Learned;
  services: readonly Service[];
}

// A network that calls the metrics server's address its resolver would be sent, in the clear, what
// is meant for the mesh. Ranges of the mesh that this network has too are its own here: of those
// only whom the board knows on the mesh is meant.
function isStolen(address: string, { settings, wanted, learned, services }: Known): boolean {
  if (wanted.mesh === null) return false;
  const mesh = meshRanges(wanted);
  const known = [
    ...services.map((service) => service.address).filter((one) => isWithin(one, mesh)),
    ...[...settings.jumpHosts, ...wanted.readers],
  ];
  if (isWithin(address, known)) return true;
  const near = learned.near.flatMap((text) => parseInterval(text) ?? []);
  const alone = wanted.mesh.ranges.filter((text) => {
    const range = parseInterval(text);
    return range !== null && !near.some((one) => overlaps(one, range));
  });
  return isWithin(address, alone);
}

/** Whether all of what the text says lies in one of these. */
function isWithin(text: string, ranges: readonly string[]): boolean {
  const one = parseInterval(text);
  return ranges
    .flatMap((range) => parseInterval(range) ?? [])
    .some(
      (range) =>
        one !== null &&
        range.family === one.family &&
        range.first <= one.first &&
        one.last <= range.last,
    );
}

import { parseInterval } from './address-set.ts';
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
  const mesh = meshRanges(wanted).flatMap((text) => parseInterval(text) ?? []);
  const isOfMesh = (text: string): boolean => {
    const interval = parseInterval(text);
    return mesh.some(
      (range) =>
        interval !== null &&
        range.family === interval.family &&
        range.first <= interval.first &&
        interval.last <= range.last,
    );
  };
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
  const infra = [...network, ...endpoints.filter((address) => !isOfMesh(address))];
  return setsOf({ settings, wanted, infra, near: learned.near, services });
}

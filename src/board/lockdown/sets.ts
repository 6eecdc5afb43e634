import type { Family } from '../../core/round.ts';
import { canonicalAddresses, type Interval, overlaps, parseInterval } from './address-set.ts';
import { PRIVATE4, PRIVATE6 } from './private-ranges.ts';
import type { LockdownSettings } from './settings.ts';
import type { LockdownWanted } from './wanted.ts';

// What the sets of the table hold. The rules stay as they are while the network changes: only these
// are filled anew, so that the counters go on.

const KINDS = [
  'private',
  'near',
  'infra',
  'measured',
  'mesh',
  'jumphosts',
  'readers',
  'services',
] as const;

export type SetKind = (typeof KINDS)[number];
export type SetName = `${SetKind}${4 | 6}`;

/** Elements in their canonical form and order. */
export type LockdownSets = Readonly<Record<SetName, readonly string[]>>;

export const SET_NAMES: readonly SetName[] = KINDS.flatMap((kind): SetName[] => [
  `${kind}4`,
  `${kind}6`,
]);

export interface SetsRequest {
  settings: LockdownSettings;
  wanted: LockdownWanted;
  /** Addresses and ranges that the board must reach: of the lease, of its endpoints, by hand. */
  infra: readonly string[];
  /** Of the board's own links, but that of the mesh. */
  near: readonly string[];
  /** What the endpoints are called by, with their ports: `fd00::1 . 80`. */
  services: readonly Service[];
}

export interface Service {
  address: string;
  port: number;
  protocol: 'tcp' | 'udp';
}

export function setsOf(request: SetsRequest): LockdownSets {
  const { settings, wanted, infra, near, services } = request;
  const texts: Record<Exclude<SetKind, 'services'>, readonly string[]> = {
    private: [...PRIVATE4, ...PRIVATE6],
    near,
    infra,
    measured: settings.measured,
    mesh: meshOnly(wanted, [...settings.jumpHosts, ...wanted.readers], near),
    jumphosts: settings.jumpHosts,
    readers: wanted.readers,
  };
  const entries = Object.entries(texts).flatMap(([kind, list]) => [
    [`${kind}4`, canonicalAddresses(list, 'v4')],
    [`${kind}6`, canonicalAddresses(list, 'v6')],
  ]);
  return {
    ...(Object.fromEntries(entries) as LockdownSets),
    services4: serviceElements(services, 'v4'),
    services6: serviceElements(services, 'v6'),
  };
}

/** What texts of the kernel's say, as `setsOf` would say it. */
export function canonicalElements(name: SetName, texts: readonly string[]): string[] {
  const family: Family = name.endsWith('4') ? 'v4' : 'v6';
  if (!name.startsWith('services')) return canonicalAddresses(texts, family);
  const services = texts.map((text) => {
    const [address = '', protocol = '', port = ''] = text.split(' . ');
    return { address, protocol: PROTOCOLS[protocol] ?? protocol, port };
  });
  return serviceElements(services, family);
}

/** What nft prints where there is no /etc/protocols. */
const PROTOCOLS: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp' };

// A home network that happens to use the same addresses is not taken for a liar.
function meshOnly(
  { mesh }: LockdownWanted,
  peers: readonly string[],
  near: readonly string[],
): string[] {
  if (mesh === null) return [];
  const neighbours = near.flatMap((text) => parseInterval(text) ?? []);
  const isNear = (one: Interval): boolean => neighbours.some((range) => overlaps(one, range));
  return [...mesh.ranges, ...peers].filter((text) => {
    const interval = parseInterval(text);
    return interval !== null && !isNear(interval);
  });
}

function serviceElements(
  services: readonly { address: string; protocol: string; port: number | string }[],
  family: Family,
): string[] {
  const elements = services.flatMap(({ address, port, protocol }) => {
    const [plain] = canonicalAddresses([address], family);
    return plain === undefined ? [] : [`${plain} . ${protocol} . ${port}`];
  });
  return [...new Set(elements)].sort();
}

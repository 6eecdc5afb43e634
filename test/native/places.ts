// Where the transports are tried: a namespace with a loopback, a veth pair to another one whose
// kernel answers, and a reflector that answers as a scenario says.

import { isAddonBuilt } from '../../src/engine/addon.ts';
import { loadFallback } from '../../src/engine/fallback.ts';
import { FLOWS_MAX } from '../../src/engine/limits.ts';
import {
  type Namespace,
  openNamespace,
  openReflector,
  openVeth,
  type Reflector,
} from '../lab/net.ts';
import { type Driver, NOBODY, type OpenWish, openDriver } from './remote.ts';

export interface Places {
  near: Namespace;
  far: Namespace;
  reflector: Reflector;
  nearDevice: string;
  farDevice: string;
  close(): Promise<void>;
}

/** Kinds of transport, all held to the same behaviour. */
export interface Kind {
  name: string;
  open: Pick<OpenWish, 'kind' | 'ownKeys'>;
  /** As an ordinary user, after root was given up. */
  isUnprivileged: boolean;
  /** Why it cannot be tried here, or null. */
  missing: string | null;
}

const fallback = loadFallback();
const addon = isAddonBuilt() ? null : 'build/flint.node is not built';
const rawSocket = 'reason' in fallback ? `npm raw-socket: ${fallback.reason}` : null;

export const NATIVE: readonly Kind[] = [
  { name: 'raw sockets', open: { kind: 'raw' }, isUnprivileged: false, missing: addon },
  {
    name: 'raw sockets of a kernel that counts',
    open: { kind: 'raw', ownKeys: false },
    isUnprivileged: false,
    missing: addon,
  },
  { name: 'ping sockets', open: { kind: 'ping' }, isUnprivileged: true, missing: addon },
  {
    name: 'ping sockets of a kernel that counts',
    open: { kind: 'ping', ownKeys: false },
    isUnprivileged: true,
    missing: addon,
  },
];

export const KINDS: readonly Kind[] = [
  ...NATIVE,
  {
    name: 'npm raw-socket',
    open: { kind: 'raw-socket' },
    isUnprivileged: false,
    missing: rawSocket,
  },
];

const IDENTIFIER = 0x5a40;
const PORT = 0xf000;

/** Kinds share a namespace: each has identifiers of its own. */
export function identifierOf(kind: Kind): number {
  return IDENTIFIER + 32 * KINDS.indexOf(kind);
}

/** And ports. */
export function portOf(kind: Kind): number {
  return PORT + FLOWS_MAX * KINDS.indexOf(kind);
}

export async function openPlaces(scenario = 'dst 0.0.0.0/0 delay 0ms'): Promise<Places> {
  const near = await openNamespace({ pingGroupRange: '0 2147483647' });
  const far = await openNamespace();
  const ends = await openVeth(near, far);
  const reflector = await openReflector(near, scenario);
  return {
    near,
    far,
    reflector,
    nearDevice: ends.near.device,
    farDevice: ends.far.device,
    async close() {
      await near.close();
      await far.close();
    },
  };
}

/** The kernel begins to stamp what comes in some time after the first socket asked for it, and ends
 * with the last: this one asks for as long as it is open. */
export async function keepStamping(namespace: Namespace): Promise<Driver> {
  const keeper = await openDriver(namespace);
  if (addon === null) await keeper.ask('open', { kind: 'raw', identifier: 0x20 });
  return keeper;
}

/** A driver for each kind that can be tried, its transport open, as whoever the kind is for. */
export async function openKinds(
  places: Places,
  kinds: readonly Kind[],
): Promise<Map<Kind, Driver>> {
  const drivers = await startKinds(places, kinds);
  for (const [kind, driver] of drivers) {
    const [identifier, port] = [identifierOf(kind), portOf(kind)];
    await driver.ask('open', { ...kind.open, identifier, port });
  }
  return drivers;
}

/** As openKinds, without a transport yet. */
export async function startKinds(
  places: Places,
  kinds: readonly Kind[],
): Promise<Map<Kind, Driver>> {
  const possible = kinds.filter(({ missing }) => missing === null);
  const started = possible.map(async (kind) => {
    const driver = await openDriver(places.near);
    if (kind.isUnprivileged) await driver.ask('drop', NOBODY);
    return [kind, driver] as const;
  });
  return new Map(await Promise.all(started));
}

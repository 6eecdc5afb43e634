import { join } from 'node:path';
import { type Basis, basisOf } from '../../board/lockdown/boot.ts';
import { namesOf } from '../../board/lockdown/desired.ts';
import { type Keeper, openKeeper } from '../../board/lockdown/keeper.ts';
import { readLease } from '../../board/lockdown/lease.ts';
import { openNameLooker } from '../../board/lockdown/names.ts';
import { type Nft, openNft } from '../../board/lockdown/nft.ts';
import { meshFault } from '../../board/mesh/mesh-device.ts';
import { ProbeError } from '../../core/error.ts';
import { boardCommand } from './options.ts';

// What the commands of `flint lockdown` take alike.

export type Shut = Exclude<Basis, { kind: 'off' }>;

export interface LockdownPlace {
  stateDirectory: string;
  /** Throws ERR_UNAVAILABLE when the settings ask for no lockdown, ERR_CONFIG_INVALID. */
  shut(): Shut;
  basis(isBoot: boolean): Basis;
}

/** Of all names together, for a person who waits. */
const NAMES_MS_MAX = 6_000;

export function lockdownPlace(options: Record<string, unknown>): LockdownPlace {
  const { places, settings } = boardCommand(options);
  const stateDirectory = join(places.state, 'lockdown');
  const basis = (isBoot: boolean) => basisOf(settings, stateDirectory, isBoot);
  return {
    stateDirectory,
    basis,
    shut() {
      const found = basis(false);
      if (found.kind !== 'off') return found;
      throw new ProbeError('ERR_UNAVAILABLE', NO_LOCKDOWN);
    },
  };
}

export const NO_LOCKDOWN =
  'the settings ask for no lockdown: agent.json has no section "lockdown", or "enable" is false';

/** Throws ERR_UNAVAILABLE. */
export async function requireNft(): Promise<Nft> {
  const opened = await openNft({ env: process.env });
  if (opened.ok) return opened.nft;
  throw new ProbeError('ERR_UNAVAILABLE', opened.reason);
}

/** With what lease and names say now; at boot with what was kept alone, and the lease. */
export async function learnedKeeper(
  { stateDirectory }: LockdownPlace,
  { settings, wanted }: Shut,
  { nft, isBoot }: { nft: Nft; isBoot: boolean },
): Promise<Keeper> {
  const warn = (message: string): void => void process.stderr.write(`flint: ${message}\n`);
  const fault = wanted.mesh === null ? null : meshFault(wanted.mesh.interface);
  if (fault !== null) warn(`nobody is let in by the mesh: ${fault}`);
  const keeper = openKeeper({
    ...{ settings, wanted, stateDirectory, nft, warn, isMeshShut: fault !== null },
    nowMs: Date.now,
  });
  const looker = openNameLooker({
    hosts: namesOf(settings, wanted),
    monotonicMs: () => performance.now(),
  });
  if (!isBoot) await looker.settle(NAMES_MS_MAX);
  const meshInterface = fault === null ? (wanted.mesh?.interface ?? null) : null;
  keeper.learn(readLease({ meshInterface }), looker.take());
  return keeper;
}

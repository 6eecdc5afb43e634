import type { PartContext } from '../part.ts';
import type { MeshPlaces } from './places.ts';
import type { TailscaleSettings } from './settings.ts';
import { type AddressTool, openAddressTool } from './tailnet-address.ts';
import { type KeyRing, openKeyRing } from './tailnet-key.ts';
import { type LoginServer, openLoginServer } from './tailnet-server.ts';
import { openTailscale, type TailscaleClient } from './tailscale-client.ts';

// What one tailnet is made of, on this machine.

export interface TailnetTiming {
  /** Between two looks at a node that is well. */
  watchMs: number;
  /** Between two looks at one that is about to change. */
  changeMs: number;
  /** For a join with a key, and for going up with what the node knows. */
  joinMs: number;
  upMs: number;
  retryFirstMs: number;
  retryMostMs: number;
  /** No peer was heard for so long: are we still known? Doubles each time the server is asked. */
  silenceMs: number;
  silenceMostMs: number;
  /** The fixed address is not approved, as far as we were told: is it by now? Doubles too. */
  approvalMs: number;
  approvalMostMs: number;
  monotonicMs(): number;
  random(): number;
}

export const TAILNET_TIMING: TailnetTiming = {
  watchMs: 30_000,
  changeMs: 3_000,
  joinMs: 45_000,
  upMs: 30_000,
  retryFirstMs: 4_000,
  retryMostMs: 600_000,
  silenceMs: 120_000,
  silenceMostMs: 21_600_000,
  approvalMs: 30_000,
  approvalMostMs: 600_000,
  monotonicMs: () => performance.now(),
  random: Math.random,
};

export interface TailnetOptions {
  settings: TailscaleSettings;
  context: PartContext;
  places: MeshPlaces;
  /** Instead of the secret that the settings name. */
  givenKey?: string | null;
  timing?: TailnetTiming;
  /** A person asks: what the node believes of itself is not enough. */
  isByHand?: boolean;
  server?: LoginServer;
}

export interface Tailnet {
  settings: TailscaleSettings;
  context: PartContext;
  places: MeshPlaces;
  timing: TailnetTiming;
  client: TailscaleClient;
  tool: AddressTool;
  ring: KeyRing;
  server: LoginServer;
}

export function openMachine(options: TailnetOptions): Tailnet {
  const { settings, context, places, givenKey = null, timing = TAILNET_TIMING } = options;
  const { env, signal } = context;
  const { monotonicMs } = timing;
  return {
    ...{ settings, context, places, timing },
    client: openTailscale({ settings, env, signal }),
    tool: openAddressTool({ env, signal }),
    ring: openKeyRing({ settings, places, context, givenKey, monotonicMs }),
    server: options.server ?? openLoginServer({ loginServer: settings.loginServer, signal }),
  };
}

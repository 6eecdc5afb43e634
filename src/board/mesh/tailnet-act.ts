import { canonical, hostRoute } from './tailnet-address.ts';
import { loadKept, saveKept } from './tailnet-kept.ts';
import { type KeyFound, withKeyFile } from './tailnet-key.ts';
import type { Tailnet } from './tailnet-machine.ts';
import { isKeyRefused, type TailnetAction } from './tailnet-plan.ts';
import type { Told, WantedPrefs } from './tailscale-client.ts';

// What changes tailscaled: each of the actions of the plan.

export interface Attempt {
  /** Null when it went well. */
  failure: string | null;
  /** The key was refused: another one may do. */
  isRefused: boolean;
}

const WELL: Attempt = { failure: null, isRefused: false };

/** The board's fixed address: of its configuration, else of the control. */
export function fixedAddressOf({ settings, places }: Pick<Tailnet, 'settings' | 'places'>) {
  return canonical(settings.address ?? loadKept(places).address ?? '');
}

export function wantedPrefs(tailnet: Pick<Tailnet, 'settings' | 'places' | 'context'>) {
  const { settings, places, context } = tailnet;
  const address = fixedAddressOf(tailnet);
  return {
    loginServer: settings.loginServer,
    acceptRoutes: settings.acceptRoutes,
    hostname: hostLabel(settings.hostname ?? loadKept(places).hostname ?? context.probeName()),
    advertiseRoutes: address === null ? [] : [hostRoute(address)],
    netfilter: settings.netfilter,
  } satisfies WantedPrefs;
}

/** Does what the plan says; `key` is what was found for a join. */
export async function perform(
  tailnet: Tailnet,
  action: TailnetAction,
  key: KeyFound | null,
): Promise<Attempt> {
  switch (action.do) {
    case 'join':
      return key?.ok === true ? join(tailnet, key, action.isReauth) : WELL;
    case 'set':
      return judged(await tailnet.client.set(wantedPrefs(tailnet)));
    case 'up':
      return judged(await plainUp(tailnet));
    case 'ask-again':
      // Going down and up, the daemon introduces itself to the login server with the key it has.
      await tailnet.client.down();
      return judged(await plainUp(tailnet));
    default:
      return WELL;
  }
}

async function join(
  tailnet: Tailnet,
  { key, grant }: KeyFound & { ok: true },
  isReauth: boolean,
): Promise<Attempt> {
  const { places, client, timing } = tailnet;
  if (grant !== null) {
    // Before the node appears, so that it offers the right address from its first moment.
    saveKept(places, { address: grant.address ?? null, hostname: grant.hostname ?? null });
  }
  const told = await withKeyFile(places, key, (keyFile) =>
    client.up({ prefs: wantedPrefs(tailnet), keyFile, isReauth, timeoutMs: timing.joinMs }),
  );
  if (told.ok) {
    tailnet.ring.spend();
    return WELL;
  }
  const why = await whyNot(tailnet, told.reason);
  const isRefused = isKeyRefused(why);
  if (isRefused) tailnet.ring.refuse();
  return { failure: isRefused ? `the key was refused: ${why}` : why, isRefused };
}

/** What the daemon says of it, which is more than that the time was up. */
async function whyNot({ client }: Tailnet, reason: string): Promise<string> {
  if (!/timeout waiting/i.test(reason)) return reason;
  const status = await client.status(false);
  const said = status.ok ? status.value.health.find((one) => one.includes('login error')) : null;
  return said ?? reason;
}

function plainUp(tailnet: Tailnet): Promise<Told<null>> {
  const { client, timing } = tailnet;
  const prefs = wantedPrefs(tailnet);
  return client.up({ prefs, keyFile: null, isReauth: false, timeoutMs: timing.upMs });
}

function judged(told: Told<null>): Attempt {
  return told.ok ? WELL : { failure: told.reason, isRefused: false };
}

/** A name of the control as a host name; null when nothing of it can be one. */
function hostLabel(name: string | null): string | null {
  const label = (name ?? '').toLowerCase().replace(/[^a-z0-9-]/g, '-');
  return label.slice(0, 63).replace(/^-+|-+$/g, '') || null;
}

import { canonical, hostRoute } from './tailnet-address.ts';
import { loadKept, saveKept } from './tailnet-kept.ts';
import { type KeyFound, withKeyFile } from './tailnet-key.ts';
import type { Tailnet } from './tailnet-machine.ts';
import type { TailnetAction } from './tailnet-plan.ts';
import type { Told, WantedPrefs } from './tailscale-client.ts';
import { isKeyRefused, type TailscaleStatus } from './tailscale-status.ts';

// What changes tailscaled: each of the actions of the plan.

export interface Attempt {
  /** Null when it went well. */
  failure: string | null;
  /** The key was refused: another one may do. */
  isRefused: boolean;
}

const ONLINE_MS_MAX = 5_000;
const ONLINE_POLL_MS = 250;

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
  const before = await refusalOf(tailnet);
  const told = await withKeyFile(places, key, (keyFile) =>
    client.up({ prefs: wantedPrefs(tailnet), keyFile, isReauth, timeoutMs: timing.joinMs }),
  );
  const why = told.ok ? await unanswered(tailnet, before) : await whyNot(tailnet, told.reason);
  if (why === null) {
    tailnet.ring.spend();
    return WELL;
  }
  // A word of an earlier key says nothing of this one.
  const isRefused = isKeyRefused(why) && !(told.ok && why === before);
  if (isRefused) tailnet.ring.refuse();
  return { failure: isRefused ? `the key was refused: ${why}` : why, isRefused };
}

/**
 * A node that was up goes on being up, whatever the login server says to the key: why it was not
 * let in, or null.
 */
async function unanswered(tailnet: Tailnet, before: string | null): Promise<string | null> {
  const isNews = (status: TailscaleStatus): boolean =>
    ![null, before].includes(refusalIn(status.health));
  if (await untilOnline(tailnet, isNews)) return null;
  return (await refusalOf(tailnet)) ?? 'the login server has not let this node in yet';
}

async function refusalOf({ client }: Tailnet): Promise<string | null> {
  const status = await client.status(false);
  return status.ok && !status.value.self.Online ? refusalIn(status.value.health) : null;
}

function refusalIn(health: readonly string[]): string | null {
  return health.find((one) => one.includes('login error') && isKeyRefused(one)) ?? null;
}

/** What the daemon says of it, which is more than that the time was up. */
async function whyNot({ client }: Tailnet, reason: string): Promise<string> {
  if (!/timeout waiting/i.test(reason)) return reason;
  const status = await client.status(false);
  const said = status.ok ? status.value.health.find((one) => one.includes('login error')) : null;
  return said ?? reason;
}

async function plainUp(tailnet: Tailnet): Promise<Told<null>> {
  const { client, timing } = tailnet;
  const prefs = wantedPrefs(tailnet);
  const wish = { prefs, keyFile: null, isReauth: false, timeoutMs: timing.upMs };
  const told = await client.up(wish);
  if (told.ok) await untilOnline(tailnet, ({ needsLogin }) => needsLogin);
  return told;
}

/** The daemon is up before the login server has answered: whether it does, within a while. */
async function untilOnline(
  { client, context }: Tailnet,
  isOver: (status: TailscaleStatus) => boolean,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < ONLINE_MS_MAX; waitedMs += ONLINE_POLL_MS) {
    const status = await client.status(false);
    if (status.ok && status.value.self.Online) return true;
    if (!status.ok || isOver(status.value) || context.signal.aborted) return false;
    await new Promise((resolve) => setTimeout(resolve, ONLINE_POLL_MS));
  }
  return false;
}

function judged(told: Told<null>): Attempt {
  return told.ok ? WELL : { failure: told.reason, isRefused: false };
}

/** A name of the control as a host name; null when nothing of it can be one. */
function hostLabel(name: string | null): string | null {
  const label = (name ?? '').toLowerCase().replace(/[^a-z0-9-]/g, '-');
  return label.slice(0, 63).replace(/^-+|-+$/g, '') || null;
}

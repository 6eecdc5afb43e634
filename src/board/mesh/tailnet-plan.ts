import type { WantedPrefs } from './tailscale-client.ts';
import type { TailscalePrefs, TailscaleStatus } from './tailscale-status.ts';

// What to do next about the tailnet, from how it stands: a table without clock and commands. A key
// is used only where the login server wants a login; a node that is known there is never given one,
// because a key that has expired meanwhile would throw it out.

export interface TailnetView {
  status: TailscaleStatus;
  prefs: TailscalePrefs;
  wanted: WantedPrefs;
  /** Null before anybody looked for one: asking the control makes one. */
  hasKey: boolean | null;
  doubt: Doubt | null;
}

/** Why the node should introduce itself to the login server anew, though it is up. */
export interface Doubt {
  why: string;
  /** A peer that answers would end it. */
  isProvable: boolean;
}

export type TailnetAction =
  | { do: 'nothing' }
  | { do: 'wait'; why: string }
  | { do: 'find-key'; why: string }
  | { do: 'need-key'; why: string }
  | { do: 'join'; why: string; isReauth: boolean }
  | { do: 'up'; why: string }
  | { do: 'set'; why: string }
  | ({ do: 'ask-again' } & Doubt);

export type Drift = 'login-server' | keyof typeof DRIFTS;

const NETFILTER_MODES = { off: 0, nodivert: 1, on: 2 } as const;

/** A difference that `tailscale set` mends, and what it is for people. */
const DRIFTS = {
  dns: 'it takes the DNS of the tailnet',
  routes: 'it takes routes otherwise than configured',
  'own-routes': 'it offers other routes than the own address',
  hostname: 'it has another host name',
  netfilter: 'its firewall mode is another',
  'exit-node': 'it sends its traffic through an exit node',
  ssh: "tailscale's SSH server is on",
} as const;

export function planOf(view: TailnetView): TailnetAction {
  const { status, prefs } = view;
  switch (status.backend) {
    case 'Running':
    case 'Starting':
      return running(view);
    case 'Stopped':
      return prefs.LoggedOut ? join(view, loggedOut(status)) : stopped(view);
    case 'NeedsLogin':
      return join(view, loggedOut(status));
    case 'NoState':
      return prefs.LoggedOut
        ? join(view, loggedOut(status))
        : { do: 'wait', why: 'tailscaled is starting' };
    case 'NeedsMachineAuth':
      return { do: 'wait', why: 'the login server has not approved this node yet' };
    default:
      return { do: 'wait', why: `tailscaled is in a state that is not known: ${status.backend}` };
  }
}

/** Whether the action changes something, and so waits after one that failed. */
export function isChange(action: TailnetAction): boolean {
  return !['nothing', 'wait', 'need-key'].includes(action.do);
}

function running(view: TailnetView): TailnetAction {
  const { status, prefs, wanted, doubt } = view;
  // A node that was deleted at the server goes on with what it knew, until it speaks to it anew.
  // Anew: else `up` finds the node up already, and does not wait for its login.
  if (status.needsLogin) {
    return join(view, 'the login server does not know this node any more', true);
  }
  if (status.self.Expired) return join(view, 'the node has expired at the login server');
  const drifts = driftsOf(prefs, wanted);
  if (drifts.includes('login-server')) {
    return join(view, `it is at ${prefs.ControlURL || 'no login server'}`, true);
  }
  if (drifts.length > 0) return { do: 'set', why: driftWords(drifts) };
  if (doubt !== null) return { do: 'ask-again', ...doubt };
  return status.backend === 'Running'
    ? { do: 'nothing' }
    : { do: 'wait', why: 'tailscaled is starting' };
}

function stopped(view: TailnetView): TailnetAction {
  return isElsewhere(view)
    ? join(view, `it is at ${view.prefs.ControlURL}`, true)
    : { do: 'up', why: 'somebody stopped it' };
}

function join(view: TailnetView, why: string, isReauth = false): TailnetAction {
  if (view.hasKey === null) return { do: 'find-key', why };
  return view.hasKey ? { do: 'join', why, isReauth } : { do: 'need-key', why };
}

function loggedOut({ health, needsLogin }: TailscaleStatus): string {
  const said = health.find((one) => one.includes('login error'));
  const plain = needsLogin
    ? 'the login server wants a new login of this node'
    : 'the node is not logged in';
  return said ?? plain;
}

/** In which settings tailscaled is not as it should be. */
export function driftsOf(prefs: TailscalePrefs, wanted: WantedPrefs): Drift[] {
  const differs: Record<Drift, boolean> = {
    'login-server': !isSameServer(prefs.ControlURL, wanted.loginServer),
    dns: prefs.CorpDNS,
    routes: prefs.RouteAll !== wanted.acceptRoutes,
    'own-routes': !isSameSet(prefs.AdvertiseRoutes, wanted.advertiseRoutes),
    hostname: wanted.hostname !== null && prefs.Hostname !== wanted.hostname,
    netfilter: prefs.NetfilterMode !== NETFILTER_MODES[wanted.netfilter],
    'exit-node': prefs.ExitNodeID !== '' || prefs.ExitNodeIP !== '',
    ssh: prefs.RunSSH,
  };
  return (Object.keys(differs) as Drift[]).filter((drift) => differs[drift]);
}

function driftWords(drifts: readonly Drift[]): string {
  const words = drifts.map((one) =>
    one === 'login-server' ? 'another login server' : DRIFTS[one],
  );
  return words.join(', ');
}

function isElsewhere({ prefs, wanted }: TailnetView): boolean {
  return !isSameServer(prefs.ControlURL, wanted.loginServer);
}

function isSameServer(one: string, other: string): boolean {
  const plain = (url: string): string => url.replace(/\/+$/, '').toLowerCase();
  return plain(one) === plain(other);
}

function isSameSet(has: readonly string[], wants: readonly string[]): boolean {
  return has.length === wants.length && wants.every((one) => has.includes(one));
}

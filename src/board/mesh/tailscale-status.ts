import * as v from 'valibot';

// What `tailscale` says in JSON, of the versions 1.80 to 1.103. Only what is used is asked for;
// what is new or missing harms nothing. Names and texts come from other machines of the tailnet
// and from the login server: they are cut and cleaned before anybody sees them.

const TEXT_MAX = 300;
const READ_MAX = 4096;
/** A login server may quote one, and what it says is read by every user of the board. */
const PRE_AUTH_KEYS = /\b(?:[ht]skey-[\w-]+|[0-9a-f]{48})\b/g;
const HEALTH_MAX = 16;
const ADDRESSES_MAX = 64;
const PEERS_READ_MAX = 4096;

// A fallback speaks for a key that is missing, too.
const COUNT = v.fallback(v.pipe(v.number(), v.integer(), v.minValue(0)), 0);
const FLAG = v.fallback(v.boolean(), false);
const TEXT = v.fallback(v.pipe(v.string(), v.transform(cleanText)), '');
const TEXTS = v.fallback(
  v.pipe(
    v.array(v.unknown()),
    v.transform((list) =>
      list.filter((one): one is string => typeof one === 'string').slice(0, ADDRESSES_MAX),
    ),
  ),
  [],
);
/** Go writes the year 1 for "never". */
const MOMENT = v.fallback(
  v.pipe(
    v.string(),
    v.transform((value) => {
      const ms = Date.parse(value.slice(0, 64));
      return Number.isFinite(ms) && ms > 0 ? ms : null;
    }),
  ),
  null,
);

const NODE = v.object({
  HostName: TEXT,
  DNSName: TEXT,
  TailscaleIPs: TEXTS,
  AllowedIPs: TEXTS,
  PrimaryRoutes: TEXTS,
  CurAddr: TEXT,
  Relay: TEXT,
  PeerRelay: TEXT,
  RxBytes: COUNT,
  TxBytes: COUNT,
  LastHandshake: MOMENT,
  Online: FLAG,
  Active: FLAG,
  Expired: FLAG,
});

// What a node may do, by the login server's word. Taildrop comes past every packet filter:
// tailscaled answers for it by itself.
const CAPABILITIES = v.fallback(v.record(v.string(), v.unknown()), {});
const FILE_SHARING = 'https://tailscale.com/cap/file-sharing';

const STATUS = v.object({
  Version: TEXT,
  TUN: v.fallback(v.boolean(), true),
  AuthURL: TEXT,
  BackendState: v.pipe(v.string(), v.maxLength(64)),
  TailscaleIPs: TEXTS,
  Health: TEXTS,
  Self: v.fallback(v.object({ ...NODE.entries, CapMap: CAPABILITIES }), {
    ...v.parse(NODE, {}),
    CapMap: {},
  }),
  Peer: v.fallback(v.record(v.string(), v.unknown()), {}),
});

const PREFS = v.object({
  ControlURL: TEXT,
  RouteAll: v.boolean(),
  CorpDNS: v.boolean(),
  WantRunning: v.boolean(),
  LoggedOut: FLAG,
  Hostname: TEXT,
  ExitNodeID: TEXT,
  ExitNodeIP: TEXT,
  RunSSH: FLAG,
  AdvertiseRoutes: TEXTS,
  NetfilterMode: v.number(),
});

const VERSION = v.object({ majorMinorPatch: v.pipe(v.string(), v.regex(/^[0-9.]{3,20}$/)) });

export type TailscaleNode = v.InferOutput<typeof NODE>;
export type TailscalePrefs = v.InferOutput<typeof PREFS>;

export interface TailscaleStatus {
  version: string;
  hasTun: boolean;
  backend: string;
  /** The login server wants a new login, whatever the backend says. */
  needsLogin: boolean;
  addresses: string[];
  health: string[];
  /** Nodes of the same user may put files on this one. */
  takesFiles: boolean;
  self: TailscaleNode;
  peers: TailscaleNode[];
}

/** Null when it is not what `tailscale status --json` writes. */
export function parseStatus(text: string): TailscaleStatus | null {
  const parsed = v.safeParse(STATUS, jsonOf(text));
  if (!parsed.success) return null;
  const { Version, TUN, BackendState, AuthURL, TailscaleIPs, Health, Peer } = parsed.output;
  const { CapMap, ...self } = parsed.output.Self;
  const health = Health.slice(0, HEALTH_MAX).map(cleanText);
  return {
    version: Version,
    hasTun: TUN,
    backend: BackendState,
    needsLogin: (AuthURL !== '' || health.some(isLoginRefused)) && !self.Online,
    addresses: TailscaleIPs,
    health,
    takesFiles: Object.hasOwn(CapMap, FILE_SHARING),
    self,
    peers: Object.values(Peer)
      .slice(0, PEERS_READ_MAX)
      .flatMap((peer) => nodeOf(peer) ?? []),
  };
}

/** Null when it is not what `tailscale debug prefs` writes. */
export function parsePrefs(text: string): TailscalePrefs | null {
  const parsed = v.safeParse(PREFS, jsonOf(text));
  return parsed.success ? parsed.output : null;
}

/** Version of the client: `1.98.4`. Null when it is not what `tailscale version --json` writes. */
export function parseVersion(text: string): string | null {
  const parsed = v.safeParse(VERSION, jsonOf(text));
  return parsed.success ? parsed.output.majorMinorPatch : null;
}

/** The numbers of `1.98.4-t0123`; null when it does not begin with two. */
export function versionNumbers(version: string): number[] | null {
  const found = /^(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(version);
  return found === null ? null : found.slice(1).map((one) => Number(one ?? 0));
}

/** Whether `version` is lower than `least`; one that cannot be read is not. */
export function isOlder(version: string, least: string): boolean {
  const [has, wants] = [versionNumbers(version), versionNumbers(least)];
  if (has === null || wants === null) return false;
  const at = wants.findIndex((number, index) => number !== has[index]);
  return at >= 0 && (has[at] ?? 0) < (wants[at] ?? 0);
}

// Of headscale ("authkey already used", "authkey expired", "invalid pre auth key", "AuthKey not
// found") and of tailscale.com ("invalid key: API key … not valid").
const REFUSALS = [
  /auth-?key (already used|expired|not found|is (expired|invalid|not valid))/i,
  /invalid (pre[ -]?auth ?key|auth ?key|key)/i,
  /key \S* ?not valid/i,
];

/** Whether the text of a failed join says that the key is to blame: another one is needed. */
export function isKeyRefused(text: string): boolean {
  return REFUSALS.some((refusal) => refusal.test(text));
}

// Of a node that was up and whose key was refused nothing else tells that it is out.
function isLoginRefused(health: string): boolean {
  return health.includes('login error') && isKeyRefused(health);
}

export function cleanText(text: string): string {
  return text
    .slice(0, READ_MAX)
    .replace(PRE_AUTH_KEYS, '(a key)')
    .slice(0, TEXT_MAX)
    .replace(/[^ -~]/g, '?');
}

function nodeOf(value: unknown): TailscaleNode | null {
  const parsed = v.safeParse(NODE, value);
  return parsed.success ? parsed.output : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

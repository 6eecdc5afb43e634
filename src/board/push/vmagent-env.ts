import type { PageKeys } from './page-keys.ts';
import type { PushPlaces } from './places.ts';
import type { PushSettings } from './settings.ts';

// The flags of vmagent, as variables of its environment: the unit's command line stays the same
// whatever is configured, and a flag that an older version does not know is passed over.

export type Environment = Readonly<Record<string, string>>;

export interface VmagentRequest {
  settings: PushSettings;
  places: PushPlaces;
  /** What may wait on disk. */
  queueBytesMax: number;
  /** Through the relay: the server is an old vmauth, or not known yet. */
  isRelayed: boolean;
  keys: PageKeys;
}

const PREFIX = 'VMAGENT_';

/** As it must stand on the command line, for the environment to be read. */
export const VMAGENT_WORDS: readonly string[] = ['-envflag.enable', `-envflag.prefix=${PREFIX}`];

const MEMORY_BYTES = 32 << 20;

export function vmagentEnvironment(request: VmagentRequest): Environment {
  const flags = Object.entries(vmagentFlags(request));
  const named = flags.map(([flag, value]) => [PREFIX + flag.replaceAll('.', '_'), value]);
  return { ...Object.fromEntries(named), GOMEMLIMIT: '64MiB' };
}

function vmagentFlags(request: VmagentRequest): Environment {
  const { settings, places, queueBytesMax, isRelayed, keys } = request;
  return {
    'remoteWrite.url': vmagentUrl(settings.url, isRelayed),
    ...(isRelayed ? { 'remoteWrite.proxyURL': `http://127.0.0.1:${settings.relayPort}` } : {}),
    'remoteWrite.bearerTokenFile': places.bearer,
    'remoteWrite.tmpDataPath': places.queue,
    'remoteWrite.maxDiskUsagePerURL': String(queueBytesMax),
    // One after the other, so that samples arrive in their order.
    'remoteWrite.queues': '1',
    'remoteWrite.flushInterval': '1s',
    // Newer versions: come back soon after an outage, and keep what another URL left behind.
    'remoteWrite.retryMaxInterval': '30s',
    'remoteWrite.keepDanglingQueues': 'true',
    'promscrape.config': places.scrape,
    'promscrape.configCheckInterval': '10s',
    // A target that is down is told by `up`; the log need not.
    'promscrape.suppressScrapeErrors': 'true',
    'memory.allowedBytes': String(MEMORY_BYTES),
    // Without, it neither listens nor dials by IPv6.
    enableTCP6: 'true',
    httpListenAddr: `127.0.0.1:${settings.port}`,
    ...pageFlags(keys),
    loggerFormat: 'json',
    loggerLevel: 'WARN',
    loggerErrorsPerSecondLimit: '5',
    loggerWarnsPerSecondLimit: '5',
  };
}

// Values, not `file://…`: an old vmagent would take that for the password itself.
function pageFlags({ password, metrics, shut }: PageKeys): Environment {
  return {
    'httpAuth.username': 'flint',
    'httpAuth.password': password,
    metricsAuthKey: metrics,
    flagsAuthKey: shut,
    pprofAuthKey: shut,
    configAuthKey: shut,
    reloadAuthKey: shut,
  };
}

/** A variable that only the vmagent of this queue has. */
export function queueMark(queue: string): string {
  return `${PREFIX}remoteWrite_tmpDataPath=${queue}`;
}

/**
 * What vmagent is told: a proxy sees the requests of plain http alone, so that the relay speaks
 * https in its place. Also what names the queue on disk.
 */
export function vmagentUrl(url: string, isRelayed: boolean): string {
  const { href } = new URL(url);
  return isRelayed ? href.replace(/^https:\/\/([^/]+)/, httpAuthority) : href;
}

/** The lines of systemd's EnvironmentFile=. */
export function environmentText(environment: Environment): string {
  const lines = Object.entries(environment).map(([name, value]) => `${name}="${escaped(value)}"\n`);
  return lines.join('');
}

// Without a port of its own the request would name port 80.
function httpAuthority(_whole: string, authority: string): string {
  return /:\d+$/.test(authority) ? `http://${authority}` : `http://${authority}:443`;
}

function escaped(value: string): string {
  return value.replace(/[\n\r]/g, '').replace(/["\\$`]/g, '\\$&');
}

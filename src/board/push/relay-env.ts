import type { PushSettings } from './settings.ts';
import { type Environment, vmagentUrl } from './vmagent-env.ts';

// The relay's settings, as variables: its unit has the same command line everywhere.

export interface RelaySettings {
  url: string;
  /** As vmagent asks for it. */
  asked: string;
  port: number;
}

export function relayEnvironment({ url, relayPort }: PushSettings): Environment {
  return {
    FLINT_RELAY_URL: new URL(url).href,
    FLINT_RELAY_ASKED: vmagentUrl(url, true),
    FLINT_RELAY_PORT: String(relayPort),
  };
}

/** Null when that is no environment of a relay. */
export function readRelaySettings(
  env: Readonly<Record<string, string | undefined>>,
): RelaySettings | null {
  const { FLINT_RELAY_URL: url = '', FLINT_RELAY_ASKED: asked = '' } = env;
  const port = Number(env['FLINT_RELAY_PORT'] ?? '');
  const isWhole = Number.isInteger(port) && port >= 0 && port <= 65_535;
  if (!(URL.canParse(url) && URL.canParse(asked) && isWhole)) return null;
  return /^https?:/.test(url) && asked.startsWith('http:') ? { url, asked, port } : null;
}

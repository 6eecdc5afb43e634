// A part of a tailnet before a `tailscale` that answers from files; its clock is set by hand.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { TAILSCALE_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { TAILNET_TIMING, type TailnetOptions } from '../../../src/board/mesh/tailnet-machine.ts';
import type { PartContext } from '../../../src/board/part.ts';
import {
  type FakeContext,
  type FakeTailscale,
  fakeContext,
  LOGGED_OUT,
  openFakeTailscale,
  SELF,
} from './fake-tailscale.ts';

export const ADDRESS = 'fd8f:89ae:ca73:3::1';
export const KEY = 'k'.repeat(48);
export const APPROVED = {
  Self: { ...SELF, AllowedIPs: [...SELF.AllowedIPs, `${ADDRESS}/128`] },
};

export interface Rig extends TailnetOptions {
  fake: FakeTailscale;
  context: FakeContext;
  /** Whether the login server answers, and how often it was asked. */
  login: { isThere: boolean; asked: number };
}

interface RigWish {
  key?: string | null;
  settings?: Record<string, unknown>;
  context?: Partial<PartContext>;
}

const opened: FakeTailscale[] = [];

export function closeRigs(): void {
  for (const fake of opened.splice(0)) fake.close();
}

export function rig({ key = KEY, settings = {}, context: change = {} }: RigWish = {}): Rig {
  const fake = openFakeTailscale();
  opened.push(fake);
  const context = fakeContext(fake, change);
  const configDirectory = join(fake.directory, 'etc');
  mkdirSync(join(configDirectory, 'secrets.d'), { recursive: true });
  if (key !== null) {
    writeFileSync(join(configDirectory, 'secrets.d/tailnet-key'), key, { mode: 0o600 });
  }
  const given = { kind: 'tailscale', loginServer: 'https://headscale.example', address: ADDRESS };
  const { time } = context;
  const timing = { ...TAILNET_TIMING, monotonicMs: () => time.ms, random: () => 1 };
  const login = { isThere: false, asked: 0 };
  const server = {
    async answers() {
      login.asked++;
      return login.isThere;
    },
  };
  return {
    ...{ fake, context, timing, login, server },
    settings: v.parse(TAILSCALE_SETTINGS, { ...given, hostname: 'probe01', ...settings }),
    places: { state: join(fake.directory, 'state'), configDirectory },
  };
}

export function loggedOut(one: Rig): void {
  one.fake.status(LOGGED_OUT);
  one.fake.prefs({ LoggedOut: true });
}

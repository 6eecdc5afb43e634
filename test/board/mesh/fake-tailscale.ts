// A `tailscale` and an `ip` that answer from files, in the shapes of the real ones, and write down
// what they were asked.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PartContext } from '../../../src/board/part.ts';
import { openVoice } from '../../../src/board/voice.ts';
import { openLog } from '../../../src/host/log.ts';

export interface FakeTailscale {
  readonly directory: string;
  readonly env: Record<string, string>;
  status(change: Record<string, unknown>): void;
  prefs(change: Record<string, unknown>): void;
  /** What holds after the command; a text alone is what it refuses with. */
  after(verb: string, result: string | AfterCommand): void;
  /** The words of all commands so far, without those that only look. */
  changes(): string[];
  words(): string[];
  /** The keys that were read from their files. */
  keys(): string[];
  /** What `ip` says is on the interface; null: there is none. */
  addresses(list: readonly string[] | null): void;
  hang(isHung: boolean): void;
  close(): void;
}

export interface AfterCommand {
  status?: Record<string, unknown>;
  prefs?: Record<string, unknown>;
}

export const SELF = {
  ID: '1',
  HostName: 'probe01',
  DNSName: 'probe01.mesh.lab.',
  TailscaleIPs: ['100.64.0.1', 'fd7a:115c:a1e0::1'],
  AllowedIPs: ['100.64.0.1/32', 'fd7a:115c:a1e0::1/128'],
  CurAddr: '',
  Relay: 'lab',
  RxBytes: 0,
  TxBytes: 0,
  LastHandshake: '0001-01-01T00:00:00Z',
  Online: true,
  Active: false,
};

export const STATUS = {
  Version: '1.98.4-tabcdef012',
  TUN: true,
  BackendState: 'Running',
  HaveNodeKey: true,
  AuthURL: '',
  TailscaleIPs: ['100.64.0.1', 'fd7a:115c:a1e0::1'],
  Self: SELF,
  Health: [],
  Peer: null,
};

export const LOGGED_OUT = {
  BackendState: 'NeedsLogin',
  TailscaleIPs: null,
  Self: { HostName: 'vm', TailscaleIPs: null, Online: false },
};

export const PREFS = {
  ControlURL: 'https://headscale.example',
  RouteAll: true,
  CorpDNS: false,
  WantRunning: true,
  LoggedOut: false,
  Hostname: 'probe01',
  ExitNodeID: '',
  ExitNodeIP: '',
  RunSSH: false,
  AdvertiseRoutes: ['fd8f:89ae:ca73:3::1/128'],
  NetfilterMode: 0,
};

export function openFakeTailscale(): FakeTailscale {
  const directory = mkdtempSync(join(tmpdir(), 'flint-fake-tailscale-'));
  const at = (name: string): string => join(directory, name);
  const put = (name: string, value: unknown): void =>
    writeFileSync(at(name), typeof value === 'string' ? value : JSON.stringify(value));
  const lines = (name: string): string[] =>
    existsSync(at(name)) ? readFileSync(at(name), 'utf8').trim().split('\n').filter(Boolean) : [];
  mkdirSync(at('bin'));
  for (const [name, script] of Object.entries(SCRIPTS)) {
    writeFileSync(at(`bin/${name}`), script.replaceAll('%/', `${directory}/`), { mode: 0o755 });
  }
  const fake: FakeTailscale = {
    directory,
    env: { PATH: `${at('bin')}:/usr/bin:/bin` },
    status: (change) => put('status.json', { ...STATUS, ...change }),
    prefs: (change) => put('prefs.json', { ...PREFS, ...change }),
    after(verb, result) {
      rmSync(at(`${verb}.refusal`), { force: true });
      if (typeof result === 'string') return put(`${verb}.refusal`, result);
      if (result.status) put(`${verb}.status.json`, { ...STATUS, ...result.status });
      if (result.prefs) put(`${verb}.prefs.json`, { ...PREFS, ...result.prefs });
    },
    words: () => lines('words'),
    changes: () => lines('words').filter((one) => /^(up|set|down|logout|-[46]) ?/.test(one)),
    keys: () => lines('keys'),
    addresses(list) {
      if (list === null) return rmSync(at('addresses'), { force: true });
      put('addresses', list.map((one) => `${one}\n`).join(''));
    },
    hang: (isHung) => (isHung ? put('hang', '') : rmSync(at('hang'), { force: true })),
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
  fake.status({});
  fake.prefs({});
  fake.addresses(['100.64.0.1', 'fd7a:115c:a1e0::1']);
  return fake;
}

export interface FakeContext extends PartContext {
  said: string[];
  /** Milliseconds of the clock that the part lives by. */
  time: { ms: number };
}

export function fakeContext(
  fake: Pick<FakeTailscale, 'env'>,
  change: Partial<PartContext> = {},
): FakeContext {
  const said: string[] = [];
  const time = { ms: 1_000_000 };
  const stream = { write: (text: string) => said.push(text) };
  const log = openLog({ stream, nowMs: () => time.ms, journal: false });
  return {
    ...{ log, said, time, env: fake.env, signal: new AbortController().signal },
    voice: openVoice({ log, monotonicMs: () => time.ms }),
    board: () => ({ schema: 1, writtenMs: 0, mesh: null, lockdown: null, push: null }),
    nowMs: () => 1_790_000_000_000 + time.ms,
    isClockSynced: () => true,
    probeName: () => 'probe01',
    askControl: async () => ({ ok: true, value: null }),
    ...change,
  };
}

const SCRIPTS: Record<string, string> = {
  tailscale: `#!/bin/sh
case "$1" in --socket=*) shift ;; esac
echo "$*" >> %/words
[ -f %/hang ] && [ "$1" != version ] && exec sleep 60
case "$1" in
status)
  [ -f %/large ] && [ "$3" = "" ] && { head -c 9000000 /dev/zero | tr '\\0' 'x'; exit 0; }
  cat %/status.json; exit ;;
debug) cat %/prefs.json; exit ;;
version) echo '{"majorMinorPatch":"1.98.4","short":"1.98.4"}'; exit ;;
esac
for word in "$@"; do
  case "$word" in --auth-key=file:*) cat "\${word#--auth-key=file:}" >> %/keys ;; esac
done
[ -f %/$1.refusal ] && { cat %/$1.refusal >&2; exit 1; }
[ -f %/$1.status.json ] && cp %/$1.status.json %/status.json
[ -f %/$1.prefs.json ] && cp %/$1.prefs.json %/prefs.json
exit 0
`,
  ip: `#!/bin/sh
echo "$*" >> %/words
[ -f %/addresses ] || { echo "Device \\"$5\\" does not exist." >&2; exit 1; }
case "$3" in
add) echo "\${4%%[/]*}" >> %/addresses ;;
del) grep -v "^\${4%%[/]*}$" %/addresses > %/addresses.new; mv %/addresses.new %/addresses ;;
*)
  printf '[{"ifname":"tailscale0","addr_info":[{"local":"fe80::1","scope":"link"}'
  while read -r one; do printf ',{"local":"%s","scope":"global"}' "$one"; done < %/addresses
  printf ']}]' ;;
esac
exit 0
`,
};

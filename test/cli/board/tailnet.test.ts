// The built program before a tailscale that answers from files.
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type FakeTailscale,
  LOGGED_OUT,
  openFakeTailscale,
  SELF,
} from '../../board/mesh/fake-tailscale.ts';
import { suite } from '../../helper.ts';
import { MAIN } from '../flint.ts';

const ADDRESS = 'fd8f:89ae:ca73:3::1';
const APPROVED = { Self: { ...SELF, AllowedIPs: [...SELF.AllowedIPs, `${ADDRESS}/128`] } };
const TAILNET = {
  ...{ kind: 'tailscale', loginServer: 'https://headscale.example', address: ADDRESS },
  hostname: 'probe01',
};

suite('flint tailnet', (s) => {
  const missing = process.getuid?.() === 0 ? null : 'a tailnet is joined by root alone';
  let fake: FakeTailscale;
  const at = (name: string): string => join(fake.directory, name);

  function flint(words: string) {
    const places = ['--config', at('agent.json'), '--state', at('state')];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [MAIN, 'tailnet', ...words.split(' '), ...places],
      { encoding: 'utf8', env: fake.env, timeout: 30_000 },
    );
    return { code: status, stdout, stderr };
  }

  function configure(tailnet: unknown): void {
    writeFileSync(at('agent.json'), JSON.stringify({ schema: 1, tailnet }));
  }

  s.before(() => {
    fake = openFakeTailscale();
    configure(TAILNET);
    writeFileSync(at('key'), 'k'.repeat(48));
  });
  s.after(() => fake.close());

  s.test('says what a join would run, and runs nothing of it', () => {
    fake.status(LOGGED_OUT);
    fake.prefs({ LoggedOut: true });
    const { code, stdout } = flint('join --dry-run');

    equal(code, 0);
    match(stdout, /^write .*\/key-PID {2}# the key, for root alone; removed afterwards$/m);
    match(stdout, /^tailscale up .*--auth-key=file:.*\/key-PID .*--accept-dns=false/m);
    match(stdout, /^ip -6 address add fd8f:89ae:ca73:3::1\/128 dev tailscale0 nodad/m);
    deepEqual([fake.changes(), existsSync(at('state'))], [[], false]);
  });

  s.testIf(missing, 'joins with the key of a file', () => {
    fake.after('up', { status: APPROVED, prefs: {} });
    const { code, stdout, stderr } = flint(`join --json --key-file ${at('key')}`);

    equal(code, 0, stderr);
    match(stderr, /^joined as fd8f:89ae:ca73:3::1$/m);
    equal((JSON.parse(stdout) as { state: string }).state, 'joined');
    deepEqual(fake.keys(), ['k'.repeat(48)]);
  });

  s.test('shows how it stands to people and to programs', () => {
    const peer = {
      DNSName: 'metrics.mesh.lab.',
      TailscaleIPs: ['fd7a::2'],
      CurAddr: '192.0.2.1:1',
    };
    fake.status({ ...APPROVED, Peer: { a: peer } });
    fake.addresses([ADDRESS]);
    const people = flint('status');
    const programs = flint('status --json');

    equal(people.code, 0, people.stderr);
    match(people.stdout, /^state +joined\naddress +fd8f:89ae:ca73:3::1\n/);
    match(people.stdout, /^metrics\.mesh\.lab +fd7a::2 +direct +never/m);
    equal((JSON.parse(programs.stdout) as { peers: unknown[] }).peers.length, 1);
  });

  s.testIf(missing, 'leaves for good, until it is told to join', () => {
    const shown = flint('leave --dry-run');
    fake.after('logout', { status: LOGGED_OUT, prefs: { LoggedOut: true } });
    const left = flint('leave');
    const status = flint('status --json');

    match(shown.stdout, /^ip -6 address del fd8f.*\ntailscale logout$/m);
    equal(left.code, 0, left.stderr);
    deepEqual(fake.changes().at(-1), 'logout');
    match(left.stdout, /state +stopped: it was left by `flint tailnet leave`/);
    deepEqual(
      [status.code, (JSON.parse(status.stdout) as { state: string }).state],
      [1, 'stopped'],
    );
  });

  s.testIf(missing, 'ends at once where waiting is of no use', () => {
    const { code, stderr } = flint('join');

    equal(code, 1);
    match(stderr, /needs-key: there is no secret tailnet-key/);
  });

  s.test('says what is wrong with its words, its file and this machine', () => {
    writeFileSync(at('bad'), 'no key');
    const badKey = flint(`join --dry-run --key-file ${at('bad')}`);
    configure({ ...TAILNET, program: '/no/tailscale' });
    const absent = flint('status');
    configure(undefined);
    const without = flint('status');
    const pair = { publicKey: `${'A'.repeat(42)}A=`, allowedAddresses: ['fd00::2/128'] };
    configure({ kind: 'wireguard', address: 'fd00::1', peers: [{ name: 'm', ...pair }] });
    const wireguard = flint('status');

    deepEqual([badKey.code, without.code, wireguard.code, absent.code], [2, 2, 2, 3]);
    match(badKey.stderr, /is no pre-auth key/);
    match(without.stderr, /no section "tailnet"/);
    match(wireguard.stderr, /WireGuard/);
    match(absent.stdout, /absent: there is no program \/no\/tailscale/);
  });
});

// The built program; what needs an interface is in test/mesh/pull.netns.test.ts.
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { WIREGUARD_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { showWireguard } from '../../../src/cli/board/wireguard-view.ts';
import { BOARD_NOW_MS, fakeMesh } from '../../fake/board.ts';
import { suite } from '../../helper.ts';
import { MAIN } from '../flint.ts';

const THEIRS = `${'B'.repeat(42)}E=`;
const WIREGUARD = {
  ...{ kind: 'wireguard', address: 'fd57::a' },
  peers: [{ name: 'monitor', publicKey: THEIRS, allowedAddresses: ['fd57::1'] }],
};

suite('flint wireguard', (s) => {
  const missing = process.getuid?.() === 0 ? null : 'the mesh of a machine is for root alone';
  const directory = mkdtempSync(join(tmpdir(), 'flint-wg-cli-'));
  const at = (name: string): string => join(directory, name);
  s.after(() => rmSync(directory, { recursive: true }));

  function flint(words: string, tailnet: unknown = WIREGUARD) {
    writeFileSync(
      at('agent.json'),
      JSON.stringify({ schema: 1, ...(tailnet === null ? {} : { tailnet }) }),
    );
    const places = ['--config', at('agent.json'), '--state', at('state')];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [MAIN, 'wireguard', ...words.split(' '), ...places],
      // Without any program: nothing of this machine is asked or changed.
      { encoding: 'utf8', env: { PATH: directory }, timeout: 30_000 },
    );
    return { code: status, stdout, stderr };
  }

  s.test('says where a key would be made, and makes none', () => {
    const { code, stdout } = flint('key --dry-run');
    equal(code, 0);
    match(stdout, /^write .*\/state\/agent\/mesh\/wireguard\.key {2}# a new key/);
    equal(existsSync(at('state')), false);
  });

  s.testIf(missing, 'prints the public key alone, and the same one each time', () => {
    const first = flint('key');
    match(first.stdout, /^[A-Za-z0-9+/]{43}=\n$/);
    equal(flint('key').stdout, first.stdout);
    deepEqual(JSON.parse(flint('key --json').stdout), { publicKey: first.stdout.trim() });
    const secret = readFileSync(at('state/agent/mesh/wireguard.key'), 'utf8').trim();
    equal(first.stdout.includes(secret), false);
  });

  s.testIf(missing, 'without the programs it is not possible here', () => {
    const shown = flint('show');
    equal(shown.code, 3);
    match(shown.stdout, /install iproute2/);
    equal(flint('up').code, 3);
    equal(flint('down').code, 3);
    equal(flint('up --dry-run').code, 2);
  });

  s.testIf(
    missing,
    'takes down what a section made that is gone, and is wrong use after that',
    () => {
      const kept = at('state/agent/mesh/wireguard.json');
      mkdirSync(at('state/agent/mesh'), { recursive: true });
      writeFileSync(kept, JSON.stringify({ schema: 1, interface: 'flint0' }));
      writeFileSync(at('wg'), '#!/bin/sh\necho "(none)"\n', { mode: 0o755 });
      writeFileSync(at('ip'), `#!/bin/sh\necho "$*" >> ${at('words')}\n`, { mode: 0o755 });
      const dry = flint('down --dry-run', null);
      const down = flint('down --json', null);
      const words = readFileSync(at('words'), 'utf8');
      const again = flint('down', null);
      for (const name of ['wg', 'ip']) rmSync(at(name));

      match(dry.stdout, /it is forgotten\nip link del dev flint0\n$/);
      deepEqual(JSON.parse(down.stdout), { interface: 'flint0', isDown: false });
      equal(words, 'link del dev flint0\n');
      deepEqual([down.code, again.code], [0, 2]);
    },
  );

  s.test('another mesh, or none, is wrong use', () => {
    const tailscale = { kind: 'tailscale', loginServer: 'https://headscale.example' };
    const none = flint('show', null);
    equal(none.code, 2);
    match(none.stderr, /docs\/wireguard/);
    const other = flint('show', tailscale);
    equal(other.code, 2);
    match(other.stderr, /flint tailnet/);
  });

  s.test('shows what the other side must know, ready to be copied', () => {
    const parts: string[] = [];
    const output = { write: (part: string) => parts.push(part), isTTY: false };
    showWireguard(output as unknown as Parameters<typeof showWireguard>[0], {
      publicKey: THEIRS,
      settings: v.parse(WIREGUARD_SETTINGS, WIREGUARD),
      state: fakeMesh(),
      nowMs: BOARD_NOW_MS,
    });
    const text = parts.join('');
    match(text, /joined/);
    match(text, /\[Peer\]\nPublicKey = B+E=\nAllowedIPs = fd57::a\/128\n/);
  });
});

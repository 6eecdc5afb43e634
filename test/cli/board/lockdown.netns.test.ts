// waits
// `flint lockdown` as one types it, in a namespace.
import { deepEqual, equal, match } from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { suite } from '../../helper.ts';
import { openNamespace, requireLab, scratchFile } from '../../lab/namespace.ts';
import type { Namespace, Result } from '../../lab/net.ts';
import { flint } from '../flint.ts';

const SETTINGS = {
  schema: 1,
  control: 'https://192.0.2.1',
  lockdown: { infra: ['10.9.0.0/16'], jumpHosts: ['fd12:3:4::2'] },
};

suite('flint lockdown', (s) => {
  const missing = requireLab('nft');
  const state = scratchFile('state');
  const config = scratchFile('json');
  let place: Namespace;
  const run = (words: string, options: Parameters<typeof flint>[2] = {}): Promise<Result> =>
    flint(place, `lockdown ${words} --config ${config} --state ${state}`, options);
  const ruleset = (): Promise<string> => place.run('nft', ['list', 'ruleset']);

  s.before(async () => {
    if (missing !== null) return;
    place = await openNamespace();
    writeFileSync(config, JSON.stringify(SETTINGS));
  });
  s.after(() => place?.close());

  s.testIf(missing, 'render says what would be loaded, and nft can read it', async () => {
    const { code, stdout } = await run('render');
    const parsed = JSON.parse((await run('render --json')).stdout);

    equal(code, 0);
    match(stdout, /add element inet flint infra4 \{ .*10\.9\.0\.0\/16/);
    deepEqual(Object.keys(parsed), ['rules', 'sets']);
    equal((await place.exec('nft', ['-c', '-f', '-'], { input: stdout })).code, 0);
  });

  s.testIf(missing, 'a dry run says every step and takes none', async () => {
    for (const words of ['apply --dry-run', 'remove --dry-run']) {
      const { code, stdout } = await run(words);
      equal(code, 0);
      match(stdout, /would run: nft -f -\n(?:.|\n)*would write .*kept\.json/);
    }
    match((await run('apply --dry-run --json')).stdout, /"wouldLoad":"table inet flint/);
    deepEqual([await ruleset(), existsSync(state) ? readdirSync(state) : []], ['', []]);
  });

  s.testIf(missing, 'verify tells a board that is open, applied, and drifted, apart', async () => {
    const open = await run('verify');
    match(open.stdout, /there is no table inet flint/);
    equal(open.code, 1);

    equal((await run('apply')).code, 0);
    const shut = await run('verify');
    deepEqual([shut.code, shut.stdout], [0, 'the lockdown is in force\n']);

    await place.run('nft', ['add rule inet flint input accept']);
    await place.run('nft', ['delete element inet flint infra4 { 10.9.0.0/16 }']);
    const { code, stdout } = await run('verify --json');
    const { differences, state: told } = JSON.parse(stdout);
    deepEqual(
      [code, told, differences],
      [1, 'drifted', ['chain input has besides: accept', 'set infra4 lacks 10.9.0.0/16']],
    );
  });

  s.testIf(missing, 'apply mends it, and is the same when it is done again', async () => {
    for (let round = 0; round < 2; round++) {
      equal((await run('apply --json')).code, 0);
      equal((await run('verify')).code, 0);
    }
  });

  s.testIf(missing, 'who would cut himself off is asked to mean it', async () => {
    await run('remove');
    const env = { SSH_CONNECTION: '192.168.1.5 50000 192.168.1.9 22' };
    const { code, stderr } = await run('apply', { env });

    equal(code, 2);
    match(stderr, /cut off your SSH session from 192\.168\.1\.5.*--yes.*--confirm/);
    equal(await ruleset(), '');
    equal((await run('apply --yes', { env })).code, 0);
  });

  s.testIf(missing, 'what nobody confirms is undone', async () => {
    const before = await place.run('nft', ['-s', 'list', 'ruleset']);
    writeFileSync(config, JSON.stringify({ ...SETTINGS, lockdown: { sshPort: 2222 } }));
    // What is read to its end is no answer.
    const { code, stdout } = await run('apply --confirm 5s', { input: '' });

    equal(code, 1);
    match(stdout, /everything is as before/);
    writeFileSync(config, JSON.stringify(SETTINGS));
    equal((await run('verify')).code, 0);
    equal((await place.run('nft', ['-s', 'list', 'ruleset'])).length, before.length);
    const kept = await run('apply --confirm 5s', { input: '\n' });
    equal(kept.code, 0);
  });

  s.testIf(missing, 'at boot a board with broken settings is shut by those of before', async () => {
    await run('remove');
    writeFileSync(config, '{"schema":1,');
    equal((await run('apply')).code, 2);

    const { code, stderr } = await run('apply --boot');

    equal(code, 1);
    match(stderr, /shut by the settings of before: .*not JSON/);
    match(await ruleset(), /10\.9\.0\.0\/16/);
    const fresh = `lockdown apply --boot --config ${config} --state ${scratchFile('state')}`;
    match((await flint(place, fresh)).stderr, /shut to all/);
    match(await ruleset(), /hook input priority filter - 10; policy drop/);
    writeFileSync(config, JSON.stringify(SETTINGS));
  });

  s.testIf(missing, 'at boot a board whose rules nft does not take is shut to all', async () => {
    await run('remove');
    const picky = scratchFile('programs');
    mkdirSync(picky);
    const real = (await place.run('sh', ['-c', 'command -v nft'])).trim();
    const script = `#!/bin/sh
case "$*" in *-f*) rules=$(cat); case "$rules" in *10.9.0.0*) exit 1 ;; esac
  echo "$rules" | exec ${real} "$@" ;; esac
exec ${real} "$@"
`;
    writeFileSync(`${picky}/nft`, script, { mode: 0o755 });
    const env = { PATH: `${picky}:${process.env['PATH']}` };

    const { code, stderr } = await run('apply --boot', { env });

    equal(code, 1);
    match(stderr, /shut to all/);
    match(await ruleset(), /hook input priority filter - 10; policy drop/);
    equal((await run('apply --boot')).code, 0);
  });

  s.testIf(
    missing,
    'on a disk that became read-only, what is not kept is not called drift',
    async () => {
      mkdirSync(state, { recursive: true });
      const mounts = 'mount --bind "$D" "$D"; mount -o remount,bind,ro "$D"; exec "$0" "$@"';
      const before = ['unshare', '-m', 'sh', '-ec', mounts];
      const options = { before, env: { D: state } };
      equal((await run('apply')).code, 0);
      // As the agent fills it, which cannot keep that it did.
      await place.run('nft', ['add element inet flint infra4 { 10.8.0.1 }']);
      equal((await run('verify')).code, 1);
      const filled = await run('verify', options);
      await place.run('nft', ['add rule inet flint input accept']);
      const changed = await run('verify', options);
      await run('remove');
      const applied = await run('apply', options);
      const unkept = await run('verify', options);

      equal(filled.code, 0);
      match(
        filled.stdout,
        /^the lockdown is in force\nset infra4 is .*\nnote: the disk is read-only/,
      );
      equal(changed.code, 1);
      match(changed.stdout, /^chain input has besides: accept\nnote: /);
      match(applied.stderr, /EROFS/);
      equal(applied.code, 0);
      match(unkept.stdout, /^the lockdown is in force\nnote: /);
      equal([unkept.code, (await run('verify')).code].join(), '0,1');
      equal((await run('apply')).code, 0);
    },
  );

  s.testIf(missing, 'a board that asks for none is left alone, a person is told', async () => {
    await run('remove');
    writeFileSync(config, JSON.stringify({ schema: 1, control: 'https://192.0.2.1' }));

    equal((await run('apply')).code, 3);
    equal((await run('verify')).code, 3);
    equal((await run('apply --boot')).code, 0);

    equal(await ruleset(), '');
    writeFileSync(config, JSON.stringify(SETTINGS));
  });

  s.testIf(missing, 'without the right to it, it says which is missing', async () => {
    const before = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'];
    const { code, stderr } = await run('apply', { before });

    equal(code, 3);
    match(stderr, /EPERM.*CAP_NET_ADMIN/);
  });
});

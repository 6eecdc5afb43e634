import { existsSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { equal, match, not, ok } from 'uvu/assert';
import { applyActions } from '../../../src/board/install/apply.ts';
import { carryOut, prepareInstall } from '../../../src/board/install/install.ts';
import { lookForRemoval, planRemoval } from '../../../src/board/install/uninstall.ts';
import { parsePolicy } from '../../../src/core/policy.ts';
import { findProgram } from '../../../src/host/command.ts';
import { suite } from '../../helper.ts';
import { inScratch, optionsIn, type Scratch } from './scratch.ts';

const CANNOT =
  process.getuid?.() === 0 && findProgram('systemd-sysusers', process.env) !== null
    ? null
    : 'needs root and systemd-sysusers';

async function install(scratch: Scratch, more = {}): Promise<string[]> {
  const said: string[] = [];
  const prepared = await prepareInstall(optionsIn(scratch, more));
  const applied = await carryOut(prepared, (line) => said.push(line));
  equal(applied, { ok: true });
  return said;
}

async function fails(run: Promise<unknown>, pattern: RegExp): Promise<void> {
  const reason = await run.then(
    () => 'nothing was thrown',
    (error: unknown) => (error as Error).message,
  );
  match(reason, pattern);
}

suite('board/install/install', ({ test, testIf }) => {
  testIf(CANNOT, 'a tree gets all of it, a second time nothing, and an upgrade what is new', () =>
    inScratch(async (scratch) => {
      const { root, source, write } = scratch;
      const at = (file: string): string => join(root, file);
      await install(scratch, { control: 'https://control.example' });
      match(readlinkSync(at('usr/lib/flint/current')), /^1\.2\.3-/);
      const current = at(`usr/lib/flint/${readlinkSync(at('usr/lib/flint/current'))}`);
      equal(readFileSync(join(current, 'dist/main.js'), 'utf8'), 'the text of dist/main.js');
      equal(statSync(join(current, 'dist/main.js')).mode & 0o777, 0o755);
      match(readFileSync(at('etc/passwd'), 'utf8'), /^flint:x:/m);
      equal(statSync(at('etc/flint/agent.json')).mode & 0o777, 0o600);
      equal(JSON.parse(readFileSync(at('etc/flint/agent.json'), 'utf8')), {
        schema: 1,
        control: 'https://control.example',
        setClock: true,
      });
      ok(parsePolicy(JSON.parse(readFileSync(at('etc/flint/policy.json'), 'utf8'))).ok);
      const wants = at('etc/systemd/system/multi-user.target.wants/flint-probe.service');
      match(readlinkSync(wants), /\/etc\/systemd\/system\/flint-probe\.service$/);
      equal(statSync(at('run/flint/push')).mode & 0o777, 0o750);
      not.equal(statSync(at('var/lib/flint/rounds')).uid, 0);

      equal(await install(scratch), []);

      write(join(source, 'dist/main.js'), 'newer');
      const said = await install(scratch);
      equal(
        said.filter((line) => !/^(copy|link|write {2}\/usr\/lib\/flint\/install)/.test(line)),
        [],
      );
      const next = at(`usr/lib/flint/${readlinkSync(at('usr/lib/flint/current'))}`);
      equal(readFileSync(join(next, 'dist/main.js'), 'utf8'), 'newer');
      ok(existsSync(current), 'the release before stays');
    }),
  );

  testIf(CANNOT, 'a program that the disk has spoilt is put there again', () =>
    inScratch(async (scratch) => {
      await install(scratch);
      const prefix = join(scratch.root, 'usr/lib/flint');
      const file = join(prefix, readlinkSync(join(prefix, 'current')), 'dist/main.js');
      scratch.write(file, '');
      match((await install(scratch)).join(), /^copy/);
      equal(readFileSync(file, 'utf8'), 'the text of dist/main.js');
    }),
  );

  testIf(CANNOT, 'what was brought is removed, and of the rest only what is asked for', () =>
    inScratch(async (scratch) => {
      const { root } = scratch;
      const at = (file: string): string => join(root, file);
      const remove = async (isPurge: boolean): Promise<readonly string[]> => {
        const machine = { systemdVersion: 252, isRunning: false, env: process.env };
        const facts = await lookForRemoval('/usr/lib/flint', root, machine);
        const { actions, notes } = planRemoval(facts, isPurge);
        const options = { program: null, env: process.env, active: new Set<string>() };
        equal(await applyActions(actions, { root, say: () => undefined, ...options }), {
          ok: true,
        });
        return notes;
      };
      await install(scratch, { control: 'https://control.example' });
      const changed = at('etc/systemd/system/flint-agent.service');
      scratch.write(changed, 'mine');
      match((await remove(false)).join(), /flint-agent\.service was changed by hand and stays/);
      for (const file of ['usr/lib/flint', 'usr/local/bin/flint', 'etc/tmpfiles.d/flint.conf']) {
        ok(!existsSync(at(file)), file);
      }
      ok(!existsSync(at('etc/systemd/system/multi-user.target.wants/flint-probe.service')));
      for (const file of ['etc/flint/agent.json', 'var/lib/flint/rounds']) ok(existsSync(at(file)));
      equal(readFileSync(changed, 'utf8'), 'mine');
      await fails(remove(false), /nothing was installed below \/usr\/lib\/flint/);

      await install(scratch);
      await remove(true);
      for (const file of ['etc/flint', 'var/lib/flint', 'run/flint']) ok(!existsSync(at(file)));
      not.match(readFileSync(at('etc/passwd'), 'utf8'), /flint/);
    }),
  );

  test('a wish that cannot be is refused before anything is made', () =>
    inScratch(async (scratch) => {
      const tryWith = (more: object) => prepareInstall(optionsIn(scratch, more));
      await fails(tryWith({ prefix: '/opt/my flint' }), /--prefix .* cannot stand in a unit/);
      await fails(tryWith({ prefix: '/opt/%h' }), /cannot stand in a unit/);
      await fails(tryWith({ control: 'http://control.example' }), /must be https/);
      await fails(tryWith({ hardware: 'r2s' }), /--control is needed/);
      const unknown = { control: 'https://c.example', hardware: 'nope' };
      const words =
        /no kind of board "nope": generic, r2s, s920, or one of your own in .*hardware$/;
      await fails(tryWith(unknown), words);
      await fails(tryWith({ agentConfig: '/a', control: 'https://c.example' }), /not both/);
      const file = join(scratch.root, 'agent.json');
      scratch.write(file, '{"schema": 1, "control": "https://c.example", "lockdwn": {}}');
      await fails(tryWith({ agentConfig: file }), /lockdwn: unknown key/);
      // Also where one is there already, which then stays.
      scratch.write(join(scratch.root, 'etc/flint/agent.json'), '{"schema":1}');
      await fails(tryWith({ agentConfig: file }), /lockdwn: unknown key/);
      await fails(tryWith(unknown), words);
      ok(!existsSync(join(scratch.root, 'usr')));
    }));

  test("a kind of board of the fleet's own says whether its MAC is made", () =>
    inScratch(async (scratch) => {
      const file = join(scratch.root, 'etc/flint/hardware/odd/profile.json');
      const commands = async (mac: string) => {
        const profile = { schema: 1, slug: 'odd', name: 'Odd', architecture: 'any', models: [] };
        scratch.write(file, JSON.stringify({ ...profile, interface: null, mac, note: '' }));
        const wish = { control: 'https://c.example', hardware: 'odd' };
        const { plan } = await prepareInstall(optionsIn(scratch, wish));
        return JSON.stringify(plan.actions);
      };
      match(await commands('sd-serial'), /enable[^\]]*flint-mac\.service/);
      not.match(await commands('nic'), /enable[^\]]*flint-mac\.service/);
      await fails(commands('none'), /etc\/flint\/hardware\/odd\/profile\.json: mac: expected nic/);
    }));

  test('a directory that others have too is no prefix', () =>
    inScratch(async (scratch) => {
      scratch.write(join(scratch.root, 'opt/app-20240101/bin'), 'theirs');
      const refused = prepareInstall(optionsIn(scratch, { prefix: '/opt' }));
      await fails(refused, /\/opt holds what no `flint install` put there \(app-20240101\)/);
      await prepareInstall(optionsIn(scratch, { prefix: '/opt/flint' }));
    }));

  test('what is missing is said with the line that mends it', () =>
    inScratch(async (scratch) => {
      const file = join(scratch.root, 'agent.json');
      const sections = { lockdown: {}, push: { url: 'http://[fd00::1]/write' } };
      const document = { schema: 1, control: 'https://c.example', ...sections };
      scratch.write(file, JSON.stringify(document));
      const { needs } = await prepareInstall(optionsIn(scratch, { agentConfig: file }));
      const told = needs.map(({ name, mend }) => `${name}: ${mend}`).join('\n');
      match(told, /nft: apt-get install nftables/);
      match(told, /vmagent: apt-get install victoria-metrics/);
      const fatal = needs.filter(({ isFatal }) => isFatal).map(({ name }) => name);
      // The tree of the test has no Node; all else can be mended afterwards.
      equal(fatal, ['node']);
    }));
});

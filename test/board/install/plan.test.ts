import { equal, match, ok } from 'uvu/assert';
import type { Action } from '../../../src/board/install/action.ts';
import type { Manifest } from '../../../src/board/install/manifest.ts';
import { planInstall } from '../../../src/board/install/plan.ts';
import type { Seen } from '../../../src/board/install/seen.ts';
import {
  AGENT_FILE,
  bootUnits,
  type InstallWish,
  POLICY_FILE,
  UNIT_DIRECTORY,
  wantsLinks,
} from '../../../src/board/install/wish.ts';
import { suite } from '../../helper.ts';
import { BARE, wishFor } from './scratch.ts';

function commandsOf(actions: readonly Action[]): string[] {
  return actions.flatMap((action) => (action.kind === 'run' ? [action.words.join(' ')] : []));
}

function pathsOf(actions: readonly Action[], kind: Action['kind']): string[] {
  return actions.flatMap((action) =>
    action.kind === kind && 'path' in action ? [action.path] : [],
  );
}

/** The machine once all of that was done. */
function done(wish: InstallWish, actions: readonly Action[], before: Seen = BARE): Seen {
  const seen = {
    ...before,
    files: new Map(before.files),
    links: new Map(before.links),
    directories: new Map(before.directories),
    users: new Set(wish.units.users.map(({ name }) => name)),
    release: 'whole' as const,
    releases: [...new Set([...before.releases, wish.release])],
    active: new Set(['flint-probe.service', 'flint-agent.service']),
  };
  for (const action of actions) {
    if (action.kind === 'file') seen.files.set(action.path, action.text);
    if (action.kind === 'link') seen.links.set(action.path, action.target);
    if (action.kind === 'directory') {
      const { path, mode, user, group } = action;
      seen.directories.set(path, `${mode.toString(8)} ${user} ${group}`);
    }
  }
  for (const name of bootUnits(wish)) {
    for (const link of wantsLinks(wish, name)) seen.links.set(link, 'x');
  }
  return seen;
}

function installed(more: Partial<InstallWish> = {}): { seen: Seen; manifest: Manifest } {
  const wish = wishFor(more);
  const { actions, manifest } = planInstall(wish, BARE, null);
  return { seen: done(wish, actions), manifest };
}

suite('board/install/plan', ({ test }) => {
  test('a bare machine gets program, users, directories, files and services in order', () => {
    const { actions, notes } = planInstall(wishFor(), BARE, null);
    const kinds = actions.map(({ kind }) => kind).filter((kind, i, all) => kind !== all[i - 1]);
    equal(kinds, ['program', 'file', 'run', 'directory', 'file', 'link', 'run', 'file']);
    equal(commandsOf(actions), [
      'systemd-sysusers flint.conf',
      'systemctl daemon-reload',
      'systemctl enable flint-probe.service flint-agent.service flint-lockdown.service',
      'systemctl restart flint-probe.service',
    ]);
    equal(pathsOf(actions, 'link'), ['/usr/lib/flint/current', '/usr/local/bin/flint']);
    match(notes.join(), /there is no \/etc\/flint\/agent\.json/);
  });

  test('what is done already is not done again', () => {
    const { seen, manifest } = installed();
    equal(planInstall(wishFor(), seen, manifest).actions, []);
  });

  test('another release is put beside, the link is switched, and the services start anew', () => {
    const { seen, manifest } = installed();
    const release = '1.0.1-ffffffff';
    const next = { ...seen, release: 'absent' as const };
    const { actions, manifest: after } = planInstall(wishFor({ release }), next, manifest);
    equal(pathsOf(actions, 'program'), [`/usr/lib/flint/${release}`]);
    equal(pathsOf(actions, 'link'), ['/usr/lib/flint/current']);
    equal(commandsOf(actions), ['systemctl restart flint-probe.service']);
    equal([after.release, after.previous], [release, '1.0.0-0a1b2c3d']);
    equal(pathsOf(actions, 'remove'), []);

    const third = { ...done(wishFor({ release }), actions, next), release: 'absent' as const };
    const last = planInstall(wishFor({ release: '1.0.2-eeeeeeee' }), third, after);
    equal(pathsOf(last.actions, 'remove'), ['/usr/lib/flint/1.0.0-0a1b2c3d']);
  });

  test('what an operator changed, masked or brought stays, with a word about it', () => {
    const { seen, manifest } = installed();
    const unit = `${UNIT_DIRECTORY}/flint-probe.service`;
    const masked = `${UNIT_DIRECTORY}/flint-lockdown.service`;
    const files = new Map([...seen.files, [unit, 'mine'], ['/usr/local/bin/flint', 'mine']]);
    files.delete(masked);
    const links = new Map([...seen.links, [masked, '/dev/null']]);
    links.delete('/usr/local/bin/flint');
    const { actions, notes } = planInstall(wishFor(), { ...seen, files, links }, manifest);
    equal(actions, []);
    match(notes[0] ?? '', /flint-probe\.service was changed by hand.*systemctl edit/);
    match(notes[1] ?? '', /flint-lockdown\.service was changed/);
    match(notes[2] ?? '', /\/usr\/local\/bin\/flint is another program's/);
  });

  test('a unit of an earlier version is ours to write, and one without a record is not', () => {
    const { seen, manifest } = installed();
    const unit = `${UNIT_DIRECTORY}/flint-probe.service`;
    const newer = planInstall(wishFor({ node: '/opt/node' }), seen, manifest);
    ok(pathsOf(newer.actions, 'file').includes(unit));
    equal(commandsOf(newer.actions), [
      'systemctl daemon-reload',
      'systemctl restart flint-probe.service',
    ]);
    const strange = planInstall(wishFor({ node: '/opt/node' }), seen, null);
    ok(!pathsOf(strange.actions, 'file').includes(unit));
  });

  test('agent.json and policy are brought once, and never written over', () => {
    const wish = wishFor({ agentConfig: 'new' });
    const first = planInstall(wish, BARE, null);
    const file = first.actions.find((one) => one.kind === 'file' && one.path === AGENT_FILE);
    equal(file, { kind: 'file', path: AGENT_FILE, text: 'new', mode: 0o600 });
    ok(commandsOf(first.actions).includes('systemctl restart flint-agent.service'));

    const files = new Map([
      [AGENT_FILE, 'old'],
      [POLICY_FILE, 'stricter'],
    ]);
    // As files, and as links to where an operator keeps them, there or not.
    const links = new Map([...files.keys()].map((path) => [path, '/srv/site']));
    for (const there of [{ files }, { links }]) {
      const second = planInstall(wish, { ...BARE, ...there }, null);
      const written = pathsOf(second.actions, 'file');
      equal([written.includes(AGENT_FILE), written.includes(POLICY_FILE)], [false, false]);
      match(second.notes.join(), /agent\.json is there already/);
      ok(commandsOf(second.actions).includes('systemctl restart flint-agent.service'));
    }
  });

  test('what an operator masked is neither enabled nor started', () => {
    const names = ['flint-probe.service', 'flint-lockdown.service'];
    const links = new Map(names.map((name) => [`${UNIT_DIRECTORY}/${name}`, '/dev/null']));
    const { actions } = planInstall(wishFor(), { ...BARE, links }, null);
    equal(commandsOf(actions).slice(1), [
      'systemctl daemon-reload',
      'systemctl enable flint-agent.service',
    ]);
  });

  test('a user that others made is told of, and is not ours to remove', () => {
    const foreignUsers = new Map([['flint', 'uid 1000, home /home/flint']]);
    const seen = { ...BARE, users: new Set(['flint']), foreignUsers };
    const { notes, manifest } = planInstall(wishFor(), seen, null);
    match(notes.join(), /the user flint was there already \(uid 1000, home \/home\/flint\)/);
    equal(manifest.users, ['flint-push']);
  });

  test('without a running systemd nothing is started, without any nothing is enabled', () => {
    const root = '/srv/image';
    const image = planInstall(wishFor({ isRunning: false, root }), BARE, null);
    equal(commandsOf(image.actions), [
      'systemd-sysusers --root=/srv/image flint.conf',
      'systemctl --root=/srv/image enable flint-probe.service flint-agent.service ' +
        'flint-lockdown.service',
    ]);
    const other = planInstall(wishFor({ isRunning: false, systemdVersion: 0 }), BARE, null);
    equal(
      commandsOf(other.actions).map((words) => words.split(' ')[0]),
      ['useradd', 'useradd'],
    );
    const still = planInstall(wishFor({ isStart: false }), BARE, null);
    ok(!commandsOf(still.actions).some((words) => words.includes('restart')));
  });

  test('the MAC of the card is set at boots of boards that want it, and never right away', () => {
    const { actions, notes } = planInstall(wishFor({ wantsMac: true }), BARE, null);
    const [enable] = commandsOf(actions).filter((words) => words.includes('enable'));
    match(enable ?? '', /flint-mac\.service/);
    ok(!commandsOf(actions).some((words) => /restart.*mac/.test(words)));
    match(notes.join(), /at the next boot/);
  });

  test('whoever is logged in is told before the lockdown shuts him out', () => {
    const { notes } = planInstall(wishFor({ isLocked: true, agentConfig: '{}' }), BARE, null);
    match(notes.join(), /the lockdown shuts this machine as soon as the agent runs/);
  });

  test('a policy that is put there begins to rule at once', () => {
    const { seen, manifest } = installed();
    const files = new Map(seen.files);
    files.delete(POLICY_FILE);
    const { actions } = planInstall(wishFor(), { ...seen, files }, manifest);
    equal(pathsOf(actions, 'file'), [POLICY_FILE]);
    equal(commandsOf(actions), ['systemctl restart flint-probe.service']);
  });

  test('a service that stands still is started, a directory of another mode is mended', () => {
    const { seen, manifest } = installed();
    const directories = new Map([...seen.directories, ['/run/flint/push', '755 root root']]);
    const active = new Set<string>();
    const { actions } = planInstall(wishFor(), { ...seen, directories, active }, manifest);
    equal(pathsOf(actions, 'directory'), ['/run/flint/push']);
    equal(commandsOf(actions), ['systemctl restart flint-probe.service']);
  });
});

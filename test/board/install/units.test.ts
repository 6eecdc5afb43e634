import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, match, ok, throws } from 'uvu/assert';
import {
  readUnits,
  renderDirectories,
  renderUnits,
  renderUsers,
  wantedBy,
} from '../../../src/board/install/units.ts';
import { findProgram } from '../../../src/host/command.ts';
import { suite } from '../../helper.ts';

// As `systemd-analyze security` counts: 0 is a unit that can do nothing.
const EXPOSURE_MAX: Readonly<Record<string, number>> = {
  'flint-probe.service': 2.0,
  'flint-agent.service': 3.0,
  'flint-lockdown.service': 2.0,
  'flint-mac.service': 1.6,
  'flint-vmagent.service': 1.3,
  'flint-push-relay.service': 1.3,
};

const VALUES = {
  ...{ flint: '/usr/lib/flint/current', node: process.execPath, launch: '/bin/true' },
  ...{ vmagent: '/bin/true', config: '/etc/flint' },
};

function missing(...names: string[]): string | null {
  const absent = names.find((name) => findProgram(name, process.env) === null);
  return absent === undefined ? null : `${absent} is not installed`;
}

function version(): number {
  const { stdout } = spawnSync('systemctl', ['--version'], { encoding: 'utf8' });
  return Number(/^systemd ([0-9]+)/.exec(stdout ?? '')?.[1] ?? 0);
}

suite('board/install/units', (s) => {
  const units = readUnits();
  const names = Object.keys(units.units);
  const place = { directory: '' };

  s.before(() => {
    place.directory = mkdtempSync(join(tmpdir(), 'flint-units-'));
    for (const [name, text] of renderUnits(units, VALUES, version())) {
      writeFileSync(join(place.directory, name), text);
    }
  });
  s.after(() => rmSync(place.directory, { recursive: true, force: true }));

  s.test('every placeholder is filled in, and nothing else is touched', () => {
    for (const [name, text] of renderUnits(units, VALUES, 300)) {
      ok(!/@[a-z]+@/.test(text), `${name} has a placeholder left`);
      match(text, /^# Made by .*\n\n\[Unit\]\nDescription=Flint /);
    }
    const probe = renderUnits(units, VALUES, 300).get('flint-probe.service') ?? '';
    match(probe, /^ExecStart=\/bin\/true -- .*\/usr\/lib\/flint\/current\/dist\/main\.js probe /m);
    match(probe, /^SystemCallFilter=@system-service$/m);
  });

  s.test('an older systemd is not told what it would complain of', () => {
    const textFor = (one: number) =>
      renderUnits(units, VALUES, one).get('flint-probe.service') ?? '';
    ok(!textFor(252).includes('RestartSteps='));
    ok(textFor(254).includes('RestartSteps='));
  });

  s.test('no command compiles where memory must not be written and run', () => {
    for (const [name, { Service }] of Object.entries(units.units)) {
      if (Service['MemoryDenyWriteExecute'] !== 'yes') continue;
      for (const key of ['ExecStart', 'ExecReload']) {
        const command = String(Service[key] ?? '');
        if (!command.startsWith('@node@')) continue;
        match(command, /^@node@ --(lite-mode|jitless) /, `${name} ${key}`);
      }
    }
  });

  s.test('each service has a sandbox, bounds, and comes back', () => {
    for (const [name, { Service }] of Object.entries(units.units)) {
      for (const key of ['CapabilityBoundingSet', 'SystemCallFilter', 'MemoryMax', 'TasksMax']) {
        ok(key in Service, `${name} has no ${key}`);
      }
      equal(Service['ProtectSystem'], 'strict', name);
      equal(Service['NoNewPrivileges'], 'yes', name);
      const isOnce = Service['Type'] === 'oneshot';
      if (!isOnce) equal(Service['Restart'], 'always', name);
    }
    const said = (name: string, key: string) => units.units[name]?.Service[key];
    equal(said('flint-probe.service', 'User'), 'flint');
    equal(said('flint-probe.service', 'AmbientCapabilities'), 'CAP_NET_RAW');
    equal(said('flint-vmagent.service', 'User'), 'flint-push');
    equal(said('flint-vmagent.service', 'CapabilityBoundingSet'), '');
  });

  s.test('who protects the network is there before it', () => {
    for (const name of ['flint-lockdown.service', 'flint-mac.service']) {
      const { Unit = {} } = units.units[name] ?? {};
      ok([Unit['Before']].flat().includes('network-pre.target'), name);
      equal(Unit['DefaultDependencies'], 'no', name);
    }
    const { Unit = {} } = units.units['flint-lockdown.service'] ?? {};
    // It flushes all rules when it starts.
    ok([Unit['After']].flat().includes('nftables.service'));
    equal(
      names.filter((name) => wantedBy(units.units[name] ?? { Unit, Service: {}, Install: {} })[0]),
      [
        ...['flint-probe.service', 'flint-agent.service'],
        ...['flint-lockdown.service', 'flint-mac.service'],
      ],
    );
  });

  s.testIf(missing('systemd-analyze'), 'systemd understands every line', () => {
    const files = names.map((name) => join(place.directory, name));
    const { stderr } = spawnSync('systemd-analyze', ['verify', ...files], { encoding: 'utf8' });
    const ours = (stderr ?? '').split('\n').filter((line) => line.includes('flint'));
    equal(ours.join('\n'), '');
  });

  for (const name of names) {
    const most = EXPOSURE_MAX[name] ?? 0;
    s.testIf(missing('systemd-analyze'), `${name} is exposed by ${most} at most`, () => {
      const words = ['security', '--offline=yes', '--no-pager', join(place.directory, name)];
      const { stdout } = spawnSync('systemd-analyze', words, { encoding: 'utf8' });
      const exposure = Number(/exposure level for [\w.-]+: ([0-9.]+)/.exec(stdout)?.[1] ?? 10);
      ok(exposure <= most, `${name}: ${exposure}`);
    });
  }

  s.testIf(
    missing('systemd-sysusers', 'systemd-tmpfiles'),
    'users and directories are made',
    () => {
      const root = join(place.directory, 'root');
      mkdirSync(join(root, 'etc'), { recursive: true });
      mkdirSync(join(root, 'var/lib'), { recursive: true });
      mkdirSync(join(root, 'run'));
      for (const name of ['sysusers.d', 'tmpfiles.d']) mkdirSync(join(root, 'etc', name));
      writeFileSync(join(root, 'etc/sysusers.d/flint.conf'), renderUsers(units));
      writeFileSync(join(root, 'etc/tmpfiles.d/flint.conf'), renderDirectories(units));
      execFileSync('systemd-sysusers', [`--root=${root}`, 'flint.conf'], { stdio: 'pipe' });
      const passwd = execFileSync('cat', [join(root, 'etc/passwd')], { encoding: 'utf8' });
      match(passwd, /^flint:x:\d+:\d+:Flint probe:\/var\/lib\/flint:\/usr\/sbin\/nologin$/m);
      match(passwd, /^flint-push:x:/m);
      const words = [`--root=${root}`, '--create', 'flint.conf'];
      const made = spawnSync('systemd-tmpfiles', words, { encoding: 'utf8' });
      equal([made.status, made.stderr], [0, '']);
      const stat = execFileSync('stat', ['-c', '%a', join(root, 'run/flint/push')], {
        encoding: 'utf8',
      });
      equal(stat, '750\n');
    },
  );

  s.test('units that cannot be used are refused by name', () => {
    const file = join(place.directory, 'units.json');
    writeFileSync(file, '{"schema": 2}');
    throws(() => readUnits(file), /units\.json cannot be used/);
    throws(() => readUnits(join(place.directory, 'none.json')), /none\.json cannot be used/);
  });
});

// The units of the infrastructure as they are written, without Nix: systemd can read them, they are
// locked in, and what they start is there.
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMANDS } from '../../src/cli/table.ts';
import { suite } from '../helper.ts';
import { exposure, missingPrograms, ROOT, readJson, scratch, unitFaults } from './lab.ts';

type Section = Record<string, string | string[]>;
type Unit = Record<string, Section>;

const { schema, units } = readJson(join(ROOT, 'nix/units-infra.json')) as {
  schema: number;
  units: Record<string, Unit>;
};

const PLACEHOLDERS: Readonly<Record<string, string>> = {
  flint: '/opt/flint',
  node: '/usr/bin/node',
  config: '/etc/flint',
  backup: '/var/backup/flint-control',
  vmauth: '/usr/bin/vmauth',
  nginx: '/usr/sbin/nginx',
  device: 'sys-subsystem-net-devices-tailscale0.device',
  from: 'fd00:1:2:3::/64',
  ip: '/usr/sbin/ip',
  address: 'fd00:1:2:2::1/128',
  interface: 'tailscale0',
  'make-users': '/usr/local/bin/make-users',
  'headscale-user': 'headscale',
  'headscale-group': 'headscale',
};

const EXPOSURE_MAX = 1.5;

function render(unit: Unit): string {
  return Object.entries(unit)
    .map(([name, section]) => `[${name}]\n${lines(section)}\n`)
    .join('\n');
}

function lines(section: Section): string {
  return Object.entries(section)
    .flatMap(([key, value]) => [value].flat().map((one) => `${key}=${fill(one)}`))
    .join('\n');
}

function fill(text: string): string {
  return text.replace(/@([a-z-]+)@/g, (_, name: string) => PLACEHOLDERS[name] ?? `UNKNOWN ${name}`);
}

/** Words of the command line behind dist/main.js, up to the first option. */
function commandOf(start: string): string[] {
  const words = start.split(' ');
  const rest = words.slice(words.findIndex((word) => word.endsWith('/dist/main.js')) + 1);
  return rest.slice(
    0,
    rest.findIndex((word) => word.startsWith('-')),
  );
}

/** Whether that command exists, option by option. */
function isKnown(start: string): boolean {
  let level = COMMANDS;
  for (const word of commandOf(start)) {
    const found = level.find(({ usage }) => usage.split(' ')[0] === word);
    if (found === undefined) return false;
    level = found.commands ?? [];
  }
  return true;
}

suite('nix: units of the infrastructure', (s) => {
  const missing = missingPrograms('systemd-analyze');
  const rendered: Record<string, string> = Object.fromEntries(
    Object.entries(units).map(([name, unit]) => [name, render(unit)]),
  );

  s.test('every placeholder is known', () => {
    equal(schema, 1);
    equal(/UNKNOWN [a-z-]+/.exec(Object.values(rendered).join('\n'))?.[0], undefined);
  });

  s.testIf(missing, 'systemd can read every unit', () => {
    deepEqual(unitFaults(rendered), []);
  });

  s.testIf(missing, 'systemd tells of a key that it does not know', () => {
    const unit = '[Service]\nExecStart=/bin/true\nProtectSytem=strict\n';
    match(unitFaults({ 'a.service': unit }).join(), /ProtectSytem/);
  });

  s.testIf(missing, 'every service is locked in', () => {
    for (const [name, text] of Object.entries(rendered)) {
      if (!name.endsWith('.service')) continue;
      const found = exposure(name, text);
      equal(found <= EXPOSURE_MAX, true, `${name} is at ${found}`);
    }
  });

  s.test('every flint that is started knows its command', () => {
    const starts = Object.values(units)
      .map((unit) => String(unit['Service']?.['ExecStart'] ?? ''))
      .filter((start) => start.includes('dist/main.js'));
    equal(starts.length, 3);
    for (const start of starts) equal(isKnown(start), true, start);
    equal(isKnown('node dist/main.js control bakcup --state x'), false);
  });

  s.test('what is not for V8 reloads with a V8 that needs no memory to write and run', () => {
    for (const { Service: service } of Object.values(units)) {
      if (service?.['MemoryDenyWriteExecute'] !== 'yes') continue;
      for (const key of ['ExecStart', 'ExecReload']) {
        const command: string = String(service[key] ?? '');
        equal(command.startsWith('@node@') && !command.includes('--jitless'), false, command);
      }
    }
  });

  s.test('the reload of vmauth signals the process that systemd names', () => {
    const reload = String(units['flint-vmauth.service']?.['Service']?.['ExecReload']);
    const words = reload.replace('@node@', 'node');
    const child = spawnSync('sh', ['-c', `trap 'echo heard' HUP; MAINPID=$$ ${words}; :`], {
      encoding: 'utf8',
    });
    equal(child.stdout, 'heard\n', child.stderr);
  });

  s.testIf(missingPrograms('vmauth'), 'vmauth knows its flags, and listens on loopback', () => {
    const { directory, remove } = scratch();
    try {
      const users = join(directory, 'users.json');
      writeFileSync(users, '{"users":[');
      const start = String(units['flint-vmauth.service']?.['Service']?.['ExecStart']);
      const flags = start.split(' ').slice(1);
      equal(flags.filter((flag) => /^-httpListenAddr=127\.0\.0\.1:\d+$/.test(flag)).length, 1);
      const given = flags.map((flag) => flag.replace(/=\/var.*/, `=${users}`));
      // It reads its users before it listens: a broken file shows that all flags were taken.
      const { stderr } = spawnSync('vmauth', given, { encoding: 'utf8', timeout: 5_000 });
      match(stderr, /cannot (load|parse|unmarshal)/i);
      equal(/flag provided but not defined/.test(stderr), false);
    } finally {
      remove();
    }
  });
});

// The units of a board among those of NixOS that start beside them: rules and MAC are there before
// any program asks for a lease, and systemd finds no circle in what has to wait for what.
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '../helper.ts';
import { missingPrograms, ROOT, readJson, scratch } from './lab.ts';

type Unit = Record<string, Record<string, string | string[]>>;

const { units } = readJson(join(ROOT, 'nix/units.json')) as { units: Record<string, Unit> };

/** As NixOS has them: both without a word of the other, and no default order for the first one. */
const OTHERS: Readonly<Record<string, Unit>> = {
  'nftables.service': {
    Unit: {
      DefaultDependencies: 'no',
      After: 'sysinit.target',
      Wants: 'network-pre.target sysinit.target',
      Before: 'network-pre.target shutdown.target',
      Conflicts: 'shutdown.target',
    },
    Service: { Type: 'oneshot', RemainAfterExit: 'yes', ExecStart: '/bin/true' },
  },
  'dhcpcd.service': {
    Unit: { Wants: 'network.target', Before: 'network-online.target' },
    Service: { ExecStart: '/bin/true' },
  },
};
const EARLY = ['flint-lockdown.service', 'flint-mac.service'];
const STARTED = [
  ...['flint-probe.service', 'flint-agent.service', ...EARLY, ...Object.keys(OTHERS)],
  ...['systemd-networkd.service', 'systemd-resolved.service', 'network-online.target'],
];

function render(unit: Unit): string {
  return Object.entries(unit)
    .map(([name, section]) => `[${name}]\n${linesOf(section)}\n`)
    .join('\n');
}

function linesOf(section: Record<string, string | string[]>): string {
  return Object.entries(section)
    .flatMap(([key, value]) => [value].flat().map((one) => `${key}=${fill(one)}`))
    .join('\n');
}

function fill(text: string): string {
  return text.replace(/@(launch|node|vmagent)@/g, '/bin/true').replace(/@[a-z]+@/g, '/etc');
}

/** What systemd says of a boot with these units. */
function circlesOf(given: Readonly<Record<string, Unit>>): string[] {
  const { directory, remove } = scratch();
  try {
    const wants = join(directory, 'sysinit.target.wants');
    mkdirSync(wants);
    for (const [name, unit] of Object.entries(given)) {
      writeFileSync(join(directory, name), render(unit));
    }
    for (const name of EARLY) symlinkSync(`../${name}`, join(wants, name));
    const boot = { Unit: { Requires: 'multi-user.target', Wants: STARTED.join(' ') } };
    writeFileSync(join(directory, 'boot.target'), render(boot));
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${directory}:/lib/systemd/system` };
    const words = ['verify', '--man=no', 'boot.target'];
    const { stderr } = spawnSync('systemd-analyze', words, { env, encoding: 'utf8' });
    return stderr.split('\n').filter((line) => /cycle|deleted to break/.test(line));
  } finally {
    remove();
  }
}

function wordsOf(name: string, key: string): string[] {
  return [units[name]?.['Unit']?.[key] ?? []].flat().flatMap((text) => text.split(' '));
}

suite('nix: order of a start', (s) => {
  const missing = missingPrograms('systemd-analyze');

  s.test('rules and MAC come before every program that asks for a lease', () => {
    for (const name of EARLY) {
      const before = wordsOf(name, 'Before');
      equal(before.includes('network-pre.target'), true, name);
      equal(before.includes('dhcpcd.service'), true, `${name}: dhcpcd waits for no network-pre`);
      equal(wordsOf(name, 'After').includes('network.target'), false, name);
    }
    for (const name of ['flint-probe.service', 'flint-agent.service']) {
      for (const early of EARLY) equal(wordsOf(name, 'After').includes(early), true, name);
    }
  });

  s.testIf(missing, 'nothing waits for itself', () => {
    deepEqual(circlesOf({ ...units, ...OTHERS }), []);
  });

  s.testIf(missing, 'what waits for itself is told', () => {
    const lockdown = units['flint-lockdown.service'];
    const wrong = { ...lockdown, Unit: { ...lockdown?.['Unit'], Before: 'sysinit.target' } };
    const found = circlesOf({ ...units, ...OTHERS, 'flint-lockdown.service': wrong });
    match(found.join('\n'), /sysinit\.target: .*ordering cycle/i);
  });
});

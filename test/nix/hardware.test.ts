// Kinds of boards of a fleet's own, evaluated: without a fork of Flint they become systems, and
// reach agent and control.
import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSettings } from '../../src/board/agent-config.ts';
import { readFleetHardware, readHardware } from '../../src/control/fleet/hardware.ts';
import { loadControlConfig } from '../../src/control/request/config-file.ts';
import { readProfileIn } from '../../src/host/hardware.ts';
import { suite } from '../helper.ts';
import {
  evaluate,
  evaluateOne,
  evaluateText,
  type Machine,
  missingEvaluation,
  missingLibrary,
  ROOT,
  scratch,
} from './lab.ts';

const FLEET = join(ROOT, 'test/nix/fleet');
const FLINT = `(import ${ROOT}nix { lib = import (builtins.getEnv "NIXPKGS_LIB"); })`;
const PROFILE = 'flint/hardware/nanopi-r4s/profile.json';
const GOOD = {
  ...{ schema: 1, slug: 'odd', name: 'Odd', architecture: 'any', interface: null },
  ...{ models: [], note: '' },
};

/** Folders of boards, with a module that does nothing; `null` is no profile. */
function inFolder(
  documents: Record<string, object | null>,
  use: (directory: string) => void,
): void {
  const { directory, remove } = scratch();
  try {
    for (const [slug, document] of Object.entries(documents)) {
      mkdirSync(join(directory, slug));
      writeFileSync(join(directory, slug, 'default.nix'), '{ }');
      if (document === null) continue;
      writeFileSync(join(directory, slug, 'profile.json'), JSON.stringify(document));
    }
    use(directory);
  } finally {
    remove();
  }
}

function names(directory: string): Record<string, string> {
  const boards = `${FLINT}.lib.boardsWith ${directory}`;
  const each = '(_: { profile, ... }: profile.name)';
  return JSON.parse(evaluateText(`builtins.mapAttrs ${each} (${boards})`));
}

suite('nix: hardware of a fleet', (s) => {
  const missing = missingEvaluation();
  const machines: Record<string, Machine> =
    missing === null ? evaluate(join(FLEET, 'fleet.nix')) : {};

  s.testIf(missing, 'a probe and an image are what they are for boards of Flint', () => {
    for (const name of ['probe03', 'image']) {
      const machine = machines[name];
      deepEqual(machine?.failedAssertions, []);
      equal(machine?.images.includes('sdImage'), true);
      match(machine?.kernelParams.join(' ') ?? '', /console=ttyS2,1500000n8/);
      equal('flint-mac.service' in (machine?.units ?? {}), false);
      equal(loadSettings(machine?.files.agent ?? '', true).hardware, 'nanopi-r4s');
    }
    equal(machines['probe03']?.hostName, 'probe03');
    deepEqual(machines['bare']?.failedAssertions, []);
  });

  s.testIf(missing, 'the profile lies where the agent looks', () => {
    const { directory, remove } = scratch();
    try {
      mkdirSync(join(directory, 'nanopi-r4s'));
      const text = machines['probe03']?.etc[PROFILE] ?? '';
      writeFileSync(join(directory, 'nanopi-r4s/profile.json'), text);
      const found = readProfileIn(directory, 'nanopi-r4s');
      equal(found.ok && found.profile.interface, 'end0');
    } finally {
      remove();
    }
    equal(machines['bare']?.etc[PROFILE], undefined);
    equal('flint-agent.service' in (machines['bare']?.units ?? {}), false);
  });

  s.testIf(missingLibrary(), "the fleet's own stands before Flint's", () =>
    inFolder({ r2s: { ...GOOD, slug: 'r2s', name: 'Ours' }, odd: GOOD }, (directory) => {
      deepEqual(names(directory), {
        ...{ generic: 'Any Linux machine', odd: 'Odd', r2s: 'Ours', s920: 'Futro S920' },
      });
    }),
  );

  for (const [what, documents, words] of [
    [
      'a profile of another name',
      { odd: { ...GOOD, slug: 'other' } },
      /odd\/profile\.json: slug is "other", and/,
    ],
    ['a profile with a key of its own', { odd: { ...GOOD, arch: 'any' } }, /arch' does not exist/],
    ['an unknown architecture', { odd: { ...GOOD, architecture: 'mips' } }, /architecture' is not/],
    ['an interface that is a path', { odd: { ...GOOD, interface: '../x' } }, /interface' is not/],
    ['a note of two lines', { odd: { ...GOOD, note: 'a\nb' } }, /note' is not of type/],
    ['a profile that lacks a key', { odd: { ...GOOD, note: undefined } }, /note' .*no value|note'/],
    ['a folder without a profile', { odd: null }, /hardware\/odd\/profile\.json is missing/],
    ['a folder that is no slug', { Odd: { ...GOOD, slug: 'Odd' } }, /hardware\/Odd: .* a slug/],
  ] as const) {
    s.testIf(missingLibrary(), `${what} is refused, and told`, () =>
      inFolder(documents, (directory) => throws(() => names(directory), words)),
    );
  }

  s.testIf(missingLibrary(), 'a probe of a kind that nobody has is told which there are', () => {
    const probes = `${FLINT}.lib.probes { modules = [ ]; directory = ${FLEET}/probes; }`;
    const words = /probe03\.json: hardware "nanopi-r4s" is none of generic, r2s, s920/;
    throws(() => evaluateText(`map (one: one ? x) (${probes}).probe03.modules`), words);
  });

  s.testIf(missing, 'the control gets the profiles, and nothing of how a system is built', () => {
    const settings = (hardware: string) => {
      const module = `{ services.flint.control = { enable = true; hardware = ${hardware}; }; }`;
      const { files } = evaluateOne(`[ ${ROOT}nix/control.nix ${module} ]`);
      return loadControlConfig(files.control, false).hardware;
    };
    const folder = settings(join(FLEET, 'hardware'));
    equal(folder?.isOptional, false);
    const { profiles, faults } = readFleetHardware(folder, readHardware());
    deepEqual(faults, []);
    equal(profiles.map(({ slug }) => slug).join(), 'generic,nanopi-r4s,r2s,s920');
    equal(existsSync(join(folder?.directory ?? '', 'nanopi-r4s/default.nix')), false);
    equal(settings('"/srv/hardware"')?.directory, '/srv/hardware');
  });

  s.test('the guide shows what is evaluated here', () => {
    const guide = readFileSync(join(ROOT, 'docs/hardware.md'), 'utf8');
    for (const name of ['profile.json', 'default.nix']) {
      const text = readFileSync(join(FLEET, 'hardware/nanopi-r4s', name), 'utf8');
      equal(guide.includes(text), true, name);
    }
  });
});

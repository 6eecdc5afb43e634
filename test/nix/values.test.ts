// What the modules know of addresses, resolvers and folders of boards, asked of the language of Nix
// itself, without stand-ins for the options of NixOS.
import { deepEqual, match, throws } from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '../helper.ts';
import { evaluateText, missingLibrary, ROOT, scratch } from './lab.ts';

/** Prefix, address, and whether the one holds the other. */
const HELD: readonly (readonly [string, string, boolean])[] = [
  ['fd00:1:2:3::/64', 'fd00:1:2:3::1', true],
  ['fd00:1:2:3::/64', 'fd00:1:2:3:ffff:ffff:ffff:ffff', true],
  ['fd00:1:2:3::/64', 'fd00:1:2:2::1', false],
  ['fd00:1:2::/47', 'fd00:1:3::1', true],
  ['fd00:1:2::/48', 'fd00:1:3::1', false],
  ['fd00::/9', 'fd7f:1:2:3:4:5:6:7', true],
  ['fd00::/9', 'fd80::1', false],
  ['FD00::5/128', 'fd00:0:0:0:0:0:0:5', true],
  ['fd00::5/128', 'fd00::4', false],
  ['::/0', 'fd00::1', true],
  ['10.9.3.0/24', '10.9.3.7', true],
  ['10.9.3.0/25', '10.9.3.200', false],
  ['0.0.0.0/0', '192.0.2.1', true],
  ['0.0.0.0/0', 'fd00::1', false],
  ['::/0', '192.0.2.1', false],
];

const LIB = 'lib = import (builtins.getEnv "NIXPKGS_LIB")';

suite('nix: values', (s) => {
  const missing = missingLibrary();

  s.testIf(missing, 'a prefix holds the addresses behind it, and no others', () => {
    const given = HELD.map(([prefix, address]) => `(values.holds "${prefix}" "${address}")`);
    const values = `import ${ROOT}nix/values.nix { inherit lib; }`;
    const said = evaluateText(`let ${LIB}; values = ${values}; in [ ${given.join(' ')} ]`);
    deepEqual(
      (JSON.parse(said) as boolean[]).map((holds, at) => [...(HELD[at] ?? []).slice(0, 2), holds]),
      HELD,
    );
  });

  s.testIf(missing, 'resolved of a board falls back to nobody, as old and new NixOS say it', () => {
    const resolvedOf = (option: string) =>
      evaluateText(`let ${LIB}; in (lib.evalModules {
        specialArgs.pkgs = { };
        modules = [ ${ROOT}nix/base.nix {
          config._module.check = false;
          options.services.flint = lib.genAttrs [ "agent" "mac" "probe" ] (_: {
            enable = lib.mkEnableOption "it";
          });
          options.services.resolved.enable = lib.mkOption { };
          options.services.resolved.${option} = lib.mkOption { type = lib.types.anything; };
          config.services.flint.board.enable = true;
        } ];
      }).config.services.resolved`);
    deepEqual(JSON.parse(resolvedOf('settings')), {
      enable: true,
      settings: { Resolve: { FallbackDNS: [] } },
    });
    deepEqual(JSON.parse(resolvedOf('fallbackDns')), { enable: true, fallbackDns: [] });
  });

  s.testIf(missing, 'a board whose profile has another slug than its folder is told of', () => {
    const { directory, remove } = scratch();
    try {
      cpSync(join(ROOT, 'nix'), join(directory, 'nix'), { recursive: true });
      for (const [folder, slug] of [
        ['good', 'good'],
        ['bad', 'other'],
      ] as const) {
        mkdirSync(join(directory, 'hardware', folder), { recursive: true });
        writeFileSync(join(directory, 'hardware', folder, 'default.nix'), '{ }');
        const empty = { name: '', architecture: 'any', interface: null, models: [], note: '' };
        const profile = JSON.stringify({ schema: 1, slug, ...empty });
        writeFileSync(join(directory, 'hardware', folder, 'profile.json'), profile);
      }
      const board = (of: string) =>
        evaluateText(`let ${LIB}; in (import ${directory}/nix { inherit lib; }).lib.boards.${of}`);
      match(board('good.profile'), /"slug":"good"/);
      for (const part of ['profile', 'module']) {
        throws(
          () => board(`bad.${part}`),
          /hardware\/bad\/profile\.json: slug is "other", and must be the name of the folder/,
        );
      }
    } finally {
      remove();
    }
  });
});

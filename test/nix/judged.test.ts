// What a build asks the program itself: the shell that makes a configuration is run, with the flint
// of this tree in the place of the packaged one.
import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from '../helper.ts';
import { evaluate, evaluateOne, missingEvaluation, ROOT, scratch } from './lab.ts';

const BOARD = `${ROOT}nix/board.nix`;
const AGENT = 'services.flint.agent = { enable = true; control = "https://control.example.net"; };';
/** Each holds something that the others do not. */
const BOARDS = ['probe01', 'wireguard-full', 'push-full'];
const SERVERS = ['control-named'];

interface Built {
  isBuilt: boolean;
  said: string;
  /** What was made; null when nothing was. */
  text: string | null;
}

function build(script: string): Built {
  const { directory, remove } = scratch();
  try {
    const flint = `${process.execPath} --import tsx ${ROOT}src/main.ts`;
    const shell = script.replaceAll(/\S+\/bin\/flint(?= )/g, flint);
    const out = join(directory, 'out');
    // As in a build: no home, nothing of the caller's.
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/homeless-shelter', out };
    const options = { cwd: ROOT, env, encoding: 'utf8', timeout: 20_000 } as const;
    const { status, stderr } = spawnSync('sh', ['-euc', shell], options);
    const isBuilt = status === 0;
    return { isBuilt, said: stderr, text: isBuilt ? readFileSync(out, 'utf8') : null };
  } finally {
    remove();
  }
}

function judgedOf(module: string): Record<string, string> {
  return evaluateOne(`[ ${BOARD} ({ lib, ... }: { ${AGENT} ${module} }) ]`).judged;
}

suite('nix: configurations before the build', (s) => {
  const missing = missingEvaluation();

  s.testIf(
    missing,
    'what the modules make is taken by the program, and left as it was',
    () => {
      const machines = {
        ...evaluate(`${ROOT}test/nix/probe.nix`),
        ...evaluate(`${ROOT}test/nix/infra.nix`),
      };
      const judged = [...BOARDS, ...SERVERS].flatMap((name) => {
        const { judged: scripts = {}, files } = machines[name] ?? {};
        return Object.entries(scripts).map(([file, script]) => ({ name, file, script, files }));
      });
      equal(judged.length, 5);
      for (const { name, file, script, files } of judged) {
        const { isBuilt, said, text } = build(script);
        equal(isBuilt, true, `${name}, ${file}: ${said}`);
        const kind = file.replace(/^flint\/|\.json$/g, '') as 'agent' | 'control' | 'probe';
        equal(text, readFileSync(files?.[kind] ?? '', 'utf8'));
      }
    },
    60_000,
  );

  s.testIf(
    missing,
    'an agent.json that the agent refuses ends the build, with key and reason',
    () => {
      const script = judgedOf('services.flint.agent.settings.tialnet = { };')['flint/agent.json'];
      const { isBuilt, said } = build(script ?? '');
      equal(isBuilt, false);
      match(said, /agent\.json: tialnet: unknown key/);
    },
  );

  s.testIf(missing, 'a policy that the probe refuses ends the build', () => {
    const module = 'services.flint.probe = { enable = true; policy.packetsPerSecond = "many"; };';
    const { isBuilt, said } = build(judgedOf(module)['flint/probe.json'] ?? '');
    equal(isBuilt, false);
    match(said, /policy\.json: packetsPerSecond/);
  });

  s.testIf(missing, 'a folder of boards that only the server has ends no build', () => {
    const module = '{ services.flint.control = { enable = true; hardware = "/srv/hardware"; }; }';
    const { judged } = evaluateOne(`[ ${ROOT}nix/control.nix ${module} ]`);
    const { isBuilt, said, text } = build(judged['flint/control.json'] ?? '');
    equal(isBuilt, true, said);
    match(text ?? '', /"hardwareDirectory": ?"\/srv\/hardware"/);
  });

  s.testIf(missing, 'nothing is asked where it is turned off, or the program cannot run', () => {
    deepEqual(Object.keys(judgedOf('')), ['flint/agent.json']);
    deepEqual(judgedOf('services.flint.agent.checkConfig = false;'), {});
    const cross = `services.flint.probe.enable = true; nixpkgs.overlays = [ (_: previous: {
      stdenv = previous.stdenv // { buildPlatform = lib.systems.elaborate "aarch64-linux"; };
    }) ];`;
    deepEqual(judgedOf(cross), {});
  });
});

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, match, ok } from 'uvu/assert';
import { findProgram } from '../../../src/host/command.ts';
import { inScratch, type Scratch } from '../../board/install/scratch.ts';
import { suite } from '../../helper.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = join(ROOT, 'dist/main.js');

function missing(): string | null {
  for (const file of ['dist/main.js', 'build/flint-launch', 'build/flint.node', 'build/hot.wasm']) {
    if (!existsSync(join(ROOT, file))) return `${file} is not built`;
  }
  if (findProgram('systemd-sysusers', process.env) === null) return 'systemd is not installed';
  return process.getuid?.() === 0 ? null : 'needs root';
}

function flint(words: readonly string[], before: readonly string[] = []) {
  const [command = '', ...rest] = [...before, process.execPath, MAIN, ...words];
  const { status, stdout, stderr } = spawnSync(command, rest, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** A tree that has a Node of its own. */
function withNode({ root, write }: Scratch): string[] {
  write(join(root, 'usr/bin/node'), '#!/bin/sh\necho v20.19.0\n');
  chmodSync(join(root, 'usr/bin/node'), 0o755);
  return ['--root', root, '--node', '/usr/bin/node'];
}

suite('cli/install', ({ testIf }) => {
  testIf(missing(), 'what would be done is printed, and not done', () =>
    inScratch((scratch) => {
      const { status, stdout } = flint(['install', '--dry-run', ...withNode(scratch)]);
      equal(status, 0);
      match(
        stdout,
        /^would copy {3}\d+ files, [\d.]+ MiB, to \/usr\/lib\/flint\/[\d.]+-[0-9a-f]{8}$/m,
      );
      match(stdout, /^would write {2}\/etc\/systemd\/system\/flint-probe\.service \(0644\)$/m);
      match(stdout, /^note: there is no \/etc\/flint\/agent\.json/m);
      equal(readdirSync(join(scratch.root, 'usr')), ['bin']);
    }),
  );

  testIf(missing(), 'the program that is put there runs from there', () =>
    inScratch((scratch) => {
      const where = withNode(scratch);
      const made = flint(['install', ...where, '--json']);
      equal([made.status, made.stderr], [0, '']);
      equal(JSON.parse(made.stdout).done, true);
      const main = join(scratch.root, 'usr/lib/flint/current/dist/main.js');
      const said = spawnSync(process.execPath, [main, 'install', '--help'], { encoding: 'utf8' });
      match(said.stdout, /makes this machine a probe/);
      const config = join(scratch.root, 'probe.json');
      const targets = ['192.0.2.1'];
      scratch.write(
        config,
        JSON.stringify({ schema: 1, measurements: { smokeping: { targets } } }),
      );
      const words = [main, 'probe', '--check', '--config', config];
      match(spawnSync(process.execPath, words, { encoding: 'utf8' }).stdout, /valid, 1 targets/);

      const again = flint(['install', ...where]);
      match(again.stdout, /^nothing to do: all of it is in place$/m);

      const dry = flint(['uninstall', '--root', scratch.root, '--dry-run']);
      match(dry.stdout, /^would remove \/usr\/lib\/flint$/m);
      ok(existsSync(main));
      const gone = flint(['uninstall', '--root', scratch.root, '--purge', '--json']);
      equal([gone.status, JSON.parse(gone.stdout).done], [0, true]);
      equal(existsSync(join(scratch.root, 'usr/lib/flint')), false);
      const none = flint(['uninstall', '--root', scratch.root]);
      match(none.stderr, /nothing was installed below \/usr\/lib\/flint/);
    }),
  );

  testIf(missing(), 'without a Node for the services nothing is done, and the code is 3', () =>
    inScratch(({ root }) => {
      const { status, stdout } = flint(['install', '--root', root, '--node', '/usr/bin/node']);
      equal(status, 3);
      match(stdout, /^problem: node: \/usr\/bin\/node is no Node that runs\n {2}→ name one/m);
      equal(existsSync(join(root, 'usr')), false);
    }),
  );

  testIf(missing(), 'only root may, and wrong use is told from that', () =>
    inScratch((scratch) => {
      const where = withNode(scratch);
      chmodSync(dirname(scratch.root), 0o755);
      const lesser = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
      const { status, stderr } = flint(['install', ...where], lesser);
      equal(status, 3);
      match(stderr, /only root can install/);
      equal(flint(['install', ...where, '--control', 'http://control.example']).status, 2);
    }),
  );
});

// From words to an exit code: help on every level, wrong use, and how each kind of failure ends.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { equal, is, match, ok } from 'uvu/assert';
import { COMMANDS } from '../../src/cli/table.ts';
import { version } from '../../src/cli/version.ts';
import { suite } from '../helper.ts';
import { openCopy, ROOT } from '../native/copy.ts';
import { MAIN } from './flint.ts';

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function flint(words: string, main = MAIN): Ended {
  const args = [main, ...words.split(' ').filter(Boolean)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 15_000,
  });
  return { code: status, stdout, stderr };
}

suite('cli/run', (s) => {
  s.test('without words it shows its help, and that this was no use', () => {
    const { code, stdout } = flint('');

    is(code, 2);
    for (const { text } of COMMANDS) match(stdout.replace(/\s+/g, ' '), text);
  });

  s.test('help exists on every level, with an example', () => {
    for (const words of ['--help', ...COMMANDS.map(({ usage }) => `${usage.split(' ')[0]} -h`)]) {
      const { code, stdout, stderr } = flint(words);

      equal([code, stderr], [0, '']);
      match(stdout, /^Usage: flint /);
      match(stdout, /Examples?:\n {2}\$ flint /);
    }
  });

  s.test('the version is that of the package', () => {
    const { version: expected } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));

    is(version(), expected);
    equal(flint('--version'), { code: 0, stdout: `${expected}\n`, stderr: '' });
  });

  for (const [words, says] of [
    ['fly', "error: unknown command 'fly'"],
    ['ping', "error: missing required argument 'host'"],
    ['ping --fast x', "error: unknown option '--fast'"],
    ['ping -c 0 x', 'flint: option -c, --count <n>: expected a whole number from 1 to'],
    ['ping -c', "error: option '-c, --count <n>' argument missing"],
    ['ping -i 5 x', 'flint: option -i, --interval <duration>: expected a duration from 10ms to'],
    ['ping -i 1ms x', 'flint: option -i, --interval <duration>: expected a duration from 10ms'],
    ['ping -s 15 x', 'flint: option -s, --size <bytes>: expected a whole number from 16 to 1472'],
    ['ping -W 61s x', 'flint: option -W, --timeout <duration>: expected a duration'],
    ['ping -Q 256 x', 'flint: option -Q, --tos <n>: expected a whole number from 0 to 255'],
    ['up --port 65536', 'flint: option --port <port>: expected a whole number from 0 to 65535'],
    ['probe --check --config nowhere.json', 'nowhere.json'],
  ] as const) {
    s.test(`wrong use: flint ${words}`, () => {
      const { code, stdout, stderr } = flint(words);

      equal([code, stdout], [2, '']);
      ok(stderr.includes(says), stderr);
      is(stderr.includes('    at '), false);
    });
  }

  s.test('what cannot be done here is told apart from what failed', () => {
    const copy = openCopy({ code: 'dist', addon: 'none', without: ['raw-socket'] });

    const { code, stdout, stderr } = flint('ping -c 1 127.0.0.1', `${copy.root}/dist/main.js`);
    copy.remove();

    equal([code, stdout], [3, '']);
    match(stderr, /^flint: build\/flint\.node cannot be loaded \(.*raw-socket is not there.*\n$/);
    is(stderr.split('\n').length, 2);
  });
});

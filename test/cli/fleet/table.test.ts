// The commands of `flint fleet` are data: each is whole, on every level.
import { equal, is, match, ok } from 'uvu/assert';
import type { CommandSpec } from '../../../src/cli/command.ts';
import { span, words } from '../../../src/cli/fleet/options.ts';
import { FLEET_COMMANDS } from '../../../src/cli/fleet/table.ts';
import { suite } from '../../helper.ts';
import { runFlint } from '../fleet-rig.ts';

interface Placed {
  path: string;
  spec: CommandSpec;
}

const ALL = placed('flint fleet', FLEET_COMMANDS);
const ENV = { PATH: process.env['PATH'], HOME: '/nonexistent' };

suite('cli/fleet/table', (s) => {
  s.test('every command has its own name, a text, and examples of its own options', () => {
    is(new Set(ALL.map(({ path }) => path)).size, ALL.length);
    for (const { path, spec } of ALL) {
      match(spec.text, /^[a-z]/);
      ok(spec.examples.length > 0, path);
      for (const example of spec.examples) ok(example.startsWith(path), example);
      if (spec.run !== undefined) checkExamples(path, spec);
    }
  });

  s.test('every command takes what all take, and nothing twice', () => {
    for (const { path, spec } of ALL) {
      const flags = spec.options.flatMap(flagsOf);
      equal([...new Set(flags)], flags, path);
      if (spec.run === undefined) continue;
      for (const flag of ['--json', '--ca', '--insecure-http']) ok(flags.includes(flag), path);
      is(flags.includes('--control'), !path.endsWith(' login'), path);
    }
  });

  s.test('no command takes a secret in its words', () => {
    for (const { spec } of ALL) {
      for (const flag of spec.options.flatMap(flagsOf)) {
        is(/password|secret|key/.test(flag) || flag === '--token', false, flag);
      }
    }
  });

  s.test('lists are gathered, durations have units', () => {
    equal(words('a, b,,a'), ['a', 'b']);
    equal(words('c', ['a']), ['a', 'c']);
    equal(words(''), []);
    is(span(60_000, 86_400_000)('90m'), 5_400_000);
    for (const odd of ['90', '1s', '2d', 'soon']) {
      let message = '';
      try {
        span(60_000, 86_400_000)(odd);
      } catch (error) {
        message = (error as Error).message;
      }
      is(message, `expected a duration from 1m to 1d, as 90m, 12h or 30d, got "${odd}"`);
    }
  });

  for (const line of ['fleet', 'fleet set', 'fleet claim add']) {
    s.test(`help with an example: flint ${line} --help`, async () => {
      const { code, stdout, stderr } = await runFlint([...line.split(' '), '--help'], ENV, '');

      equal([code, stderr], [0, '']);
      match(stdout, new RegExp(`^Usage: flint ${line} `));
      match(stdout, /Examples:\n {2}\$ flint fleet /);
    });
  }

  for (const [line, says] of [
    ['fleet lst', /unknown command 'lst'\n\(Did you mean list\?\)/],
    ['fleet set', /Usage: flint fleet set/],
    ['fleet set shov x', /unknown command 'shov'/],
    ['fleet show', /missing required argument 'name'/],
    ['fleet show a b', /too many arguments/],
    ['fleet list --wide', /unknown option '--wide'/],
  ] as const) {
    s.test(`wrong use: flint ${line}`, async () => {
      const { code, stdout, stderr } = await runFlint(line.split(' '), ENV, '');

      equal([code, stdout], [2, '']);
      match(stderr, says);
    });
  }
});

function placed(path: string, commands: readonly CommandSpec[]): Placed[] {
  return commands.flatMap((spec) => {
    const own = `${path} ${spec.usage.split(' ')[0]}`;
    return [{ path: own, spec }, ...placed(own, spec.commands ?? [])];
  });
}

function flagsOf({ flags }: { flags: string }): string[] {
  return flags.match(/(?<!\S)--?[a-z0-9-]+/gi) ?? [];
}

function checkExamples(path: string, { examples, options }: CommandSpec): void {
  const known = options.flatMap(flagsOf);
  for (const word of examples.flatMap((example) => example.split(' '))) {
    if (/^-./.test(word)) ok(known.includes(word), `${path}: ${word}`);
  }
}

// The table of commands is data: it must be whole, and each of its examples must be right.
import { equal, is, match, ok } from 'uvu/assert';
import { type CommandSpec, EXIT, UsageError } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/table.ts';
import { suite } from '../helper.ts';

function flagsOf({ flags }: { flags: string }): string[] {
  return flags.match(/--?[a-z0-9]+(?:-[a-z0-9]+)*/gi) ?? [];
}

function nameOf(usage: string): string {
  return usage.split(' ')[0] ?? '';
}

/** A command and those below it, which its examples may show. */
function withBelow(command: CommandSpec): CommandSpec[] {
  return [command, ...(command.commands ?? []).flatMap(withBelow)];
}

suite('cli/command', (s) => {
  s.test('codes are those that scripts rely on', () => {
    equal(EXIT, { ok: 0, trouble: 1, usage: 2, unavailable: 3 });
    ok(new UsageError('x') instanceof Error);
  });

  s.test('each command has its own name, a text and an example', () => {
    const names = COMMANDS.map(({ usage }) => nameOf(usage));

    is(new Set(names).size, names.length);
    for (const { usage, text, examples } of COMMANDS) {
      match(text, /^[a-z]/);
      ok(examples.length > 0, usage);
      for (const example of examples) ok(example.startsWith(`flint ${nameOf(usage)}`), example);
    }
  });

  s.test('no command has an option twice', () => {
    for (const { usage, options } of COMMANDS) {
      const flags = options.flatMap(flagsOf);
      equal([...new Set(flags)], flags, usage);
    }
  });

  s.test('defaults are what one could type', () => {
    for (const option of COMMANDS.flatMap(({ options }) => options)) {
      if (option.default === undefined) continue;
      ok(option.parse !== undefined, option.flags);
      match(typeof option.parse(option.default), /^(number|string)$/, option.flags);
    }
  });

  s.test('options in examples are options of the command', () => {
    for (const command of COMMANDS) {
      const { examples } = command;
      const known = withBelow(command).flatMap(({ options }) => options.flatMap(flagsOf));
      for (const word of examples.flatMap((example) => example.split(' '))) {
        if (word.startsWith('-')) ok(known.includes(word), word);
      }
    }
  });
});

// From words to a command: the parser is built from the table, the command's module is loaded when
// it runs, and whatever goes wrong ends as one line and an exit code.
import { createRequire } from 'node:module';
import type { Command } from 'commander';
import { type CommandSpec, EXIT, type OptionSpec, UsageError } from './command.ts';
import { explain } from './explain.ts';
import { readPlain } from './plain.ts';
import { COMMANDS } from './table.ts';
import { version } from './version.ts';

type Commander = typeof import('commander');

/** Runs `flint` with these words. Returns the exit code; never throws. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  outliveReaders();
  const daemon = COMMANDS.find(({ usage }) => usage === 'probe');
  const plain = daemon === undefined ? null : readPlain(daemon, words);
  const start = daemon?.run;
  if (start !== undefined && plain !== null) return await guarded(() => start([], plain));
  return await guarded(() => parse(words));
}

async function guarded(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    return explain(error);
  }
}

async function parse(words: readonly string[]): Promise<number> {
  let code: number = EXIT.ok;
  const program = buildProgram((result) => {
    code = result;
  });
  if (words.length === 0) {
    program.outputHelp();
    return EXIT.usage;
  }
  await program.parseAsync([...words], { from: 'user' });
  return code;
}

/** `flint … | head -1`: a reader that has seen enough ends us; a log that nobody reads does not. */
function outliveReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.ok);
  });
  process.stderr.on('error', () => undefined);
}

function buildProgram(done: (code: number) => void): Command {
  // CommonJS: an import would load a lexer of some megabytes first.
  const commander = createRequire(import.meta.url)('commander') as Commander;
  const program = new commander.Command('flint')
    .description('A network probe: latency, loss and paths, measured on the wire.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addHelpText('after', '\nExample:\n  $ flint ping -c 10 one.one.one.one');
  program.exitOverride().enablePositionalOptions();
  for (const spec of COMMANDS) addCommand(commander, program, spec, done);
  return program;
}

function addCommand(
  commander: Commander,
  parent: Command,
  spec: CommandSpec,
  done: (code: number) => void,
): void {
  const command = parent.command(spec.usage).description(spec.text);
  for (const option of spec.options) addOption(commander, command, option);
  command.addHelpText('after', `\nExamples:\n${spec.examples.map((e) => `  $ ${e}`).join('\n')}`);
  // An option belongs to the command that it stands behind.
  command.exitOverride().enablePositionalOptions();
  for (const one of spec.commands ?? []) addCommand(commander, command, one, done);
  if (spec.run === undefined) return;
  command.action(async (...given: unknown[]) => {
    done(await runCommand(spec, given));
  });
}

function addOption(commander: Commander, command: Command, spec: OptionSpec): void {
  const option = new commander.Option(spec.flags, spec.text);
  const { parse = (text: string): unknown => text } = spec;
  option.argParser((value, before) => named(spec.flags, () => parse(value, before)));
  if (spec.default !== undefined) option.default(parse(spec.default), spec.default);
  command.addOption(option);
}

function named(flags: string, parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`option ${flags}: ${error.message}`);
    throw error;
  }
}

/** Commander hands over the arguments, then the options, then the command itself. */
async function runCommand(spec: CommandSpec, given: unknown[]): Promise<number> {
  const options = given.at(-2) as Record<string, unknown>;
  const args = given
    .slice(0, -2)
    .flat()
    .filter((word): word is string => typeof word === 'string');
  return (await spec.run?.(args, options)) ?? EXIT.usage;
}

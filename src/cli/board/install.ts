import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { actionFacts, actionLine } from '../../board/install/action.ts';
import {
  carryOut,
  DEFAULT_PREFIX,
  type InstallOptions,
  type Prepared,
  prepareInstall,
} from '../../board/install/install.ts';
import { ProbeError } from '../../core/error.ts';
import { EXIT } from '../command.ts';

/** Makes this machine a probe. Exit code 3 where something is missing without which it cannot. */
export async function runInstall(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const prepared = await prepareInstall(installOptions(options));
  const isDryRun = options['dryRun'] === true;
  const isJson = options['json'] === true;
  if (!isJson) printPlan(prepared, isDryRun);
  const stopped = prepared.needs.some(({ isFatal }) => isFatal);
  const code = stopped || isDryRun ? null : await install(prepared, options);
  if (isJson) printJson(prepared, { isDryRun, isDone: code === EXIT.ok });
  if (stopped) return EXIT.unavailable;
  return code ?? EXIT.ok;
}

/** On a terminal, unless --yes was said. `what` ends in a question mark. */
export async function isWanted(options: Record<string, unknown>, what: string): Promise<boolean> {
  const isAsked = process.stdin.isTTY === true && process.stderr.isTTY === true;
  if (!isAsked || options['yes'] === true || options['json'] === true) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${what} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

/** Throws ERR_FORBIDDEN for anybody but root. */
export function requireRoot(what: string): void {
  if (process.getuid?.() === 0) return;
  throw new ProbeError('ERR_FORBIDDEN', `only root can ${what}: sudo flint …, or --dry-run`);
}

async function install(prepared: Prepared, options: Record<string, unknown>): Promise<number> {
  if (prepared.plan.actions.length === 0) return EXIT.ok;
  requireRoot('install');
  if (!(await isWanted(options, 'Do all of this?'))) return EXIT.trouble;
  const say = options['json'] === true ? () => undefined : (line: string) => note(`… ${line}`);
  const applied = await carryOut(prepared, say);
  if (applied.ok) {
    if (options['json'] !== true) print(doneText(prepared));
    return EXIT.ok;
  }
  note(`flint: ${applied.reason}; everything is as it was before`);
  return EXIT.trouble;
}

function installOptions(options: Record<string, unknown>): InstallOptions {
  const textOf = (name: string): string | null => (options[name] as string | undefined) ?? null;
  const file = (name: string): string | null => {
    const text = textOf(name);
    return text === null ? null : resolve(text);
  };
  return {
    control: textOf('control'),
    hardware: textOf('hardware'),
    agentConfig: file('agentConfig'),
    prefix: file('prefix') ?? DEFAULT_PREFIX,
    node: file('node'),
    root: file('root'),
    isStart: options['start'] !== false,
    env: process.env,
  };
}

function printPlan({ plan, needs }: Prepared, isDryRun: boolean): void {
  if (plan.actions.length === 0) print('nothing to do: all of it is in place');
  for (const action of plan.actions) print(`${isDryRun ? 'would ' : ''}${actionLine(action)}`);
  for (const text of plan.notes) print(`note: ${text}`);
  for (const { name, finding, mend } of needs) print(`problem: ${name}: ${finding}\n  → ${mend}`);
}

function printJson(
  { plan, needs }: Prepared,
  { isDryRun, isDone }: { isDryRun: boolean; isDone: boolean },
): void {
  const actions = plan.actions.map(actionFacts);
  print(JSON.stringify({ dryRun: isDryRun, done: isDone, actions, notes: plan.notes, needs }));
}

function doneText({ plan, options }: Prepared): string {
  const { release, prefix } = plan.manifest;
  const at = options.root === null ? '' : ` below ${options.root}`;
  const next = '`flint doctor`, `systemctl status "flint-*"`';
  return `installed ${prefix}/${release}${at}; see ${next}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

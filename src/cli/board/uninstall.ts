import { resolve } from 'node:path';
import { actionFacts, actionLine } from '../../board/install/action.ts';
import { applyActions } from '../../board/install/apply.ts';
import { DEFAULT_PREFIX } from '../../board/install/install.ts';
import { lookAtMachine } from '../../board/install/machine.ts';
import { lookForRemoval, planRemoval, type Removal } from '../../board/install/uninstall.ts';
import { EXIT } from '../command.ts';
import { isWanted, requireRoot } from './install.ts';

/** Removes what an installation brought. */
export async function runUninstall(
  _args: readonly string[],
  options: Record<string, unknown>,
): Promise<number> {
  const fileOf = (name: string): string | null => {
    const text = options[name] as string | undefined;
    return text === undefined ? null : resolve(text);
  };
  const root = fileOf('root');
  const prefix = fileOf('prefix') ?? DEFAULT_PREFIX;
  const machine = await lookAtMachine(root, null, process.env);
  const facts = await lookForRemoval(prefix, root, { ...machine, env: process.env });
  const removal = planRemoval(facts, options['purge'] === true);
  const isDryRun = options['dryRun'] === true;
  const isJson = options['json'] === true;
  if (!isJson) printRemoval(removal, isDryRun);
  if (isDryRun) return finish(removal, { isJson, isDryRun, code: EXIT.ok });
  requireRoot('uninstall');
  if (!(await isWanted(options, 'Remove all of this?'))) return EXIT.trouble;
  const say = (line: string): void => {
    if (!isJson) process.stderr.write(`… ${line}\n`);
  };
  const applied = await applyActions(removal.actions, {
    ...{ root, program: null, env: process.env, active: new Set<string>(), say },
  });
  if (!applied.ok) process.stderr.write(`flint: ${applied.reason}\n`);
  return finish(removal, { isJson, isDryRun, code: applied.ok ? EXIT.ok : EXIT.trouble });
}

function printRemoval({ actions, notes }: Removal, isDryRun: boolean): void {
  for (const action of actions) print(`${isDryRun ? 'would ' : ''}${actionLine(action)}`);
  for (const text of notes) print(`note: ${text}`);
}

function finish(
  { actions, notes }: Removal,
  { isJson, isDryRun, code }: { isJson: boolean; isDryRun: boolean; code: number },
): number {
  const done = !isDryRun && code === EXIT.ok;
  if (isJson) {
    print(JSON.stringify({ dryRun: isDryRun, done, actions: actions.map(actionFacts), notes }));
  }
  return code;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { findProgram, lastWords, runCommand } from '../../host/command.ts';
import { removeWhole, writeWhole } from '../../host/file.ts';
import { type Action, actionLine } from './action.ts';
import { type Program, programMode } from './program.ts';
import { type Below, belowRoot, readOwners } from './seen.ts';

// Does what was decided, in its order. What fails is undone from its end to its beginning, and what
// ran before runs again: a machine is left as it was.

export interface ApplyOptions {
  /** Another file system tree; null for this machine. */
  root: string | null;
  /** What to copy; null where nothing is. */
  program: Program | null;
  env: NodeJS.ProcessEnv;
  /** Units that ran before. */
  active: ReadonlySet<string>;
  /** Told before each action. */
  say(line: string): void;
}

export type Applied = { ok: true } | { ok: false; reason: string };

const COMMAND_MS_MAX = 150_000;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export async function applyActions(
  actions: readonly Action[],
  options: ApplyOptions,
): Promise<Applied> {
  const undos: Undo[] = [];
  for (const action of actions) {
    options.say(actionLine(action));
    try {
      undos.push(await applyOne(action, options));
    } catch (error) {
      const reason = `${actionLine(action).replace(/ +/, ' ')}: ${reasonOf(error)}`;
      await undoAll(undos, options);
      return { ok: false, reason };
    }
  }
  return { ok: true };
}

/** As `applyActions` runs commands. Throws with the last words of one that failed. */
export async function runWords(words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const [name = '', ...rest] = words;
  const widened = { ...env, PATH: `${env['PATH'] ?? ''}:${SYSTEM_PATH}`, LC_ALL: 'C.UTF-8' };
  const program = findProgram(name, widened);
  if (program === null) throw new Error(`there is no ${name} on this machine`);
  const result = await runCommand(program, rest, { timeoutMs: COMMAND_MS_MAX, env: widened });
  if (result.code !== 0) throw new Error(lastWords(result));
}

type Undo = () => void | Promise<void>;
const NOTHING: Undo = () => undefined;

async function undoAll(undos: readonly Undo[], options: ApplyOptions): Promise<void> {
  options.say('undo   all of that');
  for (const undo of [...undos].reverse()) await quietly(undo);
  if (options.root !== null || options.active.size === 0) return;
  await quietly(() => runWords(['systemctl', 'daemon-reload'], options.env));
  await quietly(() => runWords(['systemctl', 'restart', ...options.active], options.env));
}

async function quietly(run: Undo): Promise<void> {
  try {
    await run();
  } catch {
    // The first failure is the one that is told.
  }
}

async function applyOne(action: Action, options: ApplyOptions): Promise<Undo> {
  const below = belowRoot(options.root);
  if ('path' in action) requireInside(options.root, path.dirname(below(action.path)));
  switch (action.kind) {
    case 'program':
      return await copyProgram(below(action.path), options);
    case 'directory':
      return makeDirectory(action, below);
    case 'file':
      return writeFile(below(action.path), action.text, action.mode);
    case 'link':
      return writeLink(below(action.path), action.target);
    case 'remove':
      fs.rmSync(below(action.path), { recursive: true, force: true });
      return NOTHING;
    case 'run':
      return await runAction(action, options);
  }
}

/**
 * A tree may hold links that are meant for when it rules: followed now, they lead to this machine.
 * Throws when one leads out of it.
 */
export function requireInside(root: string | null, directory: string): void {
  if (root === null) return;
  let there = directory;
  while (!fs.existsSync(there) && there !== path.dirname(there)) there = path.dirname(there);
  // A root that is not there yet holds no links.
  if (!fs.existsSync(root)) return;
  const [real, top] = [fs.realpathSync(there), fs.realpathSync(root)];
  if (real === top || real.startsWith(`${top === '/' ? '' : top}/`)) return;
  throw new Error(`a link leads out of ${root}, to ${real}`);
}

async function runAction(
  { words, mayFail }: Action & { kind: 'run' },
  { env }: ApplyOptions,
): Promise<Undo> {
  const undo = undoOf(words, env);
  try {
    await runWords(words, env);
  } catch (error) {
    if (mayFail === true) return NOTHING;
    // A unit that did not come up is tried again by systemd until it is stopped.
    await quietly(undo);
    throw error;
  }
  return undo;
}

function undoOf(words: readonly string[], env: NodeJS.ProcessEnv): Undo {
  if (words[0] !== 'systemctl') return NOTHING;
  if (words[1] === 'restart') return () => runWords(['systemctl', 'stop', ...words.slice(2)], env);
  const at = words.indexOf('enable');
  return at === -1 ? NOTHING : () => runWords(words.with(at, 'disable'), env);
}

async function copyProgram(to: string, { program, env }: ApplyOptions): Promise<Undo> {
  if (program === null) throw new Error('there is no program to copy');
  const draft = path.join(path.dirname(to), `.${path.basename(to)}.new`);
  const broken = path.join(path.dirname(to), `.${path.basename(to)}.old`);
  for (const one of [draft, broken]) fs.rmSync(one, { recursive: true, force: true });
  try {
    for (const file of program.files) copyFile(program.source, draft, file);
    // So that no power cut leaves a program of empty files behind a link that leads to it.
    await runWords(['sync', '-f', draft], env);
    if (fs.existsSync(to)) fs.renameSync(to, broken);
    fs.renameSync(draft, to);
  } finally {
    for (const one of [draft, broken]) fs.rmSync(one, { recursive: true, force: true });
  }
  return () => fs.rmSync(to, { recursive: true, force: true });
}

function copyFile(source: string, draft: string, file: string): void {
  const to = path.join(draft, file);
  makeFolder(path.dirname(to));
  fs.copyFileSync(path.join(source, file), to, fs.constants.COPYFILE_EXCL);
  fs.chmodSync(to, programMode(source, file));
}

function makeDirectory(
  { path: name, mode, user, group }: Action & { kind: 'directory' },
  below: Below,
): Undo {
  const { users, groups } = readOwners(below);
  const uid = numberOf(users, user);
  const gid = numberOf(groups, group);
  const directory = below(name);
  const isNew = !fs.existsSync(directory);
  if (isNew) makeFolder(directory);
  const before = fs.lstatSync(directory);
  // A link would have us give away what it leads to.
  if (!before.isDirectory()) throw new Error('it is not a directory');
  own(directory, uid, gid, mode);
  if (isNew) return () => fs.rmdirSync(directory);
  return () => own(directory, before.uid, before.gid, before.mode & 0o7777);
}

function own(directory: string, uid: number, gid: number, mode: number): void {
  fs.chownSync(directory, uid, gid);
  fs.chmodSync(directory, mode);
}

function numberOf(names: ReadonlyMap<number, string>, name: string): number {
  if (name === 'root') return 0;
  const found = [...names].find(([, one]) => one === name);
  if (found === undefined) throw new Error(`there is no user or group ${name}`);
  return found[0];
}

function writeFile(file: string, text: string, mode: number): Undo {
  const stats = fs.lstatSync(file, { throwIfNoEntry: false });
  const before = stats?.isFile() === true ? fs.readFileSync(file, 'utf8') : null;
  makeFolder(path.dirname(file));
  writeWhole(file, text, { mode, isDirectoryGiven: true });
  if (before === null) return () => removeWhole(file);
  return () => writeWhole(file, before, { mode: (stats?.mode ?? mode) & 0o7777 });
}

function writeLink(file: string, target: string): Undo {
  const stats = fs.lstatSync(file, { throwIfNoEntry: false });
  const before = stats?.isSymbolicLink() === true ? fs.readlinkSync(file) : null;
  makeFolder(path.dirname(file));
  switchLink(file, target);
  return before === null ? () => fs.rmSync(file, { force: true }) : () => switchLink(file, before);
}

// By rename, so that there is no moment without it.
function switchLink(file: string, target: string): void {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.new`);
  fs.rmSync(draft, { force: true });
  fs.symlinkSync(target, draft);
  fs.renameSync(draft, file);
}

// Whatever the umask of the caller is: services of other users go through them.
function makeFolder(directory: string): void {
  if (fs.existsSync(directory)) return;
  makeFolder(path.dirname(directory));
  fs.mkdirSync(directory, { mode: 0o755 });
  fs.chmodSync(directory, 0o755);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

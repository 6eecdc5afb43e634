const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../../core/error.ts';
import type { HardwareProfile } from '../../core/hardware.ts';
import { DEFAULT_POLICY } from '../../core/policy.ts';
import { type LockWords, lockDirectory } from '../../host/lock.ts';
import { type AgentSettings, judgeControl, loadSettings } from '../agent-config.ts';
import { hardwareFolders, knownProfiles, readProfile } from '../hardware-profile.ts';
import { readGiven, reasonOf } from '../places.ts';
import { type Applied, applyActions, requireInside } from './apply.ts';
import { judgeMachine, lookAtMachine, type MachineFacts, type Need } from './machine.ts';
import { manifestFile, readManifest } from './manifest.ts';
import { type Plan, planInstall } from './plan.ts';
import { launcherOf, type Program, readProgram } from './program.ts';
import { belowRoot, lookFor, type Seen } from './seen.ts';
import { readUnits } from './units.ts';
import { AGENT_FILE, type InstallWish } from './wish.ts';

// An installation on a system that is not built whole: looked for, decided, printed, then done.

export interface InstallOptions {
  /** Origin of the control, for a new agent.json. */
  control: string | null;
  hardware: string | null;
  /** A whole agent.json to bring. */
  agentConfig: string | null;
  prefix: string;
  /** Null: the Node that runs this. */
  node: string | null;
  /** Another file system tree; null for this machine. */
  root: string | null;
  isStart: boolean;
  env: NodeJS.ProcessEnv;
  /** Where the program lies; null for that which runs. */
  source?: string;
}

export interface Prepared {
  plan: Plan;
  needs: Need[];
  program: Program;
  seen: Seen;
  options: InstallOptions;
}

export const DEFAULT_PREFIX = '/usr/lib/flint';
const AGENT_BYTES_MAX = 65_536;
// Units, links and commands hold these without any quotes.
const PLAIN_PATH = /^(\/[A-Za-z0-9][A-Za-z0-9._+-]*){1,20}$/;

/** Changes nothing. Throws ERR_CONFIG_INVALID, ERR_USAGE, ERR_UNAVAILABLE and ERR_STATE_IO. */
export async function prepareInstall(options: InstallOptions): Promise<Prepared> {
  const { root, prefix, env } = options;
  requirePlain('--prefix', prefix);
  if (options.node !== null) requirePlain('--node', options.node);
  const below = belowRoot(root);
  const brought = broughtConfig(options);
  if (options.hardware !== null) requireProfile(options.hardware, below(AGENT_FILE));
  const settings = settingsOf(options, below(AGENT_FILE), brought);
  const program = readProgram(options.source);
  const machine = await lookAtMachine(root, options.node, env);
  const wish = wishOf(options, { program, machine, settings, brought });
  const seen = await lookFor(wish, program.files, env);
  const manifest = readManifest(below(manifestFile(prefix)));
  if (manifest === null) requireOwn(prefix, seen);
  const plan = planInstall(wish, seen, manifest);
  return { plan, needs: judgeMachine(machine, settings), program, seen, options };
}

/** Does what the plan says; what fails leaves the machine as it was. */
export async function carryOut(
  { plan, program, seen, options }: Prepared,
  say: (line: string) => void,
): Promise<Applied> {
  const { root, env, prefix } = options;
  const place = belowRoot(root)(prefix);
  try {
    requireInside(root, place);
  } catch (error) {
    return { ok: false, reason: `${prefix}: ${reasonOf(error)}` };
  }
  fs.mkdirSync(place, { recursive: true, mode: 0o755 });
  const lock = await lockDirectory(place, LOCK);
  try {
    return await applyActions(plan.actions, { root, program, env, active: seen.active, say });
  } finally {
    await lock.release();
  }
}

const LOCK: LockWords = {
  what: 'the installation in',
  advice: 'another `flint install` is under way; wait until it has ended',
};

interface Found {
  program: Program;
  machine: MachineFacts;
  settings: AgentSettings | null;
  brought: string | null;
}

function wishOf(options: InstallOptions, found: Found): InstallWish {
  const { prefix, root, isStart } = options;
  const { program, machine, settings, brought } = found;
  const { release, files, bytes } = program;
  const vmagent = settings?.push?.program ?? machine.programs.get('vmagent') ?? '/usr/bin/vmagent';
  requirePlain('the path of vmagent', vmagent);
  const profile = profileOf(settings, belowRoot(root)(AGENT_FILE));
  return {
    units: readUnits(),
    ...{ prefix, root, release, bytes, vmagent, isStart },
    files: files.length,
    launcher: launcherOf(program),
    node: machine.node.file,
    systemdVersion: machine.systemdVersion,
    isRunning: machine.isRunning,
    agentConfig: brought,
    policy: `${JSON.stringify({ schema: 1, ...DEFAULT_POLICY }, null, 2)}\n`,
    isLocked: settings?.lockdown?.enable === true,
    wantsMac: profile?.mac === 'sd-serial',
  };
}

/** That of the board, whose own folders count before those of the program. */
function profileOf(settings: AgentSettings | null, file: string): HardwareProfile | null {
  const slug = settings?.hardware ?? null;
  return slug === null ? null : readProfile(slug, hardwareFolders(file));
}

// Also where an agent.json is there already, which then stays: a slip of the pen must not pass.
function requireProfile(slug: string, file: string): void {
  const folders = hardwareFolders(file);
  if (readProfile(slug, folders) !== null) return;
  throw new ProbeError(
    'ERR_USAGE',
    `there is no kind of board "${slug.slice(0, 40)}": ${knownProfiles(folders).join(', ')}, or ` +
      `one of your own in ${folders[0]}`,
  );
}

function broughtConfig({ control, hardware, agentConfig }: InstallOptions): string | null {
  if (agentConfig !== null) {
    if (control === null && hardware === null) return readGiven(agentConfig, AGENT_BYTES_MAX);
    throw new ProbeError(
      'ERR_USAGE',
      'say either --agent-config, or --control and --hardware: not both',
    );
  }
  if (control === null) {
    if (hardware === null) return null;
    throw new ProbeError('ERR_USAGE', '--hardware says something of an agent: --control is needed');
  }
  const origin = judgeControl(control);
  // A board has no battery for its clock, and its network may let no NTP out.
  const document = { schema: 1, control: origin, hardware: hardware ?? undefined, setClock: true };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** What the agent will read: that which is there already counts. */
function settingsOf(
  { control, hardware, agentConfig }: InstallOptions,
  file: string,
  brought: string | null,
): AgentSettings | null {
  // What was brought is judged although it may not be used.
  const given = agentConfig === null ? null : loadSettings(path.resolve(agentConfig), true);
  if (fs.existsSync(file)) return loadSettings(file, true);
  if (given !== null || brought === null) return given;
  return loadSettings(file, false, {
    ...(control === null ? {} : { control }),
    ...(hardware === null ? {} : { hardware }),
  });
}

// Of a directory that others have, too, nobody would know later what is ours to remove.
function requireOwn(prefix: string, { others }: Seen): void {
  if (others.length === 0) return;
  const shown = others.slice(0, 3).join(', ');
  throw new ProbeError(
    'ERR_USAGE',
    `${prefix} holds what no \`flint install\` put there (${shown}): name a directory of its own ` +
      'with --prefix',
  );
}

function requirePlain(what: string, file: string): void {
  if (PLAIN_PATH.test(file) && !file.includes('..')) return;
  throw new ProbeError(
    'ERR_USAGE',
    `${what} "${file.slice(0, 100)}" cannot stand in a unit: expected an absolute path of ` +
      'letters, digits and . _ + -',
  );
}

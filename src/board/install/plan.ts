import type { Action } from './action.ts';
import { type Manifest, manifestFile } from './manifest.ts';
import { planConfig, planFiles, planLinks } from './plan-files.ts';
import { isThere, type Seen } from './seen.ts';
import { renderUsers } from './units.ts';
import {
  AGENT_FILE,
  bootUnits,
  COMMAND_LINK,
  CONFIG_DIRECTORY,
  type InstallWish,
  UNIT_DIRECTORY,
  USERS_FILE,
  wantsLinks,
} from './wish.ts';

// What is left to do on a machine as it was seen. Pure: the same machine and the same wish give the
// same plan, and what is done already is in no plan.

export interface Plan {
  actions: Action[];
  /** Each a sentence: what was left as it is, what comes later. */
  notes: string[];
  manifest: Manifest;
}

/** What is left to do. `manifest` is that of the last installation, null before the first. */
export function planInstall(wish: InstallWish, seen: Seen, manifest: Manifest | null): Plan {
  const files = planFiles(wish, seen, manifest);
  const program = planProgram(wish, seen);
  const users = planUsers(wish, seen);
  const base = [...program, ...users.actions, ...planDirectories(wish, seen)];
  const config = planConfig(wish, seen);
  const links = planLinks(wish, seen);
  const own = files.actions.filter((action) => !users.files.includes(pathOf(action)));
  const changed = [...program, ...config.actions, ...own, ...links.actions];
  const services = planServices(wish, seen, changed);
  const next = nextManifest(wish, seen, { manifest, files: files.hashes });
  const changes = [...base, ...config.actions, ...own, ...links.actions, ...services];
  const isNews = JSON.stringify(next) !== JSON.stringify(manifest);
  return {
    actions: [...changes, ...(isNews ? [manifestAction(next)] : []), ...removals(wish, seen, next)],
    notes: [
      ...[...files.notes, ...links.notes, ...config.notes],
      ...[...userNotes(seen), ...startNotes(wish, seen)],
    ],
    manifest: next,
  };
}

function planProgram({ prefix, release, files, bytes }: InstallWish, seen: Seen): Action[] {
  if (seen.release === 'whole') return [];
  return [{ kind: 'program', path: `${prefix}/${release}`, files, bytes }];
}

// systemd's way where there is one, for the file also says it to whoever resets /etc.
function planUsers(wish: InstallWish, seen: Seen): { actions: Action[]; files: string[] } {
  const { units, root, systemdVersion } = wish;
  const absent = units.users.filter(({ name }) => !seen.users.has(name));
  if (absent.length === 0) return { actions: [], files: [] };
  if (systemdVersion > 0) {
    // By its name alone: what is absolute would not be looked for below the root.
    const name = USERS_FILE.slice(USERS_FILE.lastIndexOf('/') + 1);
    const words = ['systemd-sysusers', ...(root === null ? [] : [`--root=${root}`]), name];
    const file: Action = { kind: 'file', path: USERS_FILE, text: renderUsers(units), mode: 0o644 };
    return { actions: [file, { kind: 'run', words }], files: [USERS_FILE] };
  }
  const actions = absent.map(
    ({ name, about, home }): Action => ({
      kind: 'run',
      words: [
        ...['useradd', '--system', '--user-group', '--no-create-home', '--home-dir', home],
        ...['--shell', '/usr/sbin/nologin', '--comment', about],
        ...(root === null ? [] : ['--prefix', root]),
        name,
      ],
    }),
  );
  return { actions, files: [] };
}

function pathOf(action: Action): string {
  return action.kind === 'run' ? '' : action.path;
}

function planDirectories({ units }: InstallWish, seen: Seen): Action[] {
  const wanted = [
    { path: CONFIG_DIRECTORY, mode: '0755', user: 'root', group: 'root' },
    { path: `${CONFIG_DIRECTORY}/secrets.d`, mode: '0700', user: 'root', group: 'root' },
    ...units.directories,
  ];
  return wanted
    .map(({ mode, ...rest }): Action & { kind: 'directory' } => ({
      kind: 'directory',
      ...rest,
      mode: Number.parseInt(mode, 8),
    }))
    .filter(({ path, mode, user, group }) => {
      const found = seen.directories.get(path);
      return found === undefined || found !== `${mode.toString(8)} ${user} ${group}`;
    });
}

function planServices(wish: InstallWish, seen: Seen, changed: readonly Action[]): Action[] {
  if (wish.systemdVersion === 0) return [];
  const { root } = wish;
  const at = root === null ? [] : [`--root=${root}`];
  const isUnit = (action: Action): boolean => 'path' in action && action.path.endsWith('.service');
  const actions: Action[] = [];
  if (wish.isRunning && changed.some(isUnit)) {
    actions.push({ kind: 'run', words: ['systemctl', 'daemon-reload'] });
  }
  const disabled = bootUnits(wish).filter(
    (name) => !(isEnabled(wish, name, seen) || isMasked(name, seen)),
  );
  if (disabled.length > 0) {
    actions.push({ kind: 'run', words: ['systemctl', ...at, 'enable', ...disabled] });
  }
  const due = startUnits(wish, seen).filter(
    (name) => (changed.length > 0 || !seen.active.has(name)) && !isMasked(name, seen),
  );
  return [
    ...actions,
    ...due.map((name): Action => ({ kind: 'run', words: ['systemctl', 'restart', name] })),
  ];
}

function isEnabled(wish: InstallWish, name: string, seen: Seen): boolean {
  return wantsLinks(wish, name).every((link) => seen.links.has(link));
}

// An operator does not want it at all, and systemd refuses what would enable or start it.
function isMasked(name: string, seen: Seen): boolean {
  return seen.links.get(`${UNIT_DIRECTORY}/${name}`) === '/dev/null';
}

// The lockdown is put in force by the agent, and the MAC is changed at the next boot: an address
// that changes under whoever is logged in would cut him off.
function startUnits(wish: InstallWish, seen: Seen): string[] {
  if (!wish.isStart || !wish.isRunning) return [];
  const hasAgent = wish.agentConfig !== null || isThere(seen, AGENT_FILE);
  return ['flint-probe.service', ...(hasAgent ? ['flint-agent.service'] : [])];
}

const LOCKED =
  'the lockdown shuts this machine as soon as the agent runs: SSH is let in from the jump hosts ' +
  'on the mesh alone, and a session over any other network ends';

function startNotes(wish: InstallWish, seen: Seen): string[] {
  const hasAgent = wish.agentConfig !== null || isThere(seen, AGENT_FILE);
  return [
    ...(hasAgent
      ? []
      : [
          `there is no ${AGENT_FILE}: the probe measures what ` +
            `${CONFIG_DIRECTORY}/probe.json says; ` +
            'to join a fleet, run this again with --control URL',
        ]),
    ...(wish.isLocked ? [LOCKED] : []),
    ...(wish.wantsMac
      ? ['the MAC of the SD card is set at the next boot; `flint mac show` says which']
      : []),
  ];
}

function userNotes({ foreignUsers }: Seen): string[] {
  return [...foreignUsers].map(
    ([name, what]) =>
      `the user ${name} was there already (${what}) and is used as it is: whoever logs in by it ` +
      'reads and changes what the service of that name does',
  );
}

function nextManifest(
  wish: InstallWish,
  { foreignUsers }: Seen,
  { manifest, files }: { manifest: Manifest | null; files: Record<string, string> },
): Manifest {
  const { prefix, release, units } = wish;
  const isSame = manifest?.release === release;
  return {
    schema: 1,
    prefix,
    release,
    previous: isSame ? manifest.previous : (manifest?.release ?? null),
    files,
    links: {
      [`${prefix}/current`]: release,
      [COMMAND_LINK]: `${prefix}/current/dist/main.js`,
    },
    units: Object.keys(units.units),
    users: units.users.map(({ name }) => name).filter((name) => !foreignUsers.has(name)),
  };
}

function manifestAction(manifest: Manifest): Action {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  return { kind: 'file', path: manifestFile(manifest.prefix), text, mode: 0o644 };
}

// The release before stays: what still runs may load a module of it, and one may go back.
function removals({ prefix }: InstallWish, seen: Seen, next: Manifest): Action[] {
  return seen.releases
    .filter((name) => name !== next.release && name !== next.previous)
    .map((name) => ({ kind: 'remove', path: `${prefix}/${name}` }));
}

import { renderDirectories, renderUnits, renderUsers, type Units, wantedBy } from './units.ts';

// What an installation should be, and where on a machine it lies.

export interface InstallWish {
  units: Units;
  prefix: string;
  release: string;
  files: number;
  bytes: number;
  /** Below the program. */
  launcher: string;
  node: string;
  vmagent: string;
  /** 0 without systemd. */
  systemdVersion: number;
  /** systemd rules this machine now, so that units can be started. */
  isRunning: boolean;
  /** Of another file system tree, which `systemctl` is told of. */
  root: string | null;
  /** Text of agent.json, when there is one to bring. */
  agentConfig: string | null;
  /** Text of the policy for a machine that has none. */
  policy: string;
  /** The agent will shut the machine. */
  isLocked: boolean;
  /** Whether the address of the board is that of its SD card. */
  wantsMac: boolean;
  isStart: boolean;
}

export const CONFIG_DIRECTORY = '/etc/flint';
export const UNIT_DIRECTORY = '/etc/systemd/system';
export const USERS_FILE = '/etc/sysusers.d/flint.conf';
export const DIRECTORIES_FILE = '/etc/tmpfiles.d/flint.conf';
export const COMMAND_LINK = '/usr/local/bin/flint';
export const AGENT_FILE = `${CONFIG_DIRECTORY}/agent.json`;
export const POLICY_FILE = `${CONFIG_DIRECTORY}/policy.json`;

/** Which units begin at a boot: of the one that sets the MAC only where that is wanted. */
export function bootUnits({ units, wantsMac }: Pick<InstallWish, 'units' | 'wantsMac'>): string[] {
  return Object.entries(units.units)
    .filter(([, unit]) => wantedBy(unit).length > 0)
    .map(([name]) => name)
    .filter((name) => wantsMac || name !== 'flint-mac.service');
}

/** The files of the program itself, which no operator writes. */
export function ownFiles(wish: InstallWish): Map<string, string> {
  const { units, prefix, node, vmagent, launcher, systemdVersion } = wish;
  const flint = `${prefix}/current`;
  const values = { flint, node, vmagent, launch: `${flint}/${launcher}`, config: CONFIG_DIRECTORY };
  const texts = renderUnits(units, values, systemdVersion);
  return new Map([
    [USERS_FILE, renderUsers(units)],
    [DIRECTORIES_FILE, renderDirectories(units)],
    ...[...texts].map(([name, text]): [string, string] => [`${UNIT_DIRECTORY}/${name}`, text]),
  ]);
}

/** The links by which systemd knows that the unit is enabled. */
export function wantsLinks({ units }: Pick<InstallWish, 'units'>, name: string): string[] {
  const unit = units.units[name];
  const targets = unit === undefined ? [] : wantedBy(unit);
  return targets.map((target) => `${UNIT_DIRECTORY}/${target}.wants/${name}`);
}

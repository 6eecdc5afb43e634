const fs = process.getBuiltinModule('node:fs');

import { findProgram, runCommand } from '../../host/command.ts';
import type { AgentSettings } from '../agent-config.ts';
import { type Below, belowRoot } from './seen.ts';

// What the machine has of what an installation needs, and the line that mends what it lacks.

export interface MachineFacts {
  node: { file: string; version: string };
  /** 0 without systemd. */
  systemdVersion: number;
  isRunning: boolean;
  /** Of those that may be needed, the ones that are there, by name. */
  programs: ReadonlyMap<string, string>;
  /** Services of others that would be in the way. */
  unwanted: readonly string[];
}

export interface Need {
  name: string;
  finding: string;
  mend: string;
  /** Without it nothing is installed. */
  isFatal: boolean;
}

const NODE_MIN = [20, 19] as const;
const SYSTEMD_MIN = 247;
const PROGRAMS: readonly string[] = [
  ...['nft', 'ip', 'vmagent', 'tailscale', 'tailscaled', 'wg', 'wireguard-go'],
  'prometheus-node-exporter',
];
const PROTOCOLS = '/etc/protocols';
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Where the sandbox of a service does not look, or what a boot clears away. */
const PRIVATE_PLACE = /^\/(home|root|run\/user|tmp|var\/tmp)\//;

/** `node` null: the one that runs this. */
export async function lookAtMachine(
  root: string | null,
  node: string | null,
  env: NodeJS.ProcessEnv,
): Promise<MachineFacts> {
  const below = belowRoot(root);
  const path = SYSTEM_PATH.split(':').map(below).join(':');
  const found = PROGRAMS.flatMap((name) => {
    const file = findProgram(name, { PATH: path });
    return file === null ? [] : [[name, file.slice(root?.length ?? 0)] as const];
  });
  // Names of protocols, by which nft says what it has.
  const hasProtocols = fs.existsSync(below(PROTOCOLS));
  const protocols = hasProtocols ? [[PROTOCOLS, PROTOCOLS] as const] : [];
  return {
    node: await readNode(node, below, env),
    systemdVersion: await readSystemd(env),
    isRunning: root === null && fs.existsSync('/run/systemd/system'),
    programs: new Map([...found, ...protocols]),
    unwanted: enabledServices(['victoria-metrics'], below),
  };
}

/** What is missing, given what the agent is to do; `settings` null without an agent. */
export function judgeMachine(facts: MachineFacts, settings: AgentSettings | null): Need[] {
  return [
    ...judgeNode(facts.node),
    ...judgeSystemd(facts),
    ...(settings === null ? [] : judgeParts(facts, settings)),
  ];
}

function judgeNode({ file, version }: MachineFacts['node']): Need[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]);
  const need = { name: 'node', isFatal: true };
  if (version === '') {
    return [
      { ...need, finding: `${file} is no Node that runs`, mend: 'name one with --node FILE' },
    ];
  }
  if (isOld) {
    const finding = `${file} is Node ${version}, and ${NODE_MIN.join('.')} is needed`;
    return [{ ...need, finding, mend: 'install a newer one, or name it with --node FILE' }];
  }
  if (!PRIVATE_PLACE.test(file)) return [];
  return [
    {
      ...need,
      finding: `${file} lies where services do not reach`,
      mend: 'put it into /usr/local/bin, or name another with --node FILE',
    },
  ];
}

function judgeSystemd({ systemdVersion, isRunning }: MachineFacts): Need[] {
  const need = { name: 'systemd', isFatal: false };
  if (systemdVersion === 0) {
    const mend = 'start launcher and agent as docs/install.md says';
    return [{ ...need, finding: 'there is none: files are written, nothing starts them', mend }];
  }
  if (!isRunning) {
    const mend = 'boot the system';
    return [{ ...need, finding: 'it does not rule here: nothing is started now', mend }];
  }
  if (systemdVersion >= SYSTEMD_MIN) return [];
  const finding = `version ${systemdVersion} leaves out some of the hardening`;
  return [{ ...need, finding, mend: `install version ${SYSTEMD_MIN} or later` }];
}

function judgeParts({ programs, unwanted }: MachineFacts, settings: AgentSettings): Need[] {
  const { lockdown, push, tailnet } = settings;
  const wants: [boolean, string, string, string][] = [
    [lockdown?.enable === true, 'nft', 'the lockdown', 'apt-get install nftables'],
    [lockdown?.enable === true, PROTOCOLS, 'the lockdown', 'apt-get install netbase'],
    [push?.enable === true, 'vmagent', 'the push', 'apt-get install victoria-metrics'],
    [
      push?.enable === true && push.nodeExporter !== null,
      'prometheus-node-exporter',
      'the push',
      'apt-get install prometheus-node-exporter, or "nodeExporter": null',
    ],
    [
      tailnet?.enable === true && tailnet.kind === 'tailscale',
      'tailscaled',
      'the mesh',
      'install tailscale as https://tailscale.com/download says',
    ],
    [
      tailnet?.enable === true && tailnet.kind === 'wireguard',
      'wg',
      'the mesh',
      'apt-get install wireguard-tools',
    ],
    [tailnet?.enable === true, 'ip', 'the mesh', 'apt-get install iproute2'],
  ];
  const missing = wants
    .filter(([isWanted, name]) => isWanted && !programs.has(name))
    .map(([, name, whom, mend]) => ({
      name,
      finding: `${whom} needs it, and it is not here`,
      mend,
      isFatal: false,
    }));
  const extra = unwanted.map((name) => ({
    name,
    finding: 'its package starts a server, which a board does not need',
    mend: `systemctl disable --now ${name}`,
    isFatal: false,
  }));
  return [...missing, ...(push?.enable === true ? extra : [])];
}

async function readNode(named: string | null, below: Below, env: NodeJS.ProcessEnv) {
  const file = named ?? process.execPath;
  if (named === null && below(file) === file) return { file, version: process.versions.node };
  const { stdout } = await runCommand(below(file), ['--version'], { timeoutMs: 10_000, env });
  const version = /^v([0-9]+\.[0-9]+\.[0-9]+)/.exec(stdout)?.[1] ?? '';
  return { file, version };
}

async function readSystemd(env: NodeJS.ProcessEnv): Promise<number> {
  const systemctl = findProgram('systemctl', env);
  if (systemctl === null) return 0;
  const { stdout } = await runCommand(systemctl, ['--version'], { timeoutMs: 10_000, env });
  return Number(/^systemd ([0-9]+)/.exec(stdout)?.[1] ?? 0);
}

function enabledServices(names: readonly string[], below: Below): string[] {
  return names.filter((name) =>
    fs.existsSync(below(`/etc/systemd/system/multi-user.target.wants/${name}.service`)),
  );
}

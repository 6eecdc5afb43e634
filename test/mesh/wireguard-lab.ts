// A LAN with boards and a monitor in namespaces of their own. Each runs the product's own part, in
// this process: `ip`, `wg` and `wireguard-go` are found on a PATH of its own, where each enters the
// namespace first. wireguard-go's sockets have one directory for all: the interfaces differ in
// name.
import { chmodSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import * as v from 'valibot';
import { WIREGUARD_SETTINGS, type WireguardSettings } from '../../src/board/mesh/settings.ts';
import { openWireguard } from '../../src/board/mesh/wireguard.ts';
import { ensureKey } from '../../src/board/mesh/wireguard-key.ts';
import type { BoardPart, PartContext } from '../../src/board/part.ts';
import { openVoice } from '../../src/board/voice.ts';
import type { BoardState, MeshState } from '../../src/core/board-state.ts';
import { openLog } from '../../src/host/log.ts';
import { scratchFile } from '../lab/namespace.ts';
import { type Namespace, openNamespace, requireLab, sleep } from '../lab/net.ts';

export interface Lan {
  /** Its bridge: the router, were there one. */
  hub: Namespace;
  /** A namespace on it, with these addresses: '10.1.0.2/24'. */
  join(...addresses: string[]): Promise<Namespace>;
  close(): Promise<void>;
}

export interface MeshNode {
  readonly namespace: Namespace;
  readonly device: string;
  readonly publicKey: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  context: PartContext;
  /** What was logged. */
  log(): string;
  settings(): WireguardSettings;
  /** Opens the part with these settings, closing the one before. */
  configure(settings: Record<string, unknown>): Promise<void>;
  step(): Promise<MeshState>;
  /** Steps as the agent does, until the state is accepted; fails after `timeoutMs` (10 s). */
  until(accept: (state: MeshState) => boolean, timeoutMs?: number): Promise<MeshState>;
  close(): Promise<void>;
}

export const EMPTY_BOARD: BoardState = {
  schema: 1,
  writtenMs: 0,
  mesh: null,
  lockdown: null,
  push: null,
};

const TOOLS = ['ip', 'wg', 'wireguard-go'];
const devices: string[] = [];
let nodes = 0;
let ends = 0;

export function missingWireguard(...commands: string[]): string | null {
  return requireLab('wg', 'wireguard-go', ...commands);
}

export async function openLan(): Promise<Lan> {
  const hub = await openNamespace();
  await hub.ip('link add lan type bridge');
  await hub.ip('link set lan up');
  const joined: Namespace[] = [];
  return {
    hub,
    async join(...addresses) {
      const namespace = await openNamespace();
      joined.push(namespace);
      const port = `p${++ends}`;
      await hub.ip(`link add ${port} type veth peer name eth0 netns ${namespace.name}`);
      await hub.ip(`link set ${port} master lan up`);
      await namespace.ip('link set eth0 up');
      for (const address of addresses) {
        const noCheck = address.includes(':') ? ' nodad' : '';
        await namespace.ip(`address add ${address} dev eth0${noCheck}`);
      }
      return namespace;
    },
    async close() {
      await Promise.all(joined.map((namespace) => namespace.close()));
      await hub.close();
      for (const device of devices) removeSocket(device);
    },
  };
}

/** A machine with a key of its own, and no settings yet. `isLasting`: what it started stays. */
export function openNode(namespace: Namespace, isLasting = false): MeshNode {
  const directory = scratchFile('node');
  const state = join(directory, 'mesh');
  const device = `wg${process.pid}x${++nodes}`.slice(-15);
  devices.push(device);
  const env = { PATH: wrappers(namespace, join(directory, 'bin')) };
  const lines: string[] = [];
  const log = openLog({
    stream: { write: (text) => lines.push(text) },
    nowMs: Date.now,
    journal: false,
  });
  const { publicKey } = ensureKey(state);
  let part: BoardPart<'mesh'> | null = null;
  let settings: WireguardSettings | null = null;
  const stop = new AbortController();
  const context: PartContext = {
    ...{ log, env, signal: stop.signal },
    voice: openVoice({ log, monotonicMs: () => performance.now() }),
    board: () => EMPTY_BOARD,
    nowMs: Date.now,
    isClockSynced: () => true,
    probeName: () => null,
    askControl: async () => ({ ok: true, value: null }),
  };

  async function step(): Promise<{ state: MeshState; nextMs: number }> {
    const made = await part?.step();
    if (made?.state == null) throw new Error('there is no part');
    return { state: made.state, nextMs: made.nextMs };
  }

  return {
    ...{ namespace, device, publicKey, directory, env, context },
    log: () => lines.join(''),
    settings() {
      if (settings === null) throw new Error('not configured yet');
      return settings;
    },
    async configure(given) {
      await part?.close();
      settings = v.parse(WIREGUARD_SETTINGS, { kind: 'wireguard', interface: device, ...given });
      const places = { state, configDirectory: directory };
      part = openWireguard({ settings, context, places, isLasting });
    },
    step: async () => (await step()).state,
    async until(accept, timeoutMs = 10_000) {
      const endMs = performance.now() + timeoutMs;
      for (;;) {
        const made = await step();
        if (accept(made.state)) return made.state;
        const leftMs = endMs - performance.now();
        if (leftMs <= 0) throw new Error(`${timeoutMs} ms: ${JSON.stringify(made.state)}`);
        await sleep(Math.min(made.nextMs, leftMs, 1000));
      }
    },
    async close() {
      await part?.close();
    },
  };
}

/** wireguard-go that is killed leaves it behind. */
export function removeSocket(device: string): void {
  rmSync(`/var/run/wireguard/${device}.sock`, { force: true });
}

/** As `wg` has them: of the other side's one address, and no more. */
export function peerOf(name: string, node: MeshNode, address: string): Record<string, unknown> {
  return { name, publicKey: node.publicKey, allowedAddresses: [address] };
}

export function isJoined({ state }: MeshState): boolean {
  return state === 'joined';
}

function wrappers(namespace: Namespace, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const enter = `${fileOf('ip')} netns exec ${namespace.name}`;
  for (const tool of TOOLS) {
    const file = join(directory, tool);
    writeFileSync(file, `#!/bin/sh\nexec ${enter} ${fileOf(tool)} "$@"\n`);
    chmodSync(file, 0o755);
  }
  return directory;
}

function fileOf(tool: string): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      return realpathSync(join(folder, tool));
    } catch {
      // The next one.
    }
  }
  throw new Error(`${tool} is not on PATH`);
}

// A probe that measures and pushes, and the metrics server that it pushes to, in two network
// namespaces with a cable between them.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PushState } from '../../src/core/board-state.ts';
import {
  type LabProcess,
  type Namespace,
  openNamespace,
  openVeth,
  sleep,
  VETH_ADDRESSES,
} from '../lab/net.ts';
import { type DaemonLab, openDaemonLab, type RunningDaemon } from '../probe/daemon-lab.ts';
import { type MetricsServer, openMetricsServer, VMAUTH_PORT } from './metrics-server.ts';

export const INTERVAL_MS = 5_000;
export const NAME = 'probe01';
export const TOKEN = 'token-of-probe01-A';

export interface PushLab {
  daemonLab: DaemonLab;
  daemon: RunningDaemon;
  far: Namespace;
  server: MetricsServer;
  /** Makes `token` the secret of the board. */
  setSecret(token: string): void;
  /** `flint push`, in the foreground of the probe's namespace. */
  startPush(): LabProcess;
  /** The last that it said of itself. */
  state(push: LabProcess): PushState | null;
  /** Waits until it says something that is accepted. */
  until(
    push: LabProcess,
    accept: (state: PushState) => boolean,
    timeoutMs?: number,
  ): Promise<PushState>;
  /** Below it, the directories of state and run. */
  directory: string;
  close(): Promise<void>;
}

const NODE_EXPORTER = 'prometheus-node-exporter';
const SCENARIO = `
  dst 10.9.0.0/16 delay 5ms
  dst fd09::/64 delay 5ms
`;

export const HOSTS = ['10.9.0.1', 'fd09::1'];

export async function openPushLab(settings: object = {}): Promise<PushLab> {
  const daemonLab = await openDaemonLab(SCENARIO);
  const far = await openNamespace();
  await openVeth(daemonLab.namespace, far);
  const server = await openMetricsServer(far, { [TOKEN]: NAME });
  const { directory } = daemonLab;
  mkdirSync(join(directory, 'secrets.d'), { mode: 0o700 });
  daemonLab.write('agent.json', {
    schema: 1,
    push: {
      url: pushUrl(),
      user: 'nobody',
      interval: `${INTERVAL_MS / 1000}s`,
      nodeExporter: '127.0.0.1:9100',
      ...settings,
    },
  });
  if (hasNodeExporter()) {
    daemonLab.namespace.spawn(NODE_EXPORTER, ['--web.listen-address=127.0.0.1:9100']);
  }
  const daemon = await daemonLab.start(daemonLab.write('probe.json', probeConfiguration()));
  const lab: PushLab = {
    ...{ daemonLab, daemon, far, server, directory },
    setSecret(token) {
      const file = join(directory, 'secrets.d', 'push-bearer');
      writeFileSync(file, `${token}\n`, { mode: 0o600 });
      chmodSync(file, 0o600);
    },
    startPush() {
      const words = ['push', '--config', join(directory, 'agent.json'), '--json'];
      const places = ['--state', join(directory, 'push-state'), '--run', join(directory, 'run')];
      return daemonLab.flint([...words, ...places]);
    },
    state(push) {
      const line = push.output().stdout.trim().split('\n').at(-1) ?? '';
      return line === '' ? null : (JSON.parse(line) as PushState);
    },
    async until(push, accept, timeoutMs = 30_000) {
      const endMs = Date.now() + timeoutMs;
      for (;;) {
        const state = lab.state(push);
        if (state !== null && accept(state)) return state;
        if (Date.now() > endMs) {
          throw new Error(`${JSON.stringify(state)}\n${push.output().stderr}`);
        }
        await sleep(100);
      }
    },
    async close() {
      await daemonLab.close();
      await server.close();
    },
  };
  lab.setSecret(TOKEN);
  return lab;
}

/** Whether there is one; where there is none, its job is down and all else goes on. */
export function hasNodeExporter(): boolean {
  return spawnSync(NODE_EXPORTER, ['--version']).error === undefined;
}

/** By IPv6, as over a mesh. */
export function pushUrl(): string {
  const far = VETH_ADDRESSES.far.find((address) => address.includes(':')) ?? '';
  return `http://[${far.split('/')[0]}]:${VMAUTH_PORT}/`;
}

function probeConfiguration(): object {
  return {
    schema: 1,
    measurements: {
      smokeping: {
        interval: '200ms',
        targets: HOSTS.map((host, index) => ({
          id: `target${index}`,
          host,
        })),
      },
      path: { interval: '5s', targets: HOSTS.map((host) => ({ id: `path-${host}`, host })) },
    },
  };
}

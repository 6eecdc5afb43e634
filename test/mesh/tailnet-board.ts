// A board's part in a tailnet of the lab, in this process, with the machine's `ip` and tailscaled.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTailnet, type TailnetPart } from '../../src/board/mesh/tailnet.ts';
import { TAILNET_TIMING, type TailnetTiming } from '../../src/board/mesh/tailnet-machine.ts';
import type { ControlWord } from '../../src/board/part.ts';
import { openVoice } from '../../src/board/voice.ts';
import type { MeshState } from '../../src/core/board-state.ts';
import { openLog } from '../../src/host/log.ts';
import { sleep } from '../lab/net.ts';
import { LOGIN_SERVER, type Machine, ULA } from './tailnet-lab.ts';

export const METRICS = `${ULA}:2::1`;

export interface BoardWish {
  machine: Machine;
  address: string | null;
  hostname: string;
  key?: string | null;
  timing?: Partial<TailnetTiming>;
  askControl?: () => Promise<ControlWord>;
  loginServer?: string;
}

export interface TailnetBoard {
  part: TailnetPart;
  said: string[];
  /** Steps until the state is that; fails after `timeoutMs`. Gives the milliseconds it took. */
  reach(
    state: MeshState['state'],
    timeoutMs?: number,
  ): Promise<{ tookMs: number; last: MeshState }>;
  step(): Promise<MeshState>;
  giveKey(key: string): void;
}

/** In a hurry, but no busy loop. */
export const HASTY: TailnetTiming = {
  ...TAILNET_TIMING,
  joinMs: 10_000,
  retryFirstMs: 2_000,
  retryMostMs: 4_000,
  approvalMs: 1_000,
  approvalMostMs: 4_000,
};

export function settingsOf({ machine, address, hostname, loginServer = LOGIN_SERVER }: BoardWish) {
  return {
    ...{ kind: 'tailscale' as const, enable: true, loginServer, address, hostname },
    ...{ key: 'tailnet-key', acceptRoutes: true, interface: 'tailscale0', versionMin: '1.80' },
    ...{ netfilter: 'off' as const, socket: machine.socket, readers: [METRICS] },
  };
}

export function openBoard(wish: BoardWish): TailnetBoard {
  const { machine, key = null, timing = {} } = wish;
  const configDirectory = join(machine.directory, 'etc');
  mkdirSync(join(configDirectory, 'secrets.d'), { recursive: true });
  const giveKey = (one: string): void =>
    writeFileSync(join(configDirectory, 'secrets.d', 'tailnet-key'), `${one}\n`, { mode: 0o600 });
  if (key !== null) giveKey(key);
  const said: string[] = [];
  const log = openLog({
    stream: { write: (text: string) => said.push(text) },
    nowMs: Date.now,
    journal: false,
  });
  const part = openTailnet({
    settings: settingsOf(wish),
    places: { state: join(machine.directory, 'agent/mesh'), configDirectory },
    timing: { ...HASTY, ...timing },
    // This process is on another network than the machine.
    server: {
      async answers() {
        const words = ['-c', '1', '-W', '1', new URL(LOGIN_SERVER).hostname];
        return (await machine.namespace.exec('ping', words)).code === 0;
      },
    },
    context: {
      ...{ log, voice: openVoice({ log, monotonicMs: () => performance.now() }) },
      env: { ...process.env, PATH: machine.path },
      signal: new AbortController().signal,
      board: () => ({ schema: 1, writtenMs: 0, mesh: null, lockdown: null, push: null }),
      nowMs: Date.now,
      isClockSynced: () => true,
      probeName: () => null,
      askControl: wish.askControl ?? (async () => ({ ok: true, value: null })),
    },
  });

  async function reach(state: MeshState['state'], timeoutMs = 20_000) {
    const startedMs = performance.now();
    for (;;) {
      const { state: last } = await part.step();
      const tookMs = Math.round(performance.now() - startedMs);
      if (last.state === state) return { tookMs, last };
      if (tookMs > timeoutMs) throw new Error(`not ${state} but ${JSON.stringify(last)}`);
      await sleep(200);
    }
  }

  return { ...{ part, said, giveKey, reach }, step: async () => (await part.step()).state };
}

/** Looks at the words of all processes all the time; gives those that held the text. */
export function watchWords(text: string): { looks(): number; stop(): string[] } {
  const found = new Set<string>();
  let looks = 0;
  const timer = setInterval(() => {
    looks++;
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const words = wordsOf(pid);
      if (words.includes(text)) found.add(words.replaceAll('\0', ' '));
    }
  }, 2);
  return {
    looks: () => looks,
    stop() {
      clearInterval(timer);
      return [...found];
    },
  };
}

function wordsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

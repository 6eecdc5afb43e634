// Where the interface comes from: the kernel, or wireguard-go where the kernel has no WireGuard.
// The latter is a process: ours is watched, and started again when it ends. One that somebody else
// left running is taken as it is.
import { type ChildProcess, spawn } from 'node:child_process';

import { runCommand } from '../../host/command.ts';
import { complaint, readDump, type Tools } from './wireguard-tools.ts';

export interface Device {
  /** What makes the interface, for people; null while unknown. */
  version(): string | null;
  /** Makes it where it is not. Throws with a reason. */
  ensure(tools: Tools, name: string): Promise<void>;
  /** Takes it away; no error when it is not there. */
  remove(tools: Tools, name: string): Promise<void>;
  /** Ends the process that it started. */
  close(): Promise<void>;
}

export interface DeviceOptions {
  /** wireguard-go ended by itself. */
  onEnd: () => void;
  monoMs: () => number;
  /** Leaves wireguard-go running behind this process, and watches it not. */
  isLasting: boolean;
}

const READY_MS_MAX = 5000;
const READY_POLL_MS = 50;
const OTHERS_MS_MAX = 1000;
const END_MS_MAX = 2000;
const AGAIN_MS_MIN = 100;
const TIMER_SLACK_MS = 5;
const AGAIN_MS_MAX = 30_000;
/** One that lived so long is no failure of the start. */
const STEADY_MS = 60_000;
const WORDS_MAX = 2000;

export function openDevice(options: DeviceOptions): Device {
  let child: Child | null = null;
  let version: string | null = null;
  let againMs = AGAIN_MS_MIN;
  let notBeforeMs = Number.NEGATIVE_INFINITY;

  function ended(one: Child, life: { startMs: number }): void {
    // Else it was told to.
    if (child !== one) return;
    child = null;
    const nowMs = options.monoMs();
    againMs =
      nowMs - life.startMs >= STEADY_MS ? AGAIN_MS_MIN : Math.min(AGAIN_MS_MAX, 2 * againMs);
    notBeforeMs = nowMs + againMs;
    // A timer may be a little early, and nobody may call for a while.
    setTimeout(options.onEnd, againMs + TIMER_SLACK_MS).unref();
  }

  async function startUserspace(tools: Tools, name: string): Promise<void> {
    if (tools.go === null) {
      throw new Error(
        'this kernel has no WireGuard, and there is no wireguard-go on PATH: install one of them',
      );
    }
    if (options.isLasting) return await startLasting(tools, name);
    // It is there and does not answer: a second one would get nowhere beside it.
    await stopChild();
    if (options.monoMs() < notBeforeMs) throw new Error('wireguard-go ended: it is started again');
    const started = startChild(tools.go, name, tools.env);
    const life = { startMs: options.monoMs() };
    child = started;
    void started.exited.then(() => ended(started, life));
    await untilReady(tools, name, started);
  }

  async function stopChild(): Promise<void> {
    const running = child;
    if (running === null) return;
    child = null;
    running.process.kill('SIGTERM');
    if (await isOver(running)) return;
    running.process.kill('SIGKILL');
    // One that hangs in the kernel does not hold up the end of the agent.
    await isOver(running);
  }

  return {
    version: () => version,
    async ensure(tools, name) {
      if ((await readDump(tools, name)) !== null) {
        version ??= await versionOf(tools, name);
        return;
      }
      const added = await tools.ip(['link', 'add', 'dev', name, 'type', 'wireguard']);
      if (added.code !== 0) {
        if (/File exists/.test(added.stderr)) {
          throw new Error(`there is an interface ${name} already that is none of WireGuard's`);
        }
        if (/not permitted/.test(added.stderr)) {
          throw new Error(`ip link add: ${complaint(added)}: only root may do that`);
        }
        await startUserspace(tools, name);
      }
      version = await versionOf(tools, name);
    },
    async remove(tools, name) {
      await stopChild();
      if (!(await isThere(tools, name))) return;
      // wireguard-go ends with its interface.
      const { code, ...rest } = await tools.ip(['link', 'del', 'dev', name]);
      if (code !== 0) throw new Error(`ip link del: ${complaint({ code, ...rest })}`);
    },
    close: stopChild,
  };
}

/** Whether there is such an interface of WireGuard's. Throws where that could not be seen. */
async function isThere(tools: Tools, name: string): Promise<boolean> {
  const { code, ...rest } = await tools.wg(['show', name, 'public-key']);
  if (code === null) throw new Error(`wg show: ${complaint({ code, ...rest })}`);
  return code === 0;
}

interface Child {
  process: ChildProcess;
  exited: Promise<void>;
  /** Its last words. */
  words(): string;
}

function startChild(file: string, name: string, env: Tools['env']): Child {
  const { PATH } = env;
  const process = spawn(file, ['-f', name], {
    env: { PATH, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let words = '';
  process.stderr?.on('data', (part: Buffer) => {
    words = (words + part.toString('latin1')).slice(-WORDS_MAX);
  });
  const exited = new Promise<void>((resolve) => {
    process.once('error', (error) => {
      words = error.message;
      resolve();
    });
    process.once('exit', () => resolve());
  });
  return { process, exited, words: () => lastLine(words) };
}

/** Whether it ends, within a while. */
async function isOver(child: Child): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), END_MS_MAX);
  });
  const isEnded = await Promise.race([child.exited.then(() => true), late]);
  clearTimeout(timer);
  return isEnded;
}

async function untilReady(tools: Tools, name: string, child: Child): Promise<void> {
  const life = { isOver: false };
  void child.exited.then(() => Object.assign(life, { isOver: true }));
  for (let waitedMs = 0; waitedMs < READY_MS_MAX; waitedMs += READY_POLL_MS) {
    if ((await readDump(tools, name)) !== null) return;
    if (life.isOver) throw new Error(`wireguard-go does not run: ${child.words()}`);
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  child.process.kill('SIGKILL');
  throw new Error(`wireguard-go is not ready after ${READY_MS_MAX} ms`);
}

/** It goes into the background by itself when it is ready. */
async function startLasting(tools: Tools, name: string): Promise<void> {
  const { PATH } = tools.env;
  const options = { timeoutMs: READY_MS_MAX, env: { PATH } };
  const result = await runCommand(tools.go ?? '', [name], options);
  if (result.code === 0) return;
  // The agent may have been quicker.
  for (let waitedMs = 0; waitedMs < OTHERS_MS_MAX; waitedMs += READY_POLL_MS) {
    if ((await readDump(tools, name)) !== null) return;
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
  throw new Error(`wireguard-go: ${complaint(result)}`);
}

/** The kernel says of an interface whether it is one of its own. */
async function versionOf(tools: Tools, name: string): Promise<string> {
  const { code, stdout } = await tools.ip(['-j', '-d', 'link', 'show', 'dev', name]);
  if (code === 0 && stdout.includes('"info_kind":"wireguard"')) {
    return `Linux ${process.getBuiltinModule('node:os').release()}`.slice(0, 64);
  }
  if (tools.go === null) return 'userspace';
  const said = await runCommand(tools.go, ['--version'], { timeoutMs: 2000, env: tools.env });
  return (
    /^(wireguard-go) v?([0-9A-Za-z.+-]{1,40})/.exec(said.stdout)?.slice(1, 3).join(' ') ??
    'wireguard-go'
  );
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line.replace(/[^ -~]/g, '?').slice(0, 200) || 'it says nothing';
}

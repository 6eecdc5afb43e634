// What the figures were measured on: without it they say nothing.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Machine {
  timeMs: number;
  node: string;
  v8: string;
  arch: string;
  cpu: string;
  cores: number;
  kernel: string;
  /** Whether a hypervisor is below, as /proc/cpuinfo has it. */
  isVirtual: boolean;
  /** Of the last minute, before the run: a busy machine measures itself. */
  load: number;
  /** Null outside a git clone; `+` says that files differ from it. */
  commit: string | null;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export function describeMachine(): Machine {
  const [first] = cpus();
  return {
    timeMs: Date.now(),
    node: process.versions.node,
    v8: process.versions.v8,
    arch: process.arch,
    cpu: first?.model.replace(/\s+/g, ' ').trim() ?? 'unknown',
    cores: cpus().length,
    kernel: release(),
    isVirtual: /^flags\s*:.*\bhypervisor\b/m.test(cpuInfo()),
    load: loadavg()[0] ?? 0,
    commit: commit(),
  };
}

export function machineLine(machine: Machine): string {
  const { node, cpu, cores, kernel, isVirtual, load } = machine;
  const virtual = isVirtual ? ', virtual' : '';
  return (
    `Node ${node}, ${cores} × ${cpu}${virtual}, Linux ${kernel}, ` +
    `commit ${machine.commit ?? 'unknown'}, load ${load.toFixed(1)} before the run`
  );
}

function cpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

function commit(): string | null {
  const head = git('rev-parse', '--short', 'HEAD');
  if (head === null) return null;
  return `${head.trim()}${(git('status', '--porcelain') ?? '') === '' ? '' : '+'}`;
}

function git(...words: string[]): string | null {
  const { status, stdout } = spawnSync('git', ['-C', ROOT, ...words], { encoding: 'utf8' });
  return status === 0 ? stdout : null;
}

// What `flint trace` was asked for.
import type { PathProtocol } from '../../core/path.ts';
import type { Family } from '../../core/round.ts';
import { FLOWS_MAX } from '../../engine/limits.ts';
import { UsageError } from '../command.ts';
import { familiesOf, sourceOf } from '../host-options.ts';

export interface TraceOptions {
  protocol: PathProtocol;
  port: number | null;
  /** Infinity: until Ctrl-C. */
  cycles: number;
  isLive: boolean;
  intervalMs: number;
  firstTtl: number;
  maxTtl: number;
  silentMax: number;
  timeoutMs: number;
  size: number;
  tos: number;
  source: string | null;
  device: string | null;
  families: readonly Family[];
  packetsPerSecond: number | null;
  answersPerSecond: number | null;
  wantsNames: boolean;
  wantsMtu: boolean;
  /** How many flows at most look for the diamond; null when it is not looked for. */
  flows: number | null;
  isJson: boolean;
}

/** To each hop, where nobody watches; as traceroute has it. */
const PROBES = 3;
const ANSWERS_PER_SECOND = 50;

/** Throws UsageError for options that do not go together. */
export function readTraceOptions(given: Record<string, unknown>): TraceOptions {
  const firstTtl = given['first'] as number;
  const maxTtl = given['max'] as number;
  if (firstTtl > maxTtl) {
    throw new UsageError(`option --first: expected at most --max ${maxTtl}, got ${firstTtl}`);
  }
  const isJson = given['json'] === true;
  const isLive = !isJson && process.stdout.isTTY === true;
  const isPaced = given['pace'] !== false;
  return {
    protocol: given['protocol'] as PathProtocol,
    port: (given['port'] as number | undefined) ?? null,
    cycles: (given['count'] as number | undefined) ?? (isLive ? Number.POSITIVE_INFINITY : PROBES),
    isLive,
    intervalMs: given['interval'] as number,
    firstTtl,
    maxTtl,
    silentMax: given['silent'] as number,
    timeoutMs: given['timeout'] as number,
    size: given['size'] as number,
    tos: given['tos'] as number,
    source: sourceOf(given),
    device: (given['device'] as string | undefined) ?? null,
    families: familiesOf(given),
    packetsPerSecond: isPaced ? (given['rate'] as number) : null,
    answersPerSecond: isPaced ? ANSWERS_PER_SECOND : null,
    wantsNames: given['names'] === true,
    wantsMtu: given['mtu'] === true,
    flows: flowsOf(given),
    isJson,
  };
}

/** There are no more flows than that, and more are seldom wanted: so many are at most n, too. */
function flowsOf(given: Record<string, unknown>): number | null {
  const wanted = (given['flows'] as number | undefined) ?? null;
  return wanted === null ? null : Math.min(wanted, FLOWS_MAX);
}

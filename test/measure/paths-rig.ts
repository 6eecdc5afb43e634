// The path measurement on the real engine, tracer and WebAssembly, with a network of routers, names
// and a clock that the test scripts.
import { formatAddress, parseAddress } from '../../src/core/address.ts';
import type { PathConfig, PathTargetConfig } from '../../src/core/config.ts';
import type { Family, ProbeEvent } from '../../src/core/round.ts';
import { parseEvent } from '../../src/core/round-schema.ts';
import type { PathSnapshot } from '../../src/core/snapshot.ts';
import { type Guard, openGuard } from '../../src/measure/guard.ts';
import { Paths, type PathsOptions } from '../../src/measure/paths.ts';
import type { KeptPath } from '../../src/measure/paths-entry.ts';
import { Tracer } from '../../src/measure/tracer.ts';
import { errorOf } from '../fake/icmp-error.ts';
import { openRig, type Rig } from '../fake/rig.ts';
import type { SentPacket, Verdict } from '../fake/transport.ts';
import { ScriptedNames } from './smokeping-rig.ts';

/** Who answers at each TTL before the target: null for nobody; a list is taken in turn. */
export type Route = readonly (
  | string
  | null
  | readonly string[]
  | ((turn: number, flow: number) => string)
)[];

export interface PathWorld {
  rig: Rig;
  names: ScriptedNames;
  guard: Guard;
  paths: Paths;
  events: ProbeEvent[];
  /** By address of the target; one that has none is next to us. */
  routes: Map<string, Route>;
  /** Of the target itself. */
  fates: Map<string, 'silence' | { refused: number }>;
  /** How often `onWork` was called. */
  works(): number;
  configure(targets: PathTargetConfig[], part?: Partial<PathConfig>): void;
  /** Lets time pass as the daemon does. */
  run(seconds: number): Promise<void>;
  path(id: string, family?: Family): PathSnapshot;
  /** When traces to an address began, in whole seconds since the world began. */
  begun(ip: string): number[];
  nowMs(): number;
}

export interface PathWorldOptions {
  kept?: readonly KeptPath[];
  packetsPerSecond?: number;
  /** Instead of the real ones. */
  part?: Partial<PathsOptions>;
}

const TICK_MS = 50;
const DELAY_NS = 2_000_000n;
let worlds = 0;

export function openPathWorld(options: PathWorldOptions = {}): PathWorld {
  const routes: PathWorld['routes'] = new Map();
  const fates: PathWorld['fates'] = new Map();
  const firsts: { ip: string; atMs: number }[] = [];
  const rig = openRig((packet) => answer(packet), { probeTimeoutMs: 1000 });
  const { clock, engine } = rig;
  const monoMs = (): number => Number(clock.monoNs / 1000n) / 1000;
  const nowMs = (): number => Number(clock.realNow() / 1_000_000n);
  const startMs = monoMs();
  let turn = 0;

  function answer(packet: SentPacket): Verdict {
    const ip = addressText(packet);
    const fate = fates.get(ip);
    if (packet.ttl === 1) firsts.push({ ip, atMs: monoMs() - startMs });
    if (typeof fate === 'object') return { refused: fate.refused, arrivals: [] };
    const route = routes.get(ip) ?? [];
    if (packet.ttl > route.length) {
      return { arrivals: fate === 'silence' ? [] : [{ delayNs: DELAY_NS, ...greeting(packet) }] };
    }
    const place = route[packet.ttl - 1] ?? null;
    const router =
      typeof place === 'function' ? place(turn++, flowOf(packet)) : pick(place, turn++);
    if (router === null) return { arrivals: [] };
    return { arrivals: [{ delayNs: DELAY_NS, bytes: errorOf(packet), source: sixteen(router) }] };
  }

  const packetsPerSecond = options.packetsPerSecond ?? 1000;
  const guard = openGuard({ monoMs, ownRanges: () => [] });
  const tracer = new Tracer(engine, { packetsPerSecond, answersPerSecond: null, monoMs, guard });
  const names = new ScriptedNames();
  const events: ProbeEvent[] = [];
  let works = 0;
  const paths = new Paths({
    engine,
    tracer,
    names,
    guard,
    bootId: `boot${++worlds}`,
    nowMs,
    monoMs,
    kept: options.kept ?? [],
    onEvent(event) {
      if (parseEvent(event) === null) throw new Error(`no event: ${JSON.stringify(event)}`);
      events.push(event);
    },
    onWork: () => works++,
    ...options.part,
  });
  return {
    rig,
    names,
    guard,
    paths,
    events,
    routes,
    fates,
    works: () => works,
    configure(targets, part = {}) {
      paths.configure({ ...PATH_CONFIG, packetsPerSecond, ...part, targets });
    },
    async run(seconds) {
      for (let at = 0; at < seconds * 1000; at += TICK_MS) {
        clock.advanceMs(TICK_MS);
        engine.tick(64);
        tracer.collect();
        if (
          Math.floor((monoMs() - startMs) / 1000) ===
          Math.floor((monoMs() - TICK_MS - startMs) / 1000)
        )
          continue;
        paths.maintain();
        // What the names answer is taken in before the next tick.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    path(id, family = 'v4') {
      const found = [...paths.snapshots()].find(
        (one) => one.target === id && one.family === family,
      );
      if (found === undefined) throw new Error(`${id} (${family}) is not traced`);
      return found;
    },
    begun(ip) {
      const times = firsts
        .filter((one) => one.ip === ip)
        .map(({ atMs }) => Math.floor(atMs / 1000));
      return [...new Set(times)];
    },
    nowMs,
  };
}

export const PATH_CONFIG: PathConfig = {
  enable: true,
  intervalMs: 30_000,
  multipath: false,
  probes: 1,
  maxTtl: 30,
  packetsPerSecond: 1000,
  answersPerSecond: 10,
  targets: [],
};

/** By ICMP, IPv4 alone, every 30 s. */
export function pathTarget(id: string, part: Partial<PathTargetConfig> = {}): PathTargetConfig {
  return {
    id,
    host: `${id}.example`,
    families: ['v4'],
    intervalMs: 30_000,
    size: 32,
    tos: 0,
    source: null,
    device: null,
    labels: {},
    protocol: 'icmp',
    port: null,
    ...part,
  };
}

/** The addresses of the path that is known. */
export function hopsOf({ path }: PathSnapshot): (string | null)[] {
  return path?.hops.map(({ ip }) => ip) ?? [];
}

/** An echo is answered by itself; a port is closed. */
function greeting(packet: SentPacket): { bytes?: Uint8Array } {
  if (packet.protocol !== 'udp') return {};
  const closed = packet.family === 4 ? { type: 3, code: 3 } : { type: 1, code: 4 };
  return { bytes: errorOf(packet, closed) };
}

function pick(place: string | null | readonly string[], turn: number): string | null {
  return typeof place === 'string' || place === null ? place : (place[turn % place.length] ?? null);
}

/** Of UDP: the source port, which is the flow's. */
function flowOf({ bytes }: SentPacket): number {
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
}

function addressText({ family, destination }: SentPacket): string {
  return family === 4
    ? formatAddress('v4', destination.subarray(0, 4))
    : formatAddress('v6', destination.subarray(0, 16));
}

function sixteen(text: string): Uint8Array {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`${text} is no address`);
  const all = new Uint8Array(16);
  all.set(parsed.bytes);
  return all;
}

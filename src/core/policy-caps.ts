// A configuration within its policy: what asks for more than is allowed gets longer intervals, one
// destination's for itself and all together uniformly, and each such change is said in a sentence.
//
// Destinations are told apart by what the configuration calls them; which names are one address is
// known only later (measure/guard*.ts). Planned is the worst case: every family answers, every
// trace is as long as it may be.
import { formatAddress, parseAddress } from './address.ts';
import type { PathConfig, ProbeConfig, TargetConfig } from './config.ts';
import { clip } from './config-value.ts';
import type { Policy } from './policy.ts';
import type { Family } from './round.ts';

/** Kinds that this version measures. */
export type MeasuredKind = keyof ProbeConfig['measurements'];

export const MEASURED_KINDS: readonly MeasuredKind[] = ['smokeping', 'path'];

export interface CappedConfig {
  config: ProbeConfig;
  /** A sentence each. */
  capped: string[];
}

export interface PlannedLoad {
  perSecond: number;
  bytesPerDay: number;
  /** Packets a second by what a destination is called. */
  byHost: ReadonlyMap<string, number>;
}

const SENTENCES_MAX = 48;
const DAY_SECONDS = 86_400;
/** A search for all paths: so many flows to each hop, in one of so many turns. */
const SEARCH_FLOWS = 64;
const SEARCH_TURNS = 10;
const TRANSPORT_BYTES = 20;

/** `kinds`: those that the policy rules; the others stay as they are and count for nothing. */
export function capConfig(
  given: ProbeConfig,
  policy: Policy,
  kinds: ReadonlySet<MeasuredKind>,
): CappedConfig {
  const capped: string[] = [];
  const config = withoutKinds(copyOf(given, kinds), { policy, kinds, capped });
  if (kinds.has('path')) limitPace(config.measurements.path, policy, capped);
  limitHosts(config, { policy, kinds, capped });
  limitAll(config, { policy, kinds, capped });
  return { config, capped: shortened(capped) };
}

/** What the ruled kinds of a configuration send at most. */
export function plannedLoad(config: ProbeConfig, kinds: ReadonlySet<MeasuredKind>): PlannedLoad {
  const loads = loadsOf(config, kinds);
  const byHost = new Map<string, number>();
  for (const load of loads) byHost.set(load.host, (byHost.get(load.host) ?? 0) + perSecond(load));
  const { packets, bytes } = sumOf(loads, config.measurements.path.packetsPerSecond);
  return { perSecond: packets, bytesPerDay: bytes * DAY_SECONDS, byHost };
}

/** The bytes of an echo as IP carries it. */
export function echoBytes(family: Family, size: number): number {
  return headerBytes(family) + 8 + size;
}

/** A destination by its name: case and the root's dot tell nothing apart, nor does spelling. */
export function destinationOf(host: string): string {
  const address = parseAddress(host);
  if (address === null) return host.replace(/\.$/, '').toLowerCase();
  return formatAddress(address.family, address.bytes);
}

interface Ruling {
  policy: Policy;
  kinds: ReadonlySet<MeasuredKind>;
  capped: string[];
}

/** One target in all of its families. */
interface Load {
  kind: MeasuredKind;
  target: TargetConfig;
  host: string;
  /** In one interval. */
  packets: number;
  /** Sent and received, in one interval. */
  bytes: number;
}

/** Only what may be changed is copied. */
function copyOf(config: ProbeConfig, kinds: ReadonlySet<MeasuredKind>): ProbeConfig {
  const { smokeping, path } = config.measurements;
  const measurements = {
    smokeping: kinds.has('smokeping')
      ? { ...smokeping, targets: smokeping.targets.map((target) => ({ ...target })) }
      : smokeping,
    path: kinds.has('path')
      ? { ...path, targets: path.targets.map((target) => ({ ...target })) }
      : path,
  };
  return { ...config, measurements };
}

function withoutKinds(config: ProbeConfig, { policy, kinds, capped }: Ruling): ProbeConfig {
  for (const kind of kinds) {
    const measurement = config.measurements[kind];
    const isIdle = !measurement.enable || measurement.targets.length === 0;
    if (policy.kinds.includes(kind) || isIdle) continue;
    capped.push(`measurements.${kind} is left out: the policy allows no such kind`);
    measurement.enable = false;
    measurement.targets = [];
  }
  return config;
}

// The routers on the way are destinations, too: those next to us see every trace.
function limitPace(path: PathConfig, policy: Policy, capped: string[]): void {
  if (!path.enable || path.targets.length === 0) return;
  const all = Math.min(path.packetsPerSecond, policy.packetsPerSecond);
  const one = Math.min(path.answersPerSecond, policy.packetsPerSecondPerDestination);
  if (all < path.packetsPerSecond) {
    capped.push(`measurements.path.packetsPerSecond is ${all}, not ${path.packetsPerSecond}`);
  }
  if (one < path.answersPerSecond) {
    capped.push(`measurements.path.answersPerSecond is ${one}, not ${path.answersPerSecond}`);
  }
  path.packetsPerSecond = all;
  path.answersPerSecond = one;
}

function limitHosts(config: ProbeConfig, { policy, kinds, capped }: Ruling): void {
  const most = policy.packetsPerSecondPerDestination;
  const groups = new Map<string, Load[]>();
  for (const load of loadsOf(config, kinds)) {
    const group = groups.get(load.host);
    if (group === undefined) groups.set(load.host, [load]);
    else group.push(load);
  }
  for (const [host, loads] of groups) {
    const wanted = loads.reduce((sum, load) => sum + perSecond(load), 0);
    if (wanted <= most) continue;
    lengthen(loads, wanted / most);
    const asked = `${packetsText(wanted)} a second are asked for and ${most} allowed`;
    capped.push(`${clip(host)}: ${asked}, so its intervals are ${times(wanted / most)} as long`);
  }
}

function limitAll(config: ProbeConfig, { policy, kinds, capped }: Ruling): void {
  const { path } = config.measurements;
  const loads = loadsOf(config, kinds);
  const { packets, bytes } = sumOf(loads, path.packetsPerSecond);
  const byPackets = packets / policy.packetsPerSecond;
  const byBytes = (bytes * DAY_SECONDS) / policy.bytesPerDay;
  let factor = Math.max(byPackets, byBytes);
  if (factor <= 1) return;
  const pace = Math.floor(path.packetsPerSecond / factor);
  // Below one packet a second the intervals alone have to do.
  if (kinds.has('path') && pace >= 1) path.packetsPerSecond = pace;
  else factor = Math.max(factor, ...factorsWithoutPace(loads, policy));
  lengthen(loads, factor);
  const [asked, allowed] =
    byPackets >= byBytes
      ? [`${packetsText(packets)} a second`, policy.packetsPerSecond]
      : [`${Math.ceil(bytes * DAY_SECONDS)} bytes a day`, policy.bytesPerDay];
  const so = `so all intervals are ${times(factor)} as long`;
  capped.push(`in all ${asked} are asked for and ${allowed} allowed, ${so}`);
}

function factorsWithoutPace(loads: readonly Load[], policy: Policy): [number, number] {
  const { packets, bytes } = sumOf(loads, Number.POSITIVE_INFINITY);
  return [packets / policy.packetsPerSecond, (bytes * DAY_SECONDS) / policy.bytesPerDay];
}

function lengthen(loads: readonly Load[], factor: number): void {
  for (const { target } of loads) target.intervalMs = Math.ceil(target.intervalMs * factor);
}

/** In a second; traces together are paced. */
function sumOf(loads: readonly Load[], pathPace: number): { packets: number; bytes: number } {
  const sums = { smokeping: { packets: 0, bytes: 0 }, path: { packets: 0, bytes: 0 } };
  for (const load of loads) {
    const sum = sums[load.kind];
    sum.packets += perSecond(load);
    sum.bytes += (1000 * load.bytes) / load.target.intervalMs;
  }
  const { smokeping, path } = sums;
  const share = path.packets > pathPace ? pathPace / path.packets : 1;
  return {
    packets: smokeping.packets + path.packets * share,
    bytes: smokeping.bytes + path.bytes * share,
  };
}

function loadsOf(config: ProbeConfig, kinds: ReadonlySet<MeasuredKind>): Load[] {
  const { smokeping, path } = config.measurements;
  const loads: Load[] = [];
  if (kinds.has('smokeping') && smokeping.enable) {
    for (const target of smokeping.targets) loads.push(loadOf('smokeping', target, 1));
  }
  if (kinds.has('path') && path.enable) {
    const search = path.multipath ? (path.maxTtl * SEARCH_FLOWS) / SEARCH_TURNS : 0;
    const packets = path.maxTtl * path.probes + search;
    for (const target of path.targets) loads.push(loadOf('path', target, packets));
  }
  return loads;
}

// An echo comes back as large as it went; what a router says of a probe is about as large.
function loadOf(kind: MeasuredKind, target: TargetConfig, packets: number): Load {
  let bytes = 0;
  for (const family of target.families) {
    bytes += 2 * packets * (headerBytes(family) + TRANSPORT_BYTES + target.size);
  }
  const host = destinationOf(target.host);
  return { kind, target, host, packets: packets * target.families.length, bytes };
}

function headerBytes(family: Family): number {
  return family === 'v4' ? 20 : 40;
}

function perSecond({ packets, target }: Load): number {
  return (1000 * packets) / target.intervalMs;
}

function packetsText(count: number): string {
  return `${Math.ceil(count)} packets`;
}

function times(factor: number): string {
  return `${(Math.ceil(factor * 10) / 10).toFixed(1)} times`;
}

function shortened(sentences: readonly string[]): string[] {
  const rest = sentences.length - SENTENCES_MAX;
  if (rest <= 0) return [...sentences];
  // The last one speaks of all.
  const last = sentences.at(-1) ?? '';
  return [...sentences.slice(0, SENTENCES_MAX - 2), `and ${rest + 1} more like these`, last];
}

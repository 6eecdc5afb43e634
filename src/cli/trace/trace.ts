// `flint trace`: the daemon's tracer on a short leash.
import { sendErrorText } from '../../core/icmp-text.ts';
import { Engine } from '../../engine/engine.ts';
import { FLOWS_MAX } from '../../engine/limits.ts';
import { openBest } from '../../engine/open.ts';
import { type Pump, startPump } from '../../engine/pump.ts';
import { openNames } from '../../measure/names.ts';
import type { Names } from '../../measure/resolution.ts';
import { openReverseNames, type ReverseNames } from '../../measure/reverse-names.ts';
import { openPath } from '../../measure/trace-open.ts';
import { Tracer } from '../../measure/tracer.ts';
import { EXIT } from '../command.ts';
import { lookUpHost } from '../host-addresses.ts';
import { leaveRoot } from '../leave-root.ts';
import { openStop, type Stop } from '../stop.ts';
import { findMtus, type Place, runCycles } from './cycles.ts';
import type { PathExtras } from './lines.ts';
import { readTraceOptions, type TraceOptions } from './options.ts';
import { newTracedPath } from './path.ts';
import { openTraceJson, openTraceText, type TraceView } from './view.ts';

const FRESH_MS = 5;
/** The kernel begins to stamp packets some milliseconds after it was first asked to. */
const WARM_UP_MS = 20;
/** Lets the pump send all that the tracer's own budget allows. */
const PACKETS_PER_SECOND_MAX = 100_000;
const PACKETS_PER_SECOND_MIN = 500;

/** Runs until the cycles are done or Ctrl-C. Exit code 1 when a host was reached in no family. */
export async function runTrace(
  hosts: readonly string[],
  given: Record<string, unknown>,
): Promise<number> {
  const options = readTraceOptions(given);
  const reverse = options.wantsNames ? openReverseNames() : null;
  const view = (options.isJson ? openTraceJson : openTraceText)(process.stdout, reverse?.nameOf);
  const names = openNames();
  const stop = openStop();
  let engine: Engine | null = null;
  process.on('SIGINT', stop.stop);
  process.on('SIGTERM', stop.stop);
  try {
    engine = openEngine(options);
    const monoMs = (): number => performance.now();
    const tracer = new Tracer(engine, { ...options, monoMs });
    leaveRoot();
    const opening = openPlaces({ engine, tracer, names, view }, hosts, options);
    const warm = Promise.all([opening, stop.sleep(WARM_UP_MS)]);
    const [places] = (await stop.orStopped(warm)) ?? [[]];
    const extras = await measure({ engine, tracer, view, stop }, places, options);
    if (reverse !== null) await stop.orStopped(nameAll(places, reverse));
    showPaths(view, places, extras);
    const reached = new Set(places.filter((one) => one.path.isReached).map((one) => one.path.host));
    return hosts.every((host) => reached.has(host)) ? EXIT.ok : EXIT.trouble;
  } finally {
    process.removeListener('SIGINT', stop.stop);
    process.removeListener('SIGTERM', stop.stop);
    view.end();
    names.close();
    reverse?.close();
    engine?.close();
  }
}

function openEngine({ timeoutMs }: TraceOptions): Engine {
  return new Engine({
    openTransport: openBest,
    roundMs: 3_600_000,
    timeoutMs,
    probeTimeoutMs: timeoutMs,
    jitter: 0,
    packetsPerSecond: 1,
  });
}

interface Opening {
  engine: Engine;
  tracer: Tracer;
  names: Names;
  view: TraceView;
}

async function openPlaces(
  { engine, tracer, names, view }: Opening,
  hosts: readonly string[],
  options: TraceOptions,
): Promise<Place[]> {
  const found = await Promise.all(hosts.map((host) => lookUpHost(names, host, options.families)));
  const places: Place[] = [];
  for (const { host, found: addresses, reasons } of found) {
    if (addresses.length === 0) view.error(host, reasons.join('; '));
    for (const address of addresses) {
      const opened = openPath(engine, tracer, { ...options, address });
      if (!opened.ok) {
        view.error(host, opened.reason);
        continue;
      }
      const { family, protocol, ip } = opened.path;
      // Two traces in one flow would be one connection to the target.
      const flow = places.filter(({ path }) => path.ip === ip).length % FLOWS_MAX;
      const path = newTracedPath({ host, ip, family, protocol, flow });
      places.push({ address, path, open: opened.path });
    }
  }
  return places;
}

interface Measuring {
  engine: Engine;
  tracer: Tracer;
  view: TraceView;
  stop: Stop;
}

async function measure(
  { engine, tracer, view, stop }: Measuring,
  places: readonly Place[],
  options: TraceOptions,
): Promise<PathExtras[]> {
  let pump: Pump | null = null;
  const paths = places.map(({ path }) => path);
  const failed = new Promise<never>((_, reject) => {
    const wanted = options.packetsPerSecond ?? PACKETS_PER_SECOND_MAX;
    pump = startPump(engine, {
      packetsPerSecond: Math.max(wanted, PACKETS_PER_SECOND_MIN),
      intervalMsMin: 1000,
      isPaced: false,
      freshMs: FRESH_MS,
      afterTick: () => {
        tracer.collect();
        view.draw(paths);
      },
      onError: reject,
    });
  });
  try {
    const cycling = { engine, tracer, options, stop, wake: () => pump?.wake() };
    await Promise.race([failed, Promise.all(places.map((place) => runCycles(place, cycling)))]);
    if (!options.wantsMtu) return [];
    const mtus = await Promise.race([failed, findMtus(places, cycling)]);
    return mtus.map((mtu) => (mtu === null ? {} : { mtu }));
  } finally {
    (pump as Pump | null)?.stop();
  }
}

async function nameAll(places: readonly Place[], reverse: ReverseNames): Promise<void> {
  for (const { path } of places) for (const { ips } of path.hops) ips.forEach(reverse.nameOf);
  await reverse.settled();
}

function showPaths(view: TraceView, places: readonly Place[], extras: readonly PathExtras[]): void {
  places.forEach(({ path }, i) => {
    if (path.refused !== null) view.error(path.host, sendErrorText(path.refused));
    view.path(path, extras[i] ?? {});
  });
}

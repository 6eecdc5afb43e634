// The cycles of `flint trace`: each path is traced again and again, until the count is reached or
// somebody has seen enough.

import type { Address } from '../../core/address.ts';
import type { Engine } from '../../engine/engine.ts';
import { findPathMtu, type PathMtu } from '../../measure/path-mtu.ts';
import { startMultipath } from '../../measure/trace-multipath.ts';
import { type OpenPath, openPath } from '../../measure/trace-open.ts';
import { type FinishedTrace, startRun } from '../../measure/trace-run.ts';
import type { Tracer } from '../../measure/tracer.ts';
import type { Stop } from '../stop.ts';
import type { TraceOptions } from './options.ts';
import { addNodes, endCycle, type TracedPath, takeHopAnswer } from './path.ts';

export interface Place {
  address: Address;
  path: TracedPath;
  open: OpenPath;
}

export interface Cycling {
  engine: Engine;
  tracer: Tracer;
  options: TraceOptions;
  stop: Stop;
  /** Something was asked for. */
  wake: () => void;
}

/** A silent hop holds up its cycle for the timeout; the next one does not wait for it. */
const OVERLAP_MAX = 64;
const MTU_MAX = 1500;

/** All in one trace where nobody watches; else a probe to each hop in every interval. */
export async function runCycles(place: Place, cycling: Cycling): Promise<void> {
  const { options, stop } = cycling;
  const { cycles, intervalMs, isLive } = options;
  const first = await runOnce(place, cycling, { cycle: 0, probes: isLive ? 1 : cycles });
  const diamond = first === null ? null : findDiamond(place, cycling, first);
  const underWay = new Set<Promise<unknown>>();
  for (let cycle = 1; isLive && cycle < cycles; cycle++) {
    await stop.sleep(intervalMs);
    if (stop.isStopped()) break;
    const run = runOnce(place, cycling, { cycle, probes: 1 });
    underWay.add(run);
    void run.finally(() => underWay.delete(run));
    if (underWay.size >= OVERLAP_MAX) await Promise.race(underWay);
  }
  await Promise.all([diamond, ...underWay]);
}

/** Null when it was stopped. */
function runOnce(
  { path, open }: Place,
  { tracer, options, stop, wake }: Cycling,
  { cycle, probes }: { cycle: number; probes: number },
): Promise<FinishedTrace | null> {
  return new Promise((resolve) => {
    if (stop.isStopped()) {
      resolve(null);
      return;
    }
    const forget = stop.onStop(() => resolve(null));
    startRun({
      tracer,
      ...open,
      target: open.ip,
      flow: path.flow,
      firstTtl: options.firstTtl,
      maxTtl: options.maxTtl,
      silentMax: options.silentMax,
      payloadBytes: options.size,
      probes,
      known: path.known,
      onAnswer: (answer) => takeHopAnswer(path, answer),
      onEnd: (trace) => {
        forget();
        endCycle(path, trace, cycle);
        resolve(trace);
      },
    });
    wake();
  });
}

async function findDiamond(
  { path, open }: Place,
  { tracer, options, stop, wake }: Cycling,
  first: FinishedTrace,
): Promise<void> {
  const { silentMax, size: payloadBytes, flows } = options;
  if (flows === null || first.end === 'refused' || stop.isStopped()) return;
  const about = { ...open, target: open.ip, payloadBytes, silentMax };
  const { done, report } = startMultipath({ tracer, ...about, first, flowsMax: flows });
  wake();
  await stop.orStopped(done);
  addNodes(path, report());
}

/** The path MTU of each place; null where it cannot be looked for, or nobody waits for it. */
export async function findMtus(
  places: readonly Place[],
  cycling: Cycling,
): Promise<(PathMtu | null)[]> {
  const { stop } = cycling;
  if (stop.isStopped()) return [];
  return await Promise.all(places.map((place) => stop.orStopped(findMtu(place, cycling))));
}

async function findMtu(
  { address }: Place,
  { engine, tracer, wake, options }: Cycling,
): Promise<PathMtu | null> {
  // A SYN with a payload would be something else.
  const protocol = options.protocol === 'udp' ? 'udp' : 'icmp';
  const opened = openPath(engine, tracer, { ...options, address, protocol });
  if (!opened.ok) return null;
  const { trace, family, ip } = opened.path;
  const found = await findPathMtu({ tracer, trace, family, target: ip, mtuMax: MTU_MAX, wake });
  tracer.close(trace);
  return found;
}

// `flint ping`: the daemon's engine on a short leash. No jitter, no pacing, every probe told.
import { formatAddress } from '../../core/address.ts';
import type { TargetConfig } from '../../core/config.ts';
import type { Family } from '../../core/round.ts';
import { Engine } from '../../engine/engine.ts';
import { openBest } from '../../engine/open.ts';
import { startPump } from '../../engine/pump.ts';
import { openNames } from '../../measure/names.ts';
import type { Names } from '../../measure/resolution.ts';
import { toSpec } from '../../measure/source.ts';
import { EXIT } from '../command.ts';
import { lookUpHost } from '../host-addresses.ts';
import { familiesOf, sourceOf } from '../host-options.ts';
import { leaveRoot } from '../leave-root.ts';
import { newPingTarget, type PingTarget, summaryOf, takeFate, unresolvedLine } from './lines.ts';
import { openJsonView, openTextView, type PingView } from './view.ts';

interface PingOptions {
  count: number | null;
  intervalMs: number;
  size: number;
  timeoutMs: number;
  tos: number;
  source: string | null;
  device: string | null;
  families: readonly Family[];
  isJson: boolean;
}

/** How long after the last answer copies of it, and answers that are late, may still come in. */
const SETTLE_MS = 50;
/** How long after Ctrl-C answers that are on their way may still come in. */
const LINGER_MS_MAX = 1000;
const FRESH_MS = 10;
const PHASE_STEP_MS_MAX = 100;

/** Runs until the count is reached or Ctrl-C. Exit code 1 when a host answered in no family. */
export async function runPing(
  hosts: readonly string[],
  given: Record<string, unknown>,
): Promise<number> {
  const options = readOptions(given);
  const view = options.isJson ? openJsonView(process.stdout) : openTextView(process.stdout);
  const names = openNames();
  const engine = new Engine({
    openTransport: openBest,
    roundMs: 3_600_000,
    timeoutMs: options.timeoutMs,
    jitter: 0,
    packetsPerSecond: (hosts.length * 2000) / options.intervalMs,
  });
  engine.hot.call.setLogging(1);
  try {
    leaveRoot();
    const targets = await addTargets(engine, names, { hosts, options, view });
    if (targets.length > 0) await measure(engine, targets, { options, view });
    engine.finish();
    for (const target of targets) view.summary(target, summaryOf(target));
    const answered = new Set(targets.filter((t) => t.received > 0).map((t) => t.host));
    return hosts.every((host) => answered.has(host)) ? EXIT.ok : EXIT.trouble;
  } finally {
    view.end();
    names.close();
    engine.close();
  }
}

function readOptions(given: Record<string, unknown>): PingOptions {
  return {
    count: (given['count'] as number | undefined) ?? null,
    intervalMs: given['interval'] as number,
    size: given['size'] as number,
    timeoutMs: given['timeout'] as number,
    tos: given['tos'] as number,
    source: sourceOf(given),
    device: (given['device'] as string | undefined) ?? null,
    families: familiesOf(given),
    isJson: given['json'] === true,
  };
}

interface Wanted {
  hosts: readonly string[];
  options: PingOptions;
  view: PingView;
}

async function addTargets(engine: Engine, names: Names, wanted: Wanted): Promise<PingTarget[]> {
  const { hosts, options, view } = wanted;
  const lists = await Promise.all(hosts.map((host) => lookUpHost(names, host, options.families)));
  const targets: PingTarget[] = [];
  lists.forEach(({ host, found, reasons }, i) => {
    if (found.length === 0) view.line(unresolvedLine(host, null, reasons.join('; ')));
    for (const address of found) {
      const { family, bytes, zone } = address;
      const made = toSpec(toTarget(host, family, options), address);
      if (!made.ok) {
        view.line(unresolvedLine(host, family, made.reason));
        continue;
      }
      // Hosts share the interval, so that many do not leave in one burst; a few need not wait.
      const phaseMs = i * Math.min(options.intervalMs / hosts.length, PHASE_STEP_MS_MAX);
      const series = engine.addSeries({ ...made.spec, phaseMs });
      const ip = formatAddress(family, bytes, zone);
      const place = newPingTarget({ host, ip, family }, series);
      targets.push(place);
      view.begin(place);
    }
  });
  return targets;
}

function toTarget(host: string, family: Family, options: PingOptions): TargetConfig {
  const { intervalMs, size, tos, source, device } = options;
  return { id: host, host, families: [family], intervalMs, size, tos, source, device, labels: {} };
}

interface Run {
  options: PingOptions;
  view: PingView;
}

/** Pumps until every target has had its count and nothing is in flight, or until Ctrl-C. */
function measure(engine: Engine, targets: readonly PingTarget[], run: Run): Promise<void> {
  const bySeries = new Map(targets.map((target) => [target.series, target]));
  return new Promise((resolve, reject) => {
    let stopAtMs = Number.POSITIVE_INFINITY;
    let settled: NodeJS.Timeout | undefined;

    function finish(error?: unknown): void {
      pump.stop();
      clearTimeout(settled);
      process.removeListener('SIGINT', interrupt);
      process.removeListener('SIGTERM', interrupt);
      if (error === undefined) resolve();
      else reject(error);
    }

    function interrupt(): void {
      if (stopAtMs !== Number.POSITIVE_INFINITY) {
        finish();
        return;
      }
      for (const target of targets) stopTarget(engine, target);
      stopAtMs = performance.now() + lingerMs(targets);
      pump.wake();
    }

    function afterTick(): void {
      readLog(engine, bySeries, run.view);
      for (const target of targets) update(engine, target, run.options.count);
      run.view.draw(targets);
      const isDone = targets.every((target) => target.isStopped) && !engine.isWaiting();
      if (isDone && settled === undefined) {
        const ms = settleMs(targets, run.options.timeoutMs);
        stopAtMs = Math.min(stopAtMs, performance.now() + ms);
        // Timers may end a millisecond too early.
        settled = setTimeout(() => pump.wake(), ms + 2);
      }
      if (performance.now() >= stopAtMs) finish();
    }

    const packetsPerSecond = (targets.length * 1000) / run.options.intervalMs;
    const pump = startPump(engine, {
      packetsPerSecond,
      intervalMsMin: run.options.intervalMs,
      isPaced: false,
      freshMs: FRESH_MS,
      afterTick,
      onError: finish,
    });
    process.on('SIGINT', interrupt);
    process.on('SIGTERM', interrupt);
  });
}

function readLog(engine: Engine, bySeries: Map<number, PingTarget>, view: PingView): void {
  for (let fates = engine.takeLog(); fates.length > 0; fates = engine.takeLog()) {
    for (const fate of fates) {
      const target = bySeries.get(fate.series);
      const line = target === undefined ? null : takeFate(target, fate);
      if (line !== null) view.line(line);
    }
  }
}

function update(engine: Engine, target: PingTarget, count: number | null): void {
  const progress = engine.progress(target.series);
  target.attempts = progress.attempts;
  target.sent = progress.sent;
  if (count !== null && target.attempts >= count) stopTarget(engine, target);
}

function stopTarget(engine: Engine, target: PingTarget): void {
  if (!target.isStopped) engine.stopSeries(target.series);
  target.isStopped = true;
}

/** Twice the slowest answer so far. */
function lingerMs(targets: readonly PingTarget[]): number {
  const slowest = Math.max(...targets.map((target) => target.samples.figures()?.max ?? 0));
  return Math.min(LINGER_MS_MAX, 50 + (2 * slowest) / 1e6);
}

/** As long as the latest answer was too late, and a little; nothing where nothing was sent. */
function settleMs(targets: readonly PingTarget[], timeoutMs: number): number {
  if (targets.every((target) => target.sent === 0)) return 0;
  const latestMs = Math.max(...targets.map((target) => target.latestNs)) / 1e6;
  return Math.min(LINGER_MS_MAX, SETTLE_MS + Math.max(0, latestMs - timeoutMs));
}

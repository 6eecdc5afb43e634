// The daemon: sockets, then no more root, then the store, the listener and the measurement. It owns
// all of these; the engine's pump is the only thing that drives them.
const os = process.getBuiltinModule('node:os');

import type { ProbeConfig } from '../core/config.ts';
import type { EventKind, ProbeEvent } from '../core/round.ts';
import type { ProbeSnapshot } from '../core/snapshot.ts';
import { Engine } from '../engine/engine.ts';
import { openBest } from '../engine/open.ts';
import { dropRoot, type Identity, nextIdentity } from '../engine/privileges.ts';
import { type Pump, startPump } from '../engine/pump.ts';
import { openNames } from '../measure/names.ts';
import { Smokeping } from '../measure/smokeping.ts';
import { type Server, startServer } from './api.ts';
import { judgeConfig, loadConfig } from './config-file.ts';
import { type HealthWatch, watchHealth } from './daemon-health.ts';
import { sourceOf } from './daemon-source.ts';
import { stopMeasuring } from './daemon-stop.ts';
import type { Log } from './log.ts';
import { prepareState } from './places.ts';
import { openReloader, type Reloader } from './reload.ts';
import { buildSnapshot, gatherFacts, type ProbeFacts } from './snapshot.ts';
import { openStore, type RoundStore } from './store.ts';

export interface DaemonOptions {
  /** A file, or a document made by the caller (`flint up`). */
  config: { file: string } | { document: unknown };
  stateDirectory: string;
  version: string;
  log: Log;
  /** Called when measuring ended by itself, which it should not. */
  onFatal: (error: unknown) => void;
}

/** Share of the interval by which a send may be early or late. */
const JITTER = 0.05;
const MAINTAIN_MS = 1000;
/** Of a text in an event; the log has it whole. */
const DETAIL_LENGTH_MAX = 500;

/** Starts everything; on failure nothing is left open. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { config } = options;
  const file = 'file' in config ? config.file : null;
  const loaded =
    'file' in config ? loadConfig(config.file) : judgeConfig(config.document, 'configuration');
  const engine = openEngine(loaded.config);
  let store: RoundStore | null = null;
  let daemon: Daemon | null = null;
  try {
    const identity = nextIdentity();
    const directory = prepareState(options.stateDirectory, identity);
    if (identity !== null) dropRoot(identity);
    store = await openStore(directory, { ...loaded.config.store, nowMs: Date.now });
    const facts = gatherFacts(engine, options.version, { ...loaded, file });
    daemon = new Daemon(options, { facts, store, identity });
    await daemon.start();
    return daemon;
  } catch (error) {
    if (daemon !== null) {
      await daemon.stop();
    } else {
      await store?.close();
      engine.close();
    }
    throw error;
  }
}

function openEngine(config: ProbeConfig): Engine {
  const { roundMs, timeoutMs, targets } = config.measurements.smokeping;
  const load = targets.reduce((sum, { intervalMs, families }) => {
    return sum + (1000 * families.length) / intervalMs;
  }, 0);
  const pace = { jitter: JITTER, packetsPerSecond: load };
  return new Engine({ openTransport: openBest, roundMs, timeoutMs, ...pace });
}

interface Parts {
  facts: ProbeFacts;
  store: RoundStore;
  identity: Identity | null;
}

export class Daemon {
  address = '';
  port = 0;
  /** Who the process is since root was given up; null when it never was root. */
  readonly identity: Identity | null;
  readonly facts: ProbeFacts;
  private readonly options: DaemonOptions;
  private readonly store: RoundStore;
  private readonly names = openNames();
  private readonly health: HealthWatch;
  private readonly smokeping: Smokeping;
  private pump: Pump | null = null;
  private reloader: Reloader | null = null;
  private server: Server | null = null;
  private maintainedAt = 0;
  private isEventUnsaved = false;
  private hasFailed = false;
  private stopping: Promise<void> | null = null;

  constructor(options: DaemonOptions, { facts, store, identity }: Parts) {
    this.options = options;
    this.facts = facts;
    this.store = store;
    this.identity = identity;
    const monoMs = (): number => performance.now();
    this.health = watchHealth({ stats: () => store.stats(), monoMs });
    this.smokeping = new Smokeping({
      engine: facts.engine,
      names: this.names,
      bootId: facts.bootId,
      nowMs: Date.now,
      monoMs,
      openEvents: store.openEvents(),
      onRound: (round) => store.appendRound(round),
      onEvent: (event) => this.takeEvent(event),
      onPlan: (packetsPerSecond, intervalMsMin) => {
        facts.engine.planFor(packetsPerSecond, smokepingOf(facts).timeoutMs);
        this.pump?.plan(packetsPerSecond, intervalMsMin);
      },
    });
  }

  /** Listens, then measures: where the port is taken nothing is sent. */
  async start(): Promise<void> {
    const { facts, options } = this;
    this.server = await this.listen();
    this.address = this.server.address;
    this.port = this.server.port;
    this.pump = startPump(facts.engine, {
      packetsPerSecond: 1,
      intervalMsMin: 1000,
      isPaced: true,
      freshMs: null,
      afterTick: () => this.afterTick(),
      onError: (error) => {
        this.hasFailed = true;
        options.onFatal(error);
      },
    });
    this.announce('start', { version: options.version });
    this.smokeping.configure(smokepingOf(facts));
    if ('file' in options.config) this.reloader = this.watch(options.config.file);
  }

  /** Reads the configuration file again, where there is one; a bad one changes nothing. */
  reload(): void {
    if (this.stopping === null) this.reloader?.reload();
  }

  /** Waits a second for answers on their way, then closes rounds, store and listener. */
  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  snapshot(): ProbeSnapshot {
    return buildSnapshot(this.facts, {
      series: this.smokeping.snapshots(),
      store: this.store.stats(),
      openEvents: this.smokeping.openOutages(),
    });
  }

  private watch(file: string): Reloader {
    return openReloader({
      file,
      facts: this.facts,
      log: this.options.log,
      reader: this.identity?.name ?? 'this user',
      configure: (config) => this.smokeping.configure(config),
      onRefused: (error) => this.announce('config', { error: error.slice(0, DETAIL_LENGTH_MAX) }),
    });
  }

  private listen(): Promise<Server> {
    const { startedWith, hostname } = this.facts;
    const { roundMs, timeoutMs } = smokepingOf(this.facts);
    return startServer({
      ...startedWith.listen,
      hostnames: [hostname, os.hostname()],
      log: this.options.log,
      ...sourceOf({
        store: this.store,
        snapshot: () => this.snapshot(),
        health: () => this.health.judge(this.pump?.idleMs() ?? 0),
        roundMs,
        timeoutMs,
      }),
    });
  }

  private afterTick(): void {
    this.smokeping.collect();
    const now = performance.now();
    if (now - this.maintainedAt < MAINTAIN_MS) return;
    this.maintainedAt = now;
    this.smokeping.maintain();
    this.health.look();
    this.saveEvents();
  }

  /** Events are rare, and an outage that a crash forgot would begin again: they wait no minute. */
  private saveEvents(): void {
    if (!this.isEventUnsaved) return;
    this.isEventUnsaved = false;
    // What cannot be written is counted by the store and shows as its health.
    this.store.flush().catch(() => undefined);
  }

  private takeEvent(event: ProbeEvent): void {
    this.store.appendEvent(event);
    this.isEventUnsaved = true;
    const { log } = this.options;
    const { kind, target, family, fromMs, untilMs, detail } = event;
    // A member of an outage of the uplink was told when it went down itself.
    if (kind !== 'outage' || (untilMs === null && 'uplink' in detail)) return;
    const what = target === null ? 'the uplink' : `${target} (${family})`;
    if (untilMs === null) log.warn(`outage of ${what}`);
    else log.info(`outage of ${what} is over`, { ms: untilMs - fromMs });
  }

  private announce(kind: EventKind, detail: ProbeEvent['detail']): void {
    const nowMs = Date.now();
    const place = { target: null, family: null, scope: null };
    this.smokeping.emit({ kind, ...place, fromMs: nowMs, untilMs: nowMs, detail });
  }

  private async shutDown(): Promise<void> {
    this.pump?.stop();
    this.reloader?.close();
    this.names.close();
    await stopMeasuring({
      engine: this.facts.engine,
      isEngineSound: !this.hasFailed,
      collect: () => this.smokeping.collect(),
      closeServer: async () => this.server?.close(),
      closeStore: () => this.store.close(),
      log: this.options.log,
    });
  }
}

/** As the engine was made; what a reload changes of it waits for the next start. */
function smokepingOf({ startedWith }: ProbeFacts): ProbeConfig['measurements']['smokeping'] {
  return startedWith.measurements.smokeping;
}

// The daemon: sockets, then no more root, then the store, the listener and the measurement. It owns
// all of these; the engine's pump is the only thing that drives them.
import type { EventKind, ProbeEvent } from '../core/round.ts';
import { dropRoot, type Identity, nextIdentity } from '../engine/privileges.ts';
import { type Pump, startPump } from '../engine/pump.ts';
import type { Log } from '../host/log.ts';
import type { Server } from './api/api.ts';
import type { SnapshotScope } from './api/routes.ts';
import { openEngine } from './daemon-engine.ts';
import { type DaemonEvents, openDaemonEvents } from './daemon-events.ts';
import { type HealthWatch, isTicking, watchHealth } from './daemon-health.ts';
import { startListener } from './daemon-listener.ts';
import { type Measuring, openMeasuring } from './daemon-measuring.ts';
import { firstFacts, openDaemonReport, openRun } from './daemon-run.ts';
import { stopMeasuring } from './daemon-stop.ts';
import { type MeshWatch, openMeshWatch } from './mesh-watch.ts';
import { prepareState } from './places.ts';
import { openReloader, type Reloader } from './reload.ts';
import type { ReportFile } from './report-file.ts';
import { buildSnapshot, type DaemonSnapshot, gather, type ProbeFacts } from './snapshot.ts';
import { type DaemonConfig, type FirstSources, readSources, type Sources } from './sources.ts';
import { openStore, type RoundStore } from './store/store.ts';

export interface DaemonOptions {
  config: DaemonConfig;
  stateDirectory: string;
  version: string;
  log: Log;
  /** Called when measuring ended by itself, which it should not. */
  onFatal: (error: unknown) => void;
}

/** How often health and unsaved events are looked after. */
const LOOK_MS = 1000;
/** Of a text in an event; the log has it whole. */
const DETAIL_LENGTH_MAX = 500;

/** Starts everything; on failure nothing is left open. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const identity = nextIdentity();
  const first = readSources(options.config, identity?.uid ?? null);
  const engine = openEngine(first.settings.config);
  let store: RoundStore | null = null;
  let daemon: Daemon | null = null;
  try {
    const directory = prepareState(options.stateDirectory, identity);
    const runDirectory = openRun(options.config.runDirectory ?? null, identity, options.log);
    if (identity !== null) dropRoot(identity);
    store = await openStore(directory, { ...first.settings.config.store, nowMs: Date.now });
    const facts = firstFacts(engine, options.version, first);
    daemon = new Daemon(options, { facts, first, store, identity, directory, runDirectory });
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

interface Parts {
  /** Where state is kept. */
  directory: string;
  /** Where the report is written; null for nowhere. */
  runDirectory: string | null;
  facts: ProbeFacts;
  first: FirstSources;
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
  private readonly health: HealthWatch;
  private readonly events: DaemonEvents;
  private readonly measuring: Measuring;
  private readonly report: ReportFile | null;
  private readonly mesh: MeshWatch;
  private readonly sources: Sources;
  private pump: Pump | null = null;
  private reloader: Reloader | null = null;
  private server: Omit<Server, 'drop'> | null = null;
  private lookedAt = 0;
  private hasFailed = false;
  private stopping: Promise<void> | null = null;

  constructor(options: DaemonOptions, parts: Parts) {
    const { facts, first, store, identity, directory, runDirectory } = parts;
    this.options = options;
    this.facts = facts;
    this.sources = first.sources;
    this.store = store;
    this.identity = identity;
    const { log } = options;
    this.report = openDaemonReport(runDirectory, {
      ...{ store, log },
      snapshot: () => this.snapshot('series'),
    });
    const heard = options.config.runDirectory ?? null;
    this.mesh = openMeshWatch({ runDirectory: heard, owners: first.sources.owners, log });
    this.events = openDaemonEvents({ store, log });
    this.health = watchHealth({ stats: () => store.stats(), monoMs: () => performance.now() });
    this.measuring = openMeasuring({
      ...{ facts, directory, log, openEvents: store.openEvents() },
      onRound: (round) => {
        store.appendRound(round);
        this.report?.takeRound(round);
      },
      onEvent: (event) => {
        this.events.take(event);
        this.report?.takeEvent(event);
      },
      onPlan: (packetsPerSecond, intervalMsMin) => this.pump?.plan(packetsPerSecond, intervalMsMin),
      onWork: () => this.pump?.wake(),
    });
    facts.restraint = () => this.measuring.restraint();
    facts.reportErrors = () => this.report?.errors() ?? 0;
    facts.board = () => this.mesh.snapshot();
  }

  /** Listens, then measures: where the port is taken nothing is sent. */
  async start(): Promise<void> {
    const { facts, options } = this;
    this.server = await startListener({
      ...{ facts, mesh: this.mesh, store: this.store, log: options.log },
      hostname: this.sources.local.hostname,
      snapshot: (scope) => this.snapshot(scope),
      health: () => this.health.judge(this.pump?.idleMs() ?? 0),
    });
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
    this.measuring.configure(facts.applied.config);
    for (const sentence of facts.rules.capped) options.log.warn(`policy: ${sentence}`);
    this.tellFirstRefusal();
    this.reloader = this.watch();
  }

  /** Whether it still measures, whatever else may have failed. */
  isTicking(): boolean {
    return isTicking(this.pump?.idleMs() ?? 0);
  }

  /** Reads the configuration again; a bad one changes nothing. */
  reload(): void {
    if (this.stopping === null) this.reloader?.reload();
  }

  /** Waits a second for answers on their way, then closes rounds, store and listener. */
  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  async snapshot(scope: SnapshotScope): Promise<DaemonSnapshot> {
    const series = scope === 'series' ? await gather(this.measuring.series()) : [];
    const paths = scope === 'probe' ? [] : await gather(this.measuring.paths());
    const store = this.store.stats();
    const openEvents = this.measuring.openEvents();
    return buildSnapshot(this.facts, { series, paths, store, openEvents });
  }

  private watch(): Reloader {
    return openReloader({
      config: this.options.config,
      sources: this.sources,
      facts: this.facts,
      log: this.options.log,
      reader: this.identity?.name ?? 'this user',
      configure: ({ config }) => this.measuring.configure(config),
      onRefused: (error) => this.refuse(error),
      onControl: () => this.report?.soon(),
    });
  }

  private tellFirstRefusal(): void {
    const error = this.facts.control?.error ?? null;
    if (error === null) return;
    this.options.log.error(`configuration refused, the local one holds: ${error}`);
    this.refuse(error);
  }

  private refuse(error: string): void {
    this.announce('config', { error: error.slice(0, DETAIL_LENGTH_MAX) });
  }

  private afterTick(): void {
    if (!this.measuring.afterTick()) this.pump?.wake();
    const now = performance.now();
    if (now - this.lookedAt < LOOK_MS) return;
    this.lookedAt = now;
    this.measuring.look();
    this.reloader?.look();
    this.mesh.look();
    this.report?.look();
    this.health.look();
    this.events.look();
  }

  private announce(kind: EventKind, detail: ProbeEvent['detail']): void {
    const nowMs = Date.now();
    const place = { target: null, family: null, scope: null };
    this.measuring.emit({ kind, ...place, fromMs: nowMs, untilMs: nowMs, detail });
  }

  private async shutDown(): Promise<void> {
    this.pump?.stop();
    this.reloader?.close();
    await this.measuring.close();
    await this.report?.close();
    await stopMeasuring({
      engine: this.facts.engine,
      isEngineSound: !this.hasFailed,
      collect: () => this.measuring.collect(),
      closeServer: async () => {
        await (this.server ?? this.mesh).close();
      },
      closeStore: () => this.store.close(),
      log: this.options.log,
    });
  }
}

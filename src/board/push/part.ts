import type { PushState } from '../../core/board-state.ts';
import { type LockWords, lockDirectory } from '../../host/lock.ts';
import type { BoardPart, PartContext, PartStep } from '../part.ts';
import { reasonOf } from '../places.ts';
import { diskFault } from './disk.ts';
import { readFigures, type VmagentFigures } from './figures.ts';
import { keepBearer, openRunDirectory, readBearer } from './files.ts';
import { stopUnits } from './leftover.ts';
import { forgetMarks, saveMarks } from './marks-file.ts';
import { hasUnitFiles } from './places.ts';
import { decideState, firstTotals, foldTotals, type Seen } from './push-state.ts';
import { tellDropped, tellState } from './push-voice.ts';
import { openPushing, type Pushing, type PushOptions } from './pushing.ts';
import { ageOf, foldLook } from './queue-age.ts';
import { keepRunning } from './running.ts';
import type { PushSettings } from './settings.ts';

// The part of the agent that takes the metrics to their server.

const STEP_MS = 10_000;
const IDLE_MS = 600_000;
const SAVE_MS = 300_000;
const LOOKS = 12;
const LOOK_MS = 250;
const CLOCK_OFF_MS_MAX = 5_000;
const LOCK: LockWords = {
  what: 'the push',
  advice: 'an agent pushes by itself; stop that one, or choose another directory with --run',
};
/** What may lie between a scrape and its arrival without being called a queue. */
const NORMAL_INTERVALS = 3;

/** vmagent and what it reads, kept as the settings want it. Throws ERR_CONFIG_INVALID. */
export function openPushPart(options: PushOptions): BoardPart<'push'> {
  const self = openPushing(options);
  return {
    name: 'push',
    async step() {
      if (!options.settings.enable) return await disabled(self);
      try {
        return result(self, await bring(self));
      } catch (error) {
        const reason = reasonOf(error);
        options.context.voice.trouble('push', `the push does not work: ${reason}`);
        return result(self, { ...WELL, fault: `vmagent does not run: ${reason}` });
      }
    },
    async close() {
      saveNow(self);
      await self.keeper?.close();
      await self.lock?.release();
    },
  };
}

type Brought = Pick<Seen, 'waitsFor' | 'fault' | 'disk'>;

const WELL: Brought = { waitsFor: null, fault: null, disk: null };

/** One pass: bearer, files, programs, figures. */
async function bring(self: Pushing): Promise<Brought> {
  const { options, keeper, owner } = self;
  const { places, context } = options;
  if (keeper === null) return WELL;
  const clockFault = self.hasStarted ? null : clockFaultOf(context);
  if (clockFault !== null) return { ...WELL, waitsFor: clockFault };
  openRunDirectory(places, owner);
  if (!self.isUnit) await endUnits(self);
  if (!self.isUnit) self.lock ??= await lockDirectory(places.run, LOCK);
  const missing = await bringBearer(self);
  if (missing !== null) return { ...WELL, waitsFor: missing };
  await keepRunning(self, keeper);
  await look(self);
  // What ended again and again is believed to stay when its samples arrive.
  const fault = arrives(self) ? null : keeper.state().fault;
  return { ...WELL, fault, disk: fault === null ? null : diskFault(diskOf(self)) };
}

// By the figures of one that answers: those of one that has ended are older.
function arrives({ figures, acceptedAtMs, options }: Pushing): boolean {
  return figures !== null && performance.now() - acceptedAtMs < options.settings.interval * 2;
}

// Units outlive an agent that ran them; two would want one port and one queue.
async function endUnits({ options: { settings, context, places } }: Pushing): Promise<void> {
  if (!hasUnitFiles(places)) return;
  if (settings.supervise === 'child') return await stopUnits({ context, places });
  throw new Error(
    'flint-vmagent.service pushes already: systemctl stop flint-vmagent.service ' +
      `flint-push-relay.service, and remove ${places.vmagentEnv}`,
  );
}

// The queue of a unit is hidden from us, but for a disk of its own it lies on that of our files.
function diskOf({ isUnit, options: { places } }: Pushing): string {
  return isUnit ? places.own : places.queue;
}

/** Why there is none; null when vmagent has one to read. */
async function bringBearer({ options, owner, bearers, watch, ...self }: Pushing) {
  const { places, context } = options;
  const found = await bearers.find();
  const used = readBearer(places);
  const fresh = found.ok ? found.bearer : used;
  if (fresh === null) return `there is no bearer: ${found.ok ? '' : found.reason}`;
  if (!found.ok) context.voice.trouble('push bearer', `the bearer is kept: ${found.reason}`);
  else context.voice.well('push bearer', 'there is a bearer again');
  const isWell = performance.now() - self.acceptedAtMs < options.settings.interval * 2;
  const chosen = await watch.choose({ fresh, used, isWell });
  if (watch.verdict()?.kind === 'unauthorized') bearers.doubt();
  const isNew = keepBearer(places, chosen, owner);
  if (isNew && used !== null) context.log.info('the bearer of the push was replaced');
  return null;
}

async function look(self: Pushing): Promise<void> {
  const { context } = self.options;
  const figures = await awaitFigures(self);
  self.figures = figures;
  if (figures === null) return;
  const isFirst = self.totals.startedS === 0;
  const { accepted, rejected, droppedBlocks } = self.totals;
  self.totals = isFirst ? firstTotals(figures) : foldTotals(self.totals, figures);
  if (self.totals.accepted > accepted) {
    self.acceptedMs = context.nowMs();
    self.acceptedAtMs = performance.now();
  }
  if (self.totals.rejected > rejected && self.isRelayed === false) self.watch.distrust();
  if (self.totals.droppedBlocks > droppedBlocks) tellDropped(self, droppedBlocks);
  self.marks = foldLook(self.marks, { ...figures, nowMs: context.nowMs() });
  const isDrained = figures.pendingBytes === 0 && self.totals.accepted > accepted;
  if (isDrained || performance.now() - self.savedAtMs > SAVE_MS) saveNow(self, isDrained);
}

// Who was just started takes a moment before it answers.
async function awaitFigures({ options, keeper, keys }: Pushing): Promise<VmagentFigures | null> {
  const { settings, context } = options;
  if (keys === null) return null;
  for (let attempt = 1; ; attempt++) {
    const figures = await readFigures(settings.port, keys, context.signal);
    if (figures !== null || attempt === LOOKS || context.signal.aborted) return figures;
    if ((keeper?.state().fault ?? null) !== null) return null;
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

function result(self: Pushing, brought: Brought): PartStep<'push'> {
  const { options, figures, totals, keeper, marks } = self;
  const { settings, context, stepMs = STEP_MS } = options;
  const ageMs = marks === null ? null : ageOf(marks, context.nowMs(), normalMs(self));
  const decided =
    keeper === null
      ? { state: 'absent' as const, reason: absence(self) }
      : decideState({
          ...brought,
          figures,
          verdict: self.watch.verdict(),
          ageMs,
          ageMsMax: settings.queueAgeMax,
        });
  tellState(self, decided);
  const state: PushState = {
    ...decided,
    server: serverOf(settings),
    version: figures?.version ?? null,
    queueBytes: figures?.pendingBytes ?? 0,
    queueBytesMax: self.queueBytesMax,
    queueAgeMs: ageMs === null ? null : Math.round(ageMs),
    sentBytes: totals.sentBytes,
    droppedBlocks: totals.droppedBlocks,
    acceptedMs: self.acceptedMs === null ? null : Math.max(0, Math.round(self.acceptedMs)),
    restarts: keeper?.state().restarts ?? 0,
  };
  return { state, nextMs: stepMs, isNews: false };
}

// A time that stands in for that of the machine is not the time that vmagent would write.
function clockFaultOf(context: PartContext): string | null {
  if (!context.isClockSynced()) return 'the clock is not synchronised yet';
  const offMs = Math.abs(context.nowMs() - Date.now());
  if (offMs <= CLOCK_OFF_MS_MAX) return null;
  return `the clock of this machine is ${Math.round(offMs / 1000)} s off`;
}

async function disabled(self: Pushing): Promise<PartStep<'push'>> {
  await self.keeper?.stop();
  return { state: null, nextMs: IDLE_MS, isNews: false };
}

function saveNow(self: Pushing, isDrained = false): void {
  const { marks, options } = self;
  self.savedAtMs = performance.now();
  // An empty queue needs no memory, and the card no wear.
  if (marks === null || (!isDrained && (self.figures?.pendingBytes ?? 0) === 0)) return;
  try {
    if (isDrained) forgetMarks(options.places.marks);
    else saveMarks(options.places.marks, marks);
  } catch (error) {
    options.context.voice.trouble(
      'push marks',
      `the age of the queue is not kept: ${reasonOf(error)}`,
    );
  }
}

function normalMs({ options }: Pushing): number {
  return options.settings.interval * NORMAL_INTERVALS;
}

function serverOf({ url }: PushSettings): string {
  return new URL(url).origin;
}

function absence({ isUnit }: Pushing): string {
  return isUnit
    ? 'there is no systemctl here: say "supervise": "child" in the section "push"'
    : 'vmagent is not installed: install it, or name it as "program" in the section "push"';
}

import { findProgram } from '../../host/command.ts';
import type { DirectoryLock } from '../../host/lock.ts';
import { loadAuthorities } from '../control-trust.ts';
import type { PartContext } from '../part.ts';
import { type BearerSource, openBearerSource } from './bearer.ts';
import type { VmagentFigures } from './figures.ts';
import type { Owner } from './files.ts';
import { keepChildren } from './keep-children.ts';
import { keepUnits } from './keep-units.ts';
import type { Keeper } from './keeper.ts';
import { loadMarks } from './marks-file.ts';
import { ownerOf } from './owner.ts';
import type { PageKeys } from './page-keys.ts';
import type { PushPlaces } from './places.ts';
import { probeIdentity } from './probe-identity.ts';
import { NO_TOTALS, type Totals } from './push-state.ts';
import type { QueueMarks } from './queue-age.ts';
import { awaitQuiet } from './quiet.ts';
import { scrapeMoments } from './scrape.ts';
import type { PushSettings } from './settings.ts';
import { openServerWatch, type ServerWatch } from './verdict.ts';
import { openVmagentLog } from './vmagent-log.ts';

// What the push remembers from step to step, and what it is opened with.

export interface PushOptions {
  settings: PushSettings;
  context: PartContext;
  places: PushPlaces;
  configDirectory: string;
  /** How this program is started, for the relay: file and words. */
  flint?: readonly string[];
  /** Of a step; 10 s. */
  stepMs?: number;
}

// As its unit has them.
const RELAY_FLAGS = [
  '--lite-mode',
  '--no-expose-wasm',
  '--max-old-space-size=32',
  '--max-semi-space-size=1',
  '--v8-pool-size=1',
  '--single-threaded-gc',
];

export interface Pushing {
  options: PushOptions;
  owner: Owner;
  bearers: BearerSource;
  watch: ServerWatch;
  /** Null when vmagent is not installed. */
  keeper: Keeper | null;
  isUnit: boolean;
  /** Of the run directory: nobody else may keep another vmagent on this queue. */
  lock: DirectoryLock | null;
  /** From then on the clock has been right once. */
  hasStarted: boolean;
  /** Of vmagent's page; null until it is started. */
  keys: PageKeys | null;
  queueBytesMax: number;
  isRelayed: boolean | null;
  /** Since when the relay could be left out; null while it could not. */
  directSinceMs: number | null;
  figures: VmagentFigures | null;
  totals: Totals;
  marks: QueueMarks | null;
  savedAtMs: number;
  acceptedMs: number | null;
  acceptedAtMs: number;
  /** When it was last told that it does not push. */
  troubleAtMs: number;
}

/** Throws ERR_CONFIG_INVALID. */
export function openPushing(options: PushOptions): Pushing {
  const { settings, context, places, configDirectory } = options;
  const { url, bearer: name } = settings;
  const isUnit = isUnitWanted(settings, context);
  const owner = ownerOf(settings.user);
  return {
    options,
    owner,
    bearers: openBearerSource({ name, configDirectory, context, places, url }),
    watch: openServerWatch({ url, authorities: loadAuthorities(null), signal: context.signal }),
    keeper: openKeeper(options, isUnit, owner),
    isUnit,
    lock: null,
    hasStarted: false,
    keys: null,
    queueBytesMax: settings.queueBytesMax,
    isRelayed: null,
    directSinceMs: null,
    figures: null,
    totals: NO_TOTALS,
    marks: loadMarks(places.marks),
    savedAtMs: performance.now(),
    acceptedMs: null,
    acceptedAtMs: Number.NEGATIVE_INFINITY,
    troubleAtMs: Number.NEGATIVE_INFINITY,
  };
}

function isUnitWanted({ supervise }: PushSettings, { env }: PartContext): boolean {
  if (supervise !== 'auto') return supervise === 'unit';
  return process.getuid?.() === 0 && env['INVOCATION_ID'] !== undefined;
}

function openKeeper(options: PushOptions, isUnit: boolean, owner: Owner): Keeper | null {
  const { settings, context, places } = options;
  const { env, voice, log, signal } = context;
  if (isUnit) {
    const systemctl = findProgram('systemctl', env);
    return systemctl === null
      ? null
      : keepUnits({
          ...{ places, owner, systemctl, signal },
          awaitQuiet: () => awaitQuietOf(options),
        });
  }
  const program = findProgram(settings.program ?? 'vmagent', env);
  if (program === null) return null;
  return keepChildren({
    owner,
    program,
    flint: options.flint ?? [process.execPath, ...RELAY_FLAGS, process.argv[1] ?? ''],
    path: env['PATH'] ?? '',
    queue: places.queue,
    onLine: openVmagentLog(voice, log),
    onEnd: (name, why) => voice.trouble(`push ${name}`, `${name} ended: ${why}`),
  });
}

/** Waits until a vmagent that runs may be restarted without losing a scrape. */
export function awaitQuietOf({ settings, context }: PushOptions): Promise<void> {
  const moments = scrapeMoments({ probe: probeIdentity(context), settings });
  return awaitQuiet(moments, context.signal);
}

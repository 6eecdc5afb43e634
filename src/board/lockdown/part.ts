import type { LockdownState } from '../../core/board-state.ts';
import { meshFault } from '../mesh/mesh-device.ts';
import type { BoardPart, PartContext, PartStep } from '../part.ts';
import { namesOf } from './desired.ts';
import type { Inspection } from './inspection.ts';
import { infraCount, type Keeper, openKeeper } from './keeper.ts';
import { readLease } from './lease.ts';
import { openNameLooker } from './names.ts';
import { openNft } from './nft.ts';
import type { SetName } from './sets.ts';
import type { LockdownSettings } from './settings.ts';
import type { LockdownWanted } from './wanted.ts';

// The lockdown as the agent looks after it: a look at the lease every few seconds, which costs some
// small files; a look at the kernel's rules less often; what differs is told and put back.

export interface LockdownPlaces {
  /** Of root alone (0700), made when it is needed. */
  state: string;
}

export interface LockdownPartOptions {
  settings: LockdownSettings;
  wanted: LockdownWanted;
  context: PartContext;
  places: LockdownPlaces;
  /** How often the kernel is asked. */
  verifyMs?: number;
}

const LEASE_MS = 3_000;
const VERIFY_MS = 20_000;
const FAILED_MS = 10_000;
const ABSENT_MS = 60_000;
const MATTER = 'lockdown';

export function openLockdownPart(options: LockdownPartOptions): BoardPart<'lockdown'> {
  const { settings, wanted, context } = options;
  const looker = openNameLooker({
    hosts: namesOf(settings, wanted),
    monotonicMs: () => performance.now(),
  });
  const memory: Memory = {
    ...{ verifiedAt: Number.NEGATIVE_INFINITY, verifiedMs: null, fault: null, keeper: null },
    ...{ drifts: 0, lastDriftMs: null, last: null, meshFault: null },
  };

  return {
    name: 'lockdown',
    async step() {
      if (!settings.enable) return { state: null, nextMs: ABSENT_MS, isNews: false };
      lookAtMesh(options, memory);
      const opened = await openOnce(options, memory);
      if (!opened.ok) return absent(memory, context, opened.reason);
      const { keeper } = opened;
      const { meshFault: fault } = memory;
      const meshInterface = fault === null ? (wanted.mesh?.interface ?? null) : null;
      const isChanged = keeper.learn(readLease({ meshInterface }), looker.take());
      const verifyMs = options.verifyMs ?? VERIFY_MS;
      const isDue = performance.now() - memory.verifiedAt >= verifyMs;
      if (isChanged || isDue || memory.fault !== null) await mend(keeper, memory, context);
      // Only now the resolver may be reached.
      looker.refresh();
      return told(keeper, memory);
    },
    // What is in force stays so: a board without its agent is still shut.
    async close() {},
  };
}

interface Memory {
  keeper: Keeper | null;
  /** When the kernel was asked last, by a clock that is never set. */
  verifiedAt: number;
  verifiedMs: number | null;
  /** Why the rules are not what they should be. */
  fault: { state: 'drifted' | 'failed'; reason: string } | null;
  drifts: number;
  lastDriftMs: number | null;
  /** Why the interface of the mesh is none. */
  meshFault: string | null;
  /** What was told last. */
  last: string | null;
}

// Routes come and go: other rules are another keeper's.
function lookAtMesh({ wanted, context }: LockdownPartOptions, memory: Memory): void {
  const fault = wanted.mesh === null ? null : meshFault(wanted.mesh.interface);
  if (fault === null) context.voice.well('lockdown mesh', 'the mesh is let in again');
  else context.voice.trouble('lockdown mesh', `nobody is let in by the mesh: ${fault}`);
  if ((fault === null) !== (memory.meshFault === null)) {
    Object.assign(memory, { keeper: null, verifiedAt: Number.NEGATIVE_INFINITY });
  }
  memory.meshFault = fault;
}

async function openOnce(
  { settings, wanted, context, places }: LockdownPartOptions,
  memory: Memory,
): Promise<{ ok: true; keeper: Keeper } | { ok: false; reason: string }> {
  if (memory.keeper !== null) return { ok: true, keeper: memory.keeper };
  const { env, signal, voice } = context;
  const opened = await openNft({ env, signal });
  if (!opened.ok) return opened;
  memory.keeper = openKeeper({
    ...{ settings, wanted, isMeshShut: memory.meshFault !== null },
    stateDirectory: places.state,
    nft: opened.nft,
    nowMs: () => context.nowMs(),
    warn: (message) => voice.trouble('lockdown state', message),
  });
  return { ok: true, keeper: memory.keeper };
}

async function mend(keeper: Keeper, memory: Memory, context: PartContext): Promise<void> {
  const inspection = await keeper.inspect();
  memory.verifiedAt = performance.now();
  const answer = inspection.ok
    ? await putRight(keeper, inspection, () => noteDrift(memory, context, inspection.drift))
    : inspection;
  if (answer.ok) {
    memory.verifiedMs = Math.max(0, context.nowMs());
    memory.fault = null;
    context.voice.well(MATTER, 'the lockdown is in force');
    return;
  }
  const isThere = inspection.ok && inspection.table !== 'missing';
  memory.fault = { state: isThere ? 'drifted' : 'failed', reason: answer.reason };
  context.voice.trouble(MATTER, `the lockdown cannot be put in force: ${answer.reason}`);
}

type Found = Extract<Inspection, { ok: true }>;

async function putRight(
  keeper: Keeper,
  { table, drift, stale }: Found,
  note: () => void,
): Promise<{ ok: true } | { ok: false; reason: string }> {
  if (drift.length > 0) note();
  const isWhole = table === 'ours' && !drift.some((line) => !line.startsWith('set '));
  return isWhole ? keeper.fill(stale as SetName[]) : keeper.apply();
}

function noteDrift(memory: Memory, { voice, nowMs }: PartContext, drift: readonly string[]): void {
  memory.drifts++;
  memory.lastDriftMs = Math.max(0, nowMs());
  voice.trouble(
    'lockdown drift',
    `somebody else changed the lockdown, which is put back: ${drift.slice(0, 5).join('; ')}`,
  );
}

function told(keeper: Keeper, memory: Memory): PartStep<'lockdown'> {
  const state: LockdownState = {
    state: memory.fault?.state ?? 'in-force',
    reason: memory.fault?.reason.slice(0, 500) ?? memory.meshFault,
    appliedMs: keeper.appliedMs(),
    verifiedMs: memory.verifiedMs,
    drifts: memory.drifts,
    lastDriftMs: memory.lastDriftMs,
    infra: infraCount(keeper.sets()),
  };
  return {
    state,
    nextMs: memory.fault === null ? LEASE_MS : FAILED_MS,
    isNews: isNews(memory, `${state.state} ${JSON.stringify(keeper.sets())}`),
  };
}

function absent(memory: Memory, { voice }: PartContext, reason: string): PartStep<'lockdown'> {
  voice.trouble(MATTER, `this board is not locked down: ${reason}`);
  const state: LockdownState = {
    ...{ state: 'absent', reason, appliedMs: null, verifiedMs: null },
    ...{ drifts: memory.drifts, lastDriftMs: memory.lastDriftMs, infra: 0 },
  };
  return { state, nextMs: ABSENT_MS, isNews: isNews(memory, 'absent') };
}

/** Whether the others should look again: who could not be reached may be now. */
function isNews(memory: Memory, text: string): boolean {
  const isOther = memory.last !== text;
  memory.last = text;
  return isOther;
}

import type { MeshState } from '../../core/board-state.ts';
import type { BoardPart, PartStep } from '../part.ts';
import { reasonOf } from '../places.ts';
import { fixedAddressOf, perform, wantedPrefs } from './tailnet-act.ts';
import { strictInterfaces } from './tailnet-address.ts';
import { loadKept } from './tailnet-kept.ts';
import { type KeyFound, removeOldKeys } from './tailnet-key.ts';
import { type Look, look, mendAddress } from './tailnet-look.ts';
import type { Tailnet, TailnetOptions } from './tailnet-machine.ts';
import { isChange, planOf, type TailnetAction } from './tailnet-plan.ts';
import { prove } from './tailnet-proof.ts';
import {
  begin,
  doubtOf,
  fail,
  hear,
  isDue,
  noteProof,
  type Running,
  recover,
} from './tailnet-running.ts';
import { heardOf, readTailnet } from './tailnet-state.ts';

// The board's part in a tailnet: each step looks, does at most one thing about what it sees, looks
// again, and says how it stands. Nothing is remembered that the machine itself can tell, so that a
// step that was cut off anywhere is simply followed by the next.

const ABSENT_MS = 10_000;

export interface TailnetPart extends BoardPart<'mesh'> {
  step(): Promise<PartStep<'mesh'> & { state: MeshState }>;
}

export function openTailnet(options: TailnetOptions): TailnetPart {
  const running = begin(options);
  const { places, context } = running.tailnet;
  removeOldKeys(places);
  return {
    name: 'mesh',
    async step() {
      const before = running.lastAddress;
      const { state, nextMs } = await stepSafely(running);
      running.lastAddress = state.address;
      const isNews = running.isTold && before !== state.address;
      running.isTold = true;
      speak(running, state);
      return { state, nextMs, isNews };
    },
    async close() {
      context.voice.forget('tailnet');
    },
  };
}

/** How it stands, without touching anything. */
export async function readOnce(options: TailnetOptions): Promise<MeshState> {
  const running = begin(options);
  // Since when is for a part that watches to say.
  const idle = idleReason(running.tailnet);
  const state = await (idle === null ? observe(running, null) : rest(running, idle));
  return { ...state, joinedMs: null };
}

/** What the next step would do, and why. */
export async function planOnce(options: TailnetOptions): Promise<TailnetAction | null> {
  const { tailnet } = begin(options);
  const { known } = await look(tailnet);
  if (known === null) return null;
  const wanted = wantedPrefs(tailnet);
  return planOf({ ...known, wanted, hasKey: null, doubt: null });
}

async function stepSafely(running: Running): Promise<{ state: MeshState; nextMs: number }> {
  const { tailnet } = running;
  try {
    const idle = idleReason(tailnet);
    const state = await (idle === null ? advance(running) : rest(running, idle));
    return { state, nextMs: nextMsOf(running, state) };
  } catch (error) {
    // A full disk: what the tailnet needs of it is little, and may be there next time.
    fail(running, { failure: reasonOf(error), isKeyMissing: false, retryAfterMs: null });
    const state = await observe(running, reasonOf(error));
    return { state, nextMs: nextMsOf(running, state) };
  }
}

async function advance(running: Running): Promise<MeshState> {
  const { tailnet } = running;
  let seen = await look(tailnet);
  let action = await decide(running, seen);
  const isWanted = action !== null && isChange(action.wish) && isDue(running);
  if (action !== null && isWanted && (await isWarranted(running, seen, action.wish))) {
    await change(running, action.wish, action.key);
    seen = await look(tailnet);
    action = await decide(running, seen, true);
  }
  if (seen.known !== null) hear(running, heardOf(seen.known.status));
  const isUp = ['Running', 'Starting'].includes(seen.known?.status.backend ?? '');
  const addressFailure = isUp ? await mendAddress(tailnet, seen) : null;
  return stateOf(running, seen, action?.wish ?? null, addressFailure);
}

interface Decision {
  wish: TailnetAction;
  key: KeyFound | null;
}

/** What to do; looks for a key where one is needed and it is time for it. */
async function decide(
  running: Running,
  { known }: Look,
  isAfterwards = false,
): Promise<Decision | null> {
  if (known === null) return null;
  const { tailnet } = running;
  const doubt = doubtOf(running, known.status);
  const view = { ...known, wanted: wantedPrefs(tailnet), doubt };
  const wish = planOf({ ...view, hasKey: null });
  if (wish.do === 'nothing') recover(running);
  if (wish.do !== 'find-key' || isAfterwards || !isDue(running)) return { wish, key: null };
  const key = await tailnet.ring.find();
  if (!key.ok) {
    const failure = known.status.needsLogin ? `${wish.why}; ${key.reason}` : key.reason;
    fail(running, { failure, isKeyMissing: true, retryAfterMs: key.retryAfterMs });
  }
  return { wish: planOf({ ...view, hasKey: key.ok }), key };
}

/** The tunnels are away for a second while the node introduces itself anew: looks first. */
async function isWarranted(running: Running, { known }: Look, wish: TailnetAction) {
  if (known === null || wish.do !== 'ask-again' || !wish.isProvable) return true;
  const isDoubtful = (await prove(running.tailnet, known.status)) === 'doubtful';
  if (!isDoubtful) noteProof(running);
  return isDoubtful;
}

async function change(running: Running, wish: TailnetAction, key: KeyFound | null) {
  const { tailnet, silence, approval } = running;
  const { voice } = tailnet.context;
  if ('why' in wish) voice.remind('tailnet change', `tailnet: ${wish.do}: ${wish.why}`);
  if (wish.do === 'ask-again') for (const one of [silence, approval]) one.renew();
  if (wish.do === 'ask-again' || wish.do === 'join') running.isProven = true;
  const attempt = await perform(tailnet, wish, key);
  if (attempt.failure === null) {
    running.pause = null;
    return;
  }
  const { failure, isRefused: isKeyMissing } = attempt;
  fail(running, { failure, isKeyMissing, retryAfterMs: null });
}

/** Why nothing is done at all, or null. */
function idleReason({ settings, places }: Tailnet): string | null {
  if (!settings.enable) return '"tailnet.enable" is false';
  return loadKept(places).isLeft
    ? 'it was left by `flint tailnet leave`: `flint tailnet join` ends that'
    : null;
}

/** Somebody wants it like that: nothing is missing. */
async function rest(running: Running, idle: string): Promise<MeshState> {
  const state = await observe(running, idle);
  return ['needs-key', 'joining'].includes(state.state) ? { ...state, state: 'stopped' } : state;
}

async function observe(running: Running, failure: string | null): Promise<MeshState> {
  const seen = await look(running.tailnet);
  const known = seen.known;
  const wanted = wantedPrefs(running.tailnet);
  const wish = known === null ? null : planOf({ ...known, wanted, hasKey: null, doubt: null });
  return stateOf(running, seen, wish, failure);
}

function stateOf(
  running: Running,
  seen: Look,
  action: TailnetAction | null,
  failure: string | null,
): MeshState {
  const { tailnet, pause } = running;
  const { settings, context } = tailnet;
  const reading = readTailnet({
    settings,
    fixedAddress: fixedAddressOf(tailnet),
    status: seen.known?.status ?? null,
    fault: seen.fault,
    onInterface: seen.onInterface,
    serverAnswers: seen.serverAnswers,
    action,
    failure: failure ?? pause?.reason ?? null,
    isKeyMissing: pause?.isKeyMissing ?? false,
    clientVersion: seen.clientVersion,
    lastAddress: running.lastAddress,
    strict: settings.acceptRoutes ? strictInterfaces() : [],
  });
  const isIn = reading.state === 'joined' || reading.state === 'needs-approval';
  // Whoever cannot be asked for a moment has not left.
  if (reading.state !== 'absent')
    running.joinedMs = isIn ? (running.joinedMs ?? context.nowMs()) : null;
  return { ...reading, joinedMs: running.joinedMs };
}

function nextMsOf({ pause, tailnet }: Running, { state }: MeshState): number {
  const { watchMs, changeMs, monotonicMs } = tailnet.timing;
  if (state === 'absent') return ABSENT_MS;
  if (pause !== null) return Math.max(changeMs, Math.min(watchMs, pause.untilMs - monotonicMs()));
  return state === 'joined' || state === 'stopped' ? watchMs : changeMs;
}

function speak({ tailnet }: Running, { state, reason, address }: MeshState): void {
  const { voice } = tailnet.context;
  const told = `tailnet: ${state}${reason === null ? '' : `: ${reason}`}`;
  const as = address === null ? '' : ` as ${address}`;
  if (state === 'joined') voice.well('tailnet', `tailnet: joined${as}`);
  else if (state === 'needs-approval' || state === 'stopped') voice.remind('tailnet', told);
  else voice.trouble('tailnet', told);
}

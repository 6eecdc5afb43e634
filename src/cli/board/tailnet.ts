import { openTailnet, planOnce, readOnce } from '../../board/mesh/tailnet.ts';
import { saveKept } from '../../board/mesh/tailnet-kept.ts';
import { removeAddresses } from '../../board/mesh/tailnet-look.ts';
import { openMachine, TAILNET_TIMING } from '../../board/mesh/tailnet-machine.ts';
import type { MeshState } from '../../core/board-state.ts';
import { EXIT } from '../command.ts';
import { joinLines, leaveLines } from './tailnet-dry-run.ts';
import { type TailnetPlace, tailnetPlace } from './tailnet-place.ts';
import { progressText, showTailnet } from './tailnet-view.ts';

// `flint tailnet`: the same steps as the agent's, once, with a person watching.

const STEP_MS_MIN = 500;
const STEP_MS_MAX = 3_000;
/** A daemon that was just started may take as long to answer. */
const ABSENT_MS_MAX = 10_000;

/** A person waits. */
const HASTE = {
  retryFirstMs: 2_000,
  retryMostMs: 15_000,
  approvalMs: 5_000,
  approvalMostMs: 30_000,
};

type Options = Record<string, unknown>;

/** Joined: 0; not (yet), and why: 1; not possible here: 3. */
export async function runTailnetJoin(_args: readonly string[], options: Options) {
  const stop = new AbortController();
  const place = tailnetPlace(options, stop.signal);
  if (options['dryRun'] === true) {
    printLines(joinLines(place.options, await planOnce(place.options)));
    return EXIT.ok;
  }
  const refusal = needsRoot();
  if (refusal !== null) return refusal;
  const untilMs = performance.now() + (options['timeout'] as number);
  const state = await joinUntil(place, untilMs);
  tell(state, options);
  return codeOf(state);
}

/** Joined: 0; not: 1; no tailscale here: 3. */
export async function runTailnetStatus(_args: readonly string[], options: Options) {
  const place = tailnetPlace(options, new AbortController().signal);
  const state = await readOnce(place.options);
  tell(state, options);
  return codeOf(state);
}

/** Logged out: 0; the login server could not be told: 1. */
export async function runTailnetLeave(_args: readonly string[], options: Options) {
  const place = tailnetPlace(options, new AbortController().signal);
  if (options['dryRun'] === true) {
    printLines(leaveLines(place.options));
    return EXIT.ok;
  }
  const refusal = needsRoot();
  if (refusal !== null) return refusal;
  const tailnet = openMachine(place.options);
  // First, so that an agent that runs does not bring it back meanwhile.
  saveKept(place.options.places, { isLeft: true });
  await removeAddresses(tailnet);
  const told = await tailnet.client.logout();
  if (!told.ok) process.stderr.write(`flint: tailscale logout: ${told.reason}\n`);
  tell(await readOnce(place.options), options);
  if (told.ok) return EXIT.ok;
  return told.fault === 'missing' ? EXIT.unavailable : EXIT.trouble;
}

async function joinUntil({ options }: TailnetPlace, untilMs: number): Promise<MeshState> {
  saveKept(options.places, { isLeft: false });
  const startedMs = performance.now();
  const timing = { ...TAILNET_TIMING, ...HASTE };
  const part = openTailnet({ ...options, timing, isByHand: true });
  let told = '';
  for (;;) {
    const { state, nextMs } = await part.step();
    const text = progressText(state);
    if (text !== told) process.stderr.write(`${text}\n`);
    told = text;
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0 || isFinal(state, performance.now() - startedMs)) return state;
    await sleep(Math.min(leftMs, Math.max(STEP_MS_MIN, Math.min(STEP_MS_MAX, nextMs))));
  }
}

/** Whether waiting would change nothing. */
function isFinal({ state }: MeshState, elapsedMs: number): boolean {
  if (state === 'absent') return elapsedMs > ABSENT_MS_MAX;
  return state === 'joined' || state === 'needs-key' || state === 'stopped';
}

function codeOf({ state }: MeshState): number {
  if (state === 'joined') return EXIT.ok;
  return state === 'absent' ? EXIT.unavailable : EXIT.trouble;
}

function tell(state: MeshState, options: Options): void {
  if (options['json'] === true) printLines([JSON.stringify(state)]);
  else showTailnet(process.stdout, state, Date.now());
}

function needsRoot(): number | null {
  if (process.getuid?.() === 0) return null;
  process.stderr.write('flint: to change the tailnet of a machine needs root: try sudo\n');
  return EXIT.unavailable;
}

function printLines(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

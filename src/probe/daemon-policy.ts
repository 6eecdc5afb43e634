// The policy in the daemon: the guard that measurements ask, what it held back in words, and the
// look at the machine's own links.
import type { Log } from '../host/log.ts';
import { type Guard, openGuard } from '../measure/guard.ts';
import { openOwnRanges } from '../measure/own-ranges.ts';
import type { ProbeFacts, Restraint } from './snapshot.ts';

export interface DaemonPolicy {
  guard: Guard;
  /** Takes the rules in force; before the measurements take their configuration. */
  configure(rules: ProbeFacts['rules']): void;
  restraint(): Restraint;
  /** Call about once a second. */
  look(): void;
}

export interface DaemonPolicyOptions {
  log: Log;
  monoMs: () => number;
  /** Addresses are to be judged anew. */
  recheck: () => void;
}

const TELL_MS = 60_000;
const SLOWED_MAX = 8;

export function openDaemonPolicy({ log, monoMs, recheck }: DaemonPolicyOptions): DaemonPolicy {
  const ownRanges = openOwnRanges(monoMs);
  const guard = openGuard({ monoMs, ownRanges: () => ownRanges.read() });
  let told = 0;
  let toldAtMs = monoMs();

  function tell(): void {
    if (monoMs() - toldAtMs < TELL_MS) return;
    toldAtMs = monoMs();
    const { smokeping, path } = guard.heldBack();
    const packets = smokeping + path - told;
    told = smokeping + path;
    if (packets > 0) log.warn('policy: packets were held back in the last minute', { packets });
  }

  return {
    guard,
    configure({ policy, ruled }) {
      guard.configure(ruled.size === 0 ? null : { policy: policy.policy, kinds: ruled });
    },
    restraint: () => ({ heldBack: guard.heldBack(), slowed: sentencesOf(guard) }),
    look() {
      if (guard.look()) recheck();
      tell();
    },
  };
}

function sentencesOf({ shares }: Guard): string[] {
  const slowed = shares.slowed();
  const shown = slowed.slice(0, SLOWED_MAX).map(({ ip, series, factor }) => {
    const times = (Math.ceil(factor * 10) / 10).toFixed(1);
    const so = `so their intervals are ${times} times as long`;
    return `${ip}: ${series} targets are this address, ${so}`;
  });
  const rest = slowed.length - shown.length;
  return rest > 0 ? [...shown, `and ${rest} more addresses`] : shown;
}

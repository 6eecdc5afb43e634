// Whether a unit of systemd runs, from looks at it some seconds apart: one that ends again and
// again is found running by many a look, and does not stay all the same.

export interface UnitLook {
  activeState: string;
  /** systemd's NRestarts, which begins anew when somebody restarts the unit. */
  restarts: number;
}

export interface UnitWatch {
  /** What is wrong after this look; null while it runs. */
  look(seen: UnitLook): string | null;
  /** It was restarted just now: what was is over. */
  forget(): void;
}

export interface UnitWatchOptions {
  unit: string;
  /** As people know the program. */
  name: string;
  /** Who ran so long stays. */
  wellMs: number;
  monotonicMs?: () => number;
}

/** So often within one spell is again and again. */
const RESTARTS_MAX = 2;

/** Looks that found something, no two of them `wellMs` apart. */
interface Spell {
  /** NRestarts before it. */
  restarts: number;
  /** Of the last such look. */
  atMs: number;
}

export function openUnitWatch(options: UnitWatchOptions): UnitWatch {
  const { wellMs, monotonicMs = () => performance.now() } = options;
  let last: number | null = null;
  let spell: Spell | null = null;
  return {
    look(seen) {
      const { restarts } = seen;
      const before = Math.min(last ?? restarts, restarts);
      last = restarts;
      const nowMs = monotonicMs();
      if (spell !== null && nowMs - spell.atMs >= wellMs) spell = null;
      if (seen.activeState !== 'active' || restarts > before) {
        spell = { restarts: Math.min(spell?.restarts ?? before, before), atMs: nowMs };
      }
      return explain(options, seen, spell);
    },
    forget() {
      last = null;
      spell = null;
    },
  };
}

function explain(
  { unit, name }: UnitWatchOptions,
  { activeState, restarts }: UnitLook,
  spell: Spell | null,
): string | null {
  if (spell !== null && restarts - spell.restarts >= RESTARTS_MAX) {
    return `${name} does not stay: journalctl -u ${unit} says why`;
  }
  return activeState === 'active' ? null : `${name} does not run: ${unit} is ${activeState}`;
}

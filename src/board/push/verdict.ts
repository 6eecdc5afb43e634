import {
  askServerKind,
  type CheckOptions,
  checkBearer,
  type ServerKind,
  type Verdict,
} from './check.ts';

// What is known of the server: whether it takes our bearer, and whether a refused one would cost
// samples. vmagent goes through the relay until the latter is known not to be so, and again as soon
// as there is a doubt.

export interface ServerWatch {
  /**
   * Which bearer vmagent should have: `fresh`, unless the server takes `used` alone (yet).
   * Asks only when there is something to find out. Never rejects.
   */
  choose(choice: Choice): Promise<string>;
  /** The server answered 400: it is asked again at the next choice. */
  distrust(): void;
  verdict(): Verdict | null;
  isRelayed(): boolean;
}

export interface Choice {
  fresh: string;
  /** What vmagent uses now; null before the first. */
  used: string | null;
  /** Samples are taken just now. */
  isWell: boolean;
}

/** A server of another version may have taken the place of the one that we asked. */
const KIND_MS = 3_600_000;

export interface WatchOptions extends CheckOptions {
  monotonicMs?: () => number;
}

export function openServerWatch(options: WatchOptions): ServerWatch {
  const { monotonicMs = () => performance.now() } = options;
  const known = {
    kind: null as ServerKind,
    kindAtMs: Number.NEGATIVE_INFINITY,
    verdict: null as Verdict | null,
    isDirect: false,
  };

  async function learnKind(): Promise<void> {
    if (known.kind !== null && monotonicMs() - known.kindAtMs < KIND_MS) return;
    const kind = await askServerKind(options);
    if (kind === null) return;
    known.kind = kind;
    known.kindAtMs = monotonicMs();
  }

  async function judge(bearer: string): Promise<Verdict> {
    known.verdict = await checkBearer(bearer, options);
    return known.verdict;
  }

  function settle(): void {
    const { kind, verdict } = known;
    if (kind === 'lossy' || verdict?.kind === 'rejected') known.isDirect = false;
    else if (kind === 'safe' && verdict?.kind === 'taken') known.isDirect = true;
  }

  return {
    async choose({ fresh, used, isWell }) {
      if (used === fresh && isWell && known.verdict?.kind === 'taken') {
        await learnKind();
        settle();
        return fresh;
      }
      const verdict = await judge(fresh);
      if (isAnswer(verdict)) await learnKind();
      settle();
      if (verdict.kind === 'taken' || used === null || used === fresh) return fresh;
      // The server may hear of a new bearer some minutes after we did, or be away.
      if (verdict.kind !== 'unauthorized') return used;
      const former = await judge(used);
      settle();
      return former.kind === 'taken' ? used : fresh;
    },
    distrust() {
      known.kindAtMs = Number.NEGATIVE_INFINITY;
      known.verdict = null;
    },
    verdict: () => known.verdict,
    isRelayed: () => !known.isDirect,
  };
}

function isAnswer({ kind }: Verdict): boolean {
  return kind === 'taken' || kind === 'unauthorized';
}

// A node is not told everything: one that was deleted at the login server goes on while nobody
// answers it, and one whose address was approved learns of it with its next introduction. So when
// something has stayed as it is for long, the node introduces itself anew, ever more seldom while
// that changes nothing.

export interface Patience {
  /** How it is now; patience begins anew when that is another text than before. */
  see(how: string): void;
  isOver(): boolean;
  /** The login server was asked. */
  renew(): void;
}

export interface PatienceOptions {
  firstMs: number;
  mostMs: number;
  monotonicMs(): number;
}

export function openPatience({ firstMs, mostMs, monotonicMs }: PatienceOptions): Patience {
  let last: string | null = null;
  let sinceMs = monotonicMs();
  let limitMs = firstMs;
  return {
    see(how) {
      if (how === last) return;
      last = how;
      sinceMs = monotonicMs();
      limitMs = firstMs;
    },
    isOver: () => monotonicMs() - sinceMs >= limitMs,
    renew() {
      sinceMs = monotonicMs();
      limitMs = Math.min(mostMs, limitMs * 2);
    },
  };
}

// At most so many at once; the rest wait, and those that nobody hopes much of wait behind the rest.

export interface Turns {
  /** True when it is this one's turn, and `end` is owed; false when it waited too long. */
  begin(isUrgent: boolean): Promise<boolean>;
  end(): void;
  /** Sends away all that wait. */
  close(): void;
}

interface Waiting {
  isUrgent: boolean;
  begin: (isTurn: boolean) => void;
}

export function takeTurns({ most, waitMsMax }: { most: number; waitMsMax: number }): Turns {
  const waiting = new Set<Waiting>();
  let underWay = 0;

  function wait(isUrgent: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => one.begin(false), waitMsMax);
      const one: Waiting = {
        isUrgent,
        begin(isTurn) {
          clearTimeout(timer);
          waiting.delete(one);
          resolve(isTurn);
        },
      };
      waiting.add(one);
    });
  }

  return {
    begin(isUrgent) {
      if (underWay >= most) return wait(isUrgent);
      underWay++;
      return Promise.resolve(true);
    },
    end() {
      const next = nextOf(waiting);
      // Its turn passes on without being free in between.
      if (next === undefined) underWay--;
      else next.begin(true);
    },
    close() {
      for (const one of [...waiting]) one.begin(false);
    },
  };
}

function nextOf(waiting: ReadonlySet<Waiting>): Waiting | undefined {
  let first: Waiting | undefined;
  for (const one of waiting) {
    if (one.isUrgent) return one;
    first ??= one;
  }
  return first;
}

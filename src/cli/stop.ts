// Ctrl-C, and whoever waits for it. A promise for it would gather a listener with every wait.

export interface Stop {
  isStopped(): boolean;
  stop(): void;
  /** Calls once, on stop; returns how to take it back. */
  onStop(call: () => void): () => void;
  /** Resolves after so long, or on stop. */
  sleep(ms: number): Promise<void>;
  /** What the promise gives, or null on stop. */
  orStopped<T>(promise: Promise<T>): Promise<T | null>;
}

export function openStop(): Stop {
  const calls = new Set<() => void>();
  let isStopped = false;

  function onStop(call: () => void): () => void {
    if (isStopped) call();
    else calls.add(call);
    return () => calls.delete(call);
  }

  return {
    isStopped: () => isStopped,
    stop() {
      isStopped = true;
      for (const call of calls) call();
      calls.clear();
    },
    onStop,
    sleep: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          forget();
          resolve();
        }, ms);
        const forget = onStop(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
    orStopped: (promise) =>
      new Promise((resolve, reject) => {
        const forget = onStop(() => resolve(null));
        promise.then(resolve, reject).finally(forget);
      }),
  };
}

import { EXIT } from './command.ts';

// The signals of a program that runs until it is told to stop.

export interface Signals {
  /** The exit code, once somebody ended it. */
  ended: Promise<number>;
  end(code: number): void;
  /** A reload that was asked for before comes at once. */
  onReload(reload: () => void): void;
  /** From now on SIGTERM and SIGINT end the process at once. */
  letThrough(): void;
  close(): void;
}

const ENDING = ['SIGTERM', 'SIGINT'] as const;

/**
 * From the very start: a signal that nobody waits for would kill without a word. SIGHUP reloads
 * where that can be done; else it says that the terminal was closed, and ends too.
 */
export function followSignals(canReload: boolean): Signals {
  let end: (code: number) => void = () => undefined;
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  let reload: (() => void) | null = null;
  let isAsked = false;
  const stop = (): void => end(EXIT.ok);
  function hangUp(): void {
    if (!canReload) stop();
    else if (reload === null) isAsked = true;
    else reload();
  }
  function letThrough(): void {
    for (const signal of ENDING) process.removeListener(signal, stop);
  }
  for (const signal of ENDING) process.on(signal, stop);
  process.on('SIGHUP', hangUp);
  // The parent that watches over us, where there is one, has let go or is no more.
  process.on('disconnect', stop);
  return {
    ended,
    end,
    onReload(run) {
      reload = run;
      if (isAsked) run();
    },
    letThrough,
    close() {
      letThrough();
      process.removeListener('SIGHUP', hangUp);
      process.removeListener('disconnect', stop);
    },
  };
}

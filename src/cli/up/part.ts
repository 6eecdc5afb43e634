// The frame of a process that `flint up` starts: what it is to do comes in its environment, it
// gives up root once its modules are loaded, and it ends with its parent.
import { isJournal, type Log, openLog } from '../../host/log.ts';
import { explain } from '../explain.ts';
import { leaveRoot } from '../leave-root.ts';
import { followSignals } from '../signals.ts';
import { sayReady } from './children.ts';

export const WISH_VARIABLE = 'FLINT_UP_PART';

export interface UpPart<Wish> {
  wish: Wish;
  log: Log;
  stop: AbortSignal;
  /** Says that all stands, and resolves when it is to end. */
  ended(ready: unknown): Promise<void>;
}

/** Runs it to its end; `load` brings in what could not be read after root is given up. */
export async function openUpPart<Wish>(
  run: (part: UpPart<Wish>) => Promise<void>,
  load: (log: Log) => Promise<void> = async () => undefined,
): Promise<void> {
  const log = openLog({ stream: process.stderr, nowMs: Date.now, journal: isJournal(process.env) });
  const signals = followSignals(false);
  const stop = new AbortController();
  const over = signals.ended.then(() => stop.abort());
  try {
    await load(log);
    leaveRoot();
    await run({
      wish: JSON.parse(process.env[WISH_VARIABLE] ?? '{}') as Wish,
      log,
      stop: stop.signal,
      async ended(ready) {
        sayReady(ready);
        await over;
      },
    });
  } catch (error) {
    process.exitCode = explain(error);
  } finally {
    signals.close();
    log.flush();
  }
}

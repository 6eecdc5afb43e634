// Many small changes share one transaction, because the disk can say "written" only a few hundred
// times a second. Each is still decided after the other; one that fails takes nobody along (it has
// a savepoint of its own); and nobody is answered before the commit.

import type { Statement } from 'better-sqlite3';
import type { ControlDb } from './db.ts';

export interface GroupCommit {
  /**
   * Runs `work` in the next shared transaction. It must be synchronous and use `store.raw` alone.
   * Rejects with what it throws, or when the transaction could not be committed.
   */
  run<T>(work: () => T): Promise<T>;
}

export interface GroupOptions {
  /** How long the first one waits for company. */
  waitMs: number;
  /** Others wait for their next transaction. */
  jobsMax: number;
}

interface Job {
  run(): void;
  resolve(): void;
  reject(error: unknown): void;
}

export function groupCommit(store: ControlDb, options: GroupOptions): GroupCommit {
  const savepoint = savepointOf(store);
  const waiting: Job[] = [];
  const state = { isUnderWay: false };

  async function commitAll(): Promise<void> {
    while (waiting.length > 0) await commit(waiting.splice(0, options.jobsMax));
    state.isUnderWay = false;
  }

  async function commit(jobs: readonly Job[]): Promise<void> {
    const settle: (() => void)[] = [];
    try {
      await store.write(async () => {
        for (const job of jobs) settle.push(savepoint(job));
      });
    } catch (error) {
      for (const { reject } of jobs) reject(error);
      return;
    }
    for (const tell of settle) tell();
  }

  function run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: { value: T } | undefined;
      waiting.push({
        run() {
          result = { value: work() };
        },
        resolve() {
          if (result !== undefined) resolve(result.value);
        },
        reject,
      });
      if (state.isUnderWay) return;
      state.isUnderWay = true;
      setTimeout(() => void commitAll(), options.waitMs);
    });
  }

  return { run };
}

/** Does one job and says how to tell it, once the transaction is on disk. */
function savepointOf({ raw }: ControlDb): (job: Job) => () => void {
  const begin: Statement = raw.prepare('savepoint job');
  const keep: Statement = raw.prepare('release job');
  const undo: Statement = raw.prepare('rollback to job');
  return (job) => {
    begin.run();
    try {
      job.run();
      keep.run();
      return job.resolve;
    } catch (error) {
      // A full disk may have ended the whole transaction: then nothing is left to undo, and the
      // commit fails for all.
      if (!raw.inTransaction) throw error;
      undo.run();
      keep.run();
      return () => job.reject(error);
    }
  };
}

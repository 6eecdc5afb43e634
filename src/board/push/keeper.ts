import type { Environment } from './vmagent-env.ts';

// Who keeps vmagent, and the relay where one is needed, running: we, or systemd.

export interface Keeper {
  /** Makes them run as told; does nothing when they do. Throws what stands in the way. */
  keep(wanted: Wanted): Promise<void>;
  /** Ends them: there is to be no push. */
  stop(): Promise<void>;
  /** We end; what should go on without us does. */
  close(): Promise<void>;
  state(): KeeperState;
}

export interface Wanted {
  vmagent: Environment;
  /** Null where none is needed. */
  relay: Environment | null;
}

export interface KeeperState {
  restarts: number;
  /** Which of them does not run, or cannot stay, and why; null while both do. */
  fault: string | null;
}

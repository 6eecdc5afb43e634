// Agents in this process, in a hurry, for the tests.
import { type AgentRun, type RunningAgent, startAgent } from '../../src/board/agent.ts';
import { type AgentSettings, UNSAID } from '../../src/board/agent-config.ts';
import { NO_PARTS } from '../../src/board/agent-openers.ts';
import type { Timing } from '../../src/board/agent-pace.ts';
import type { BoardPlace } from './place.ts';

export const MAC = '02:00:5e:10:00:01';

export const HASTY: Partial<Timing> = {
  reportMs: 40,
  youngMs: 0,
  configMs: 10_000,
  applyMs: 20,
  boardMs: 40,
  enrollFirstMs: 20,
  retryFirstMs: 20,
  retryMostMs: 40,
};

export function settingsFor(control: string, change: Partial<AgentSettings> = {}): AgentSettings {
  return {
    ...UNSAID,
    control,
    mac: MAC,
    ...change,
  };
}

export interface TestAgent extends RunningAgent {
  stop(): Promise<boolean>;
}

export async function startTestAgent(
  place: BoardPlace,
  settings: AgentSettings | (() => AgentSettings),
  change: Partial<AgentRun> = {},
): Promise<TestAgent> {
  const stop = new AbortController();
  const agent = await startAgent({
    loadSettings: typeof settings === 'function' ? settings : () => settings,
    places: place.places,
    version: '1.2.3',
    log: place.log,
    env: {},
    setClock: null,
    openers: NO_PARTS,
    stop: stop.signal,
    isOnce: false,
    timing: HASTY,
    isTimesyncDone: () => true,
    ...change,
  });
  return {
    ...agent,
    stop: () => {
      stop.abort();
      return agent.ended;
    },
  };
}

/** Waits until it holds, 15 s at most. */
export async function until(what: () => boolean): Promise<void> {
  const endMs = performance.now() + 15_000;
  while (!what()) {
    if (performance.now() > endMs) throw new Error(`never came true: ${what}`);
    await new Promise((done) => setTimeout(done, 5));
  }
}

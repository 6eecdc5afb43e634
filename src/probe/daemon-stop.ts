// The orderly end: what is in flight gets a second to come back, then the rounds are closed and
// stored. Whatever fails on the way, the store is closed.
import type { Engine } from '../engine/engine.ts';
import type { Log } from '../host/log.ts';

export interface StopParts {
  engine: Engine;
  /** False after a failed tick: what the engine would say then is not to be believed. */
  isEngineSound: boolean;
  /** Reads what the engine closed; returns how much it was. */
  collect: () => number;
  /** Takes no more requests; resolves when those under way are answered. */
  closeServer: () => Promise<void>;
  closeStore: () => Promise<void>;
  log: Log;
}

const DRAIN_MS_MAX = 1000;
const DRAIN_TICK_MS = 20;

export async function stopMeasuring(parts: StopParts): Promise<void> {
  const { engine, isEngineSound, collect, log } = parts;
  const closed = parts.closeServer();
  try {
    if (isEngineSound) await drain(engine);
    if (isEngineSound) engine.finish();
    while (collect() > 0);
  } catch (error) {
    log.error(`the last round is lost: ${error instanceof Error ? error.message : String(error)}`);
  }
  await closed;
  await parts.closeStore();
  engine.close();
}

async function drain(engine: Engine): Promise<void> {
  const until = performance.now() + DRAIN_MS_MAX;
  while (engine.isWaiting() && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, DRAIN_TICK_MS));
    engine.drain();
  }
}

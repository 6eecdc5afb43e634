// The engine as the daemon needs it for its configuration.
import type { ProbeConfig } from '../core/config.ts';
import { Engine } from '../engine/engine.ts';
import { openBest } from '../engine/open.ts';
import type { OpenTransport } from '../engine/transport.ts';

/** Share of the interval by which a send may be early or late. */
const JITTER = 0.05;

/** Opens the sockets: while root is not given up. */
export function openEngine(config: ProbeConfig, openTransport: OpenTransport = openBest): Engine {
  const { roundMs, timeoutMs, targets } = config.measurements.smokeping;
  const load = targets.reduce((sum, { intervalMs, families }) => {
    return sum + (1000 * families.length) / intervalMs;
  }, 0);
  return new Engine({ openTransport, roundMs, timeoutMs, jitter: JITTER, packetsPerSecond: load });
}

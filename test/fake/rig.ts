// The real engine and the real WebAssembly on a fake clock and a fake network.
import { Engine, type EngineOptions, type SeriesSpec } from '../../src/engine/engine.ts';
import type { Hot } from '../../src/engine/hot.ts';
import { FakeClock } from './clock.ts';
import { FakeTransport, type Network } from './transport.ts';

export interface Rig {
  engine: Engine;
  hot: Hot;
  clock: FakeClock;
  transport: FakeTransport;
  /** Moves the clock on by `ms` in ticks of `stepMs`. */
  run(ms: number, stepMs?: number): void;
}

export const COOKIE_KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
/** Echoes have sixteen from here, TTL-limited probes the one behind them. */
export const IDENTIFIER = 0x4a20;
export const PROBE_IDENTIFIER = IDENTIFIER + 16;
/** The first of FLOWS_MAX source ports. */
export const PORT = 0xf300;

/** A network that answers each echo after `ms`. */
export function answerAfter(ms: number): Network {
  return () => ({ arrivals: [{ delayNs: BigInt(Math.round(ms * 1e6)) }] });
}

/** A network that answers nothing. */
export function silence(): { arrivals: [] } {
  return { arrivals: [] };
}

export function openRig(network: Network, options: Partial<EngineOptions> = {}): Rig {
  const clock = new FakeClock();
  let opened: FakeTransport | undefined;
  const engine = new Engine({
    openTransport: ({ hot }) => {
      opened = new FakeTransport(hot, clock, network);
      return opened;
    },
    roundMs: 30_000,
    timeoutMs: 5000,
    jitter: 0,
    packetsPerSecond: 100,
    cookieKey: COOKIE_KEY,
    identifier: IDENTIFIER,
    port: PORT,
    ...options,
  });
  if (opened === undefined) throw new Error('the engine opened no transport');
  return {
    engine,
    hot: engine.hot,
    clock,
    transport: opened,
    run(ms, stepMs = 10) {
      for (let at = 0; at < ms; at += stepMs) {
        clock.advanceMs(Math.min(stepMs, ms - at));
        engine.tick(64);
      }
    },
  };
}

/** What `number` is measured at: 192.0.2.x or 2001:db8::x, sixteen bytes. */
export function addressOf(family: 4 | 6, number: number): Uint8Array {
  const address = new Uint8Array(16);
  const low = [number >> 8, number & 0xff];
  if (family === 4) address.set([198, 18, ...low]);
  else address.set([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...low]);
  return address;
}

export function specOf(family: 4 | 6, number: number, part: Partial<SeriesSpec> = {}): SeriesSpec {
  return {
    family: family === 4 ? 'v4' : 'v6',
    address: addressOf(family, number),
    source: null,
    interfaceIndex: 0,
    scopeId: 0,
    payloadBytes: 56,
    tos: 0,
    ttl: 0,
    dontFragment: false,
    intervalMs: 1000,
    phaseMs: 0,
    ...part,
  };
}

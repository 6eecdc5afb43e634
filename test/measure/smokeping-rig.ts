// The smokeping measurement on the real engine and WebAssembly, with a network, names and a clock
// that the test scripts.
import { formatAddress, parseAddress } from '../../src/core/address.ts';
import type { AddressRange } from '../../src/core/address-range.ts';
import type { SmokepingConfig, TargetConfig } from '../../src/core/config.ts';
import type { Family, ProbeEvent, Round } from '../../src/core/round.ts';
import { parseEvent, parseRound } from '../../src/core/round-schema.ts';
import type { SeriesSnapshot } from '../../src/core/snapshot.ts';
import { type Guard, openGuard } from '../../src/measure/guard.ts';
import type { FamilyAnswer, Names } from '../../src/measure/resolution.ts';
import { Smokeping } from '../../src/measure/smokeping.ts';
import { openRig, type Rig } from '../fake/rig.ts';
import type { SentPacket, Verdict } from '../fake/transport.ts';

/** Answers at once with what it was told last; counts the questions. */
export class ScriptedNames implements Names {
  readonly asked = new Map<string, number>();
  private readonly answers = new Map<string, FamilyAnswer>();
  private readonly held = new Map<string, ((answer: FamilyAnswer) => void)[]>();

  /** The family goes by the address; each call replaces that family's answer. */
  set(host: string, ...texts: string[]): void {
    const addresses = texts.map(addressOf);
    const [first] = addresses;
    if (first === undefined) throw new Error('an answer has addresses');
    this.put(`${first.family} ${host}`, { ok: true, addresses, ttlMs: 30_000 });
  }

  fail(host: string, family: Family, reason = 'no such name'): void {
    this.put(`${family} ${host}`, { ok: false, reason, ttlMs: 30_000 });
  }

  /** Questions for it wait until it is set again. */
  hold(host: string, family: Family): void {
    this.held.set(`${family} ${host}`, []);
  }

  resolve(host: string, family: Family): Promise<FamilyAnswer> {
    const key = `${family} ${host}`;
    this.asked.set(key, (this.asked.get(key) ?? 0) + 1);
    const waiting = this.held.get(key);
    if (waiting !== undefined) return new Promise((resolve) => waiting.push(resolve));
    const unknown = { ok: false, reason: 'nobody said', ttlMs: 30_000 } as const;
    return Promise.resolve(this.answers.get(key) ?? unknown);
  }

  close(): void {}

  private put(key: string, answer: FamilyAnswer): void {
    this.answers.set(key, answer);
    for (const resolve of this.held.get(key) ?? []) resolve(answer);
    this.held.delete(key);
  }
}

export interface World {
  rig: Rig;
  names: ScriptedNames;
  guard: Guard;
  smokeping: Smokeping;
  rounds: Round[];
  /** Every version of every event. */
  events: ProbeEvent[];
  plans: { packetsPerSecond: number; intervalMsMin: number }[];
  /** What becomes of packets to an address; those not named are answered after 5 ms. */
  fates: Map<string, 'silence' | { refused: number }>;
  /** Packets to an address that the kernel took. */
  sentTo(ip: string): number;
  configure(...targets: TargetConfig[]): void;
  /** Lets time pass as the daemon does: ticks, and a look around after each. */
  run(seconds: number, tickMs?: number): Promise<void>;
  nowMs(): number;
  series(target: string, family?: Family): SeriesSnapshot;
  retired(): SeriesSnapshot[];
  /** Rounds of a target in one family, in the order they came. */
  roundsOf(target: string, family?: Family): Round[];
  /** The last version of each event of a kind. */
  eventsOf(kind: ProbeEvent['kind']): ProbeEvent[];
}

export interface WorldOptions {
  /** What the run before left open. */
  openEvents?: readonly ProbeEvent[];
  /** Of this machine's links. */
  ownRanges?: readonly AddressRange[];
  /** When it starts; the others start at the same moment. */
  nowMs?: number;
}

let worlds = 0;

export function openWorld(options: WorldOptions = {}): World {
  const fates: World['fates'] = new Map();
  const sent = new Map<string, number>();
  const network = (packet: SentPacket): Verdict => {
    const family = packet.family === 4 ? 'v4' : 'v6';
    const bytes = packet.destination.subarray(0, packet.family === 4 ? 4 : 16);
    const ip = formatAddress(family, bytes, null);
    const fate = fates.get(ip);
    if (typeof fate === 'object') return { refused: fate.refused, arrivals: [] };
    sent.set(ip, (sent.get(ip) ?? 0) + 1);
    return { arrivals: fate === 'silence' ? [] : [{ delayNs: 5_000_000n }] };
  };
  const rig = openRig(network);
  const { clock, engine } = rig;
  const names = new ScriptedNames();
  const [rounds, events, plans]: [Round[], ProbeEvent[], World['plans']] = [[], [], []];
  const nowMs = (): number => Number(clock.realNow() / 1_000_000n);
  // No clock shows whole milliseconds.
  clock.advance(123_456n);
  if (options.nowMs !== undefined) clock.advanceMs(options.nowMs - nowMs());
  const monoMs = (): number => Number(clock.monoNs / 1000n) / 1000;
  const guard = openGuard({ monoMs, ownRanges: () => options.ownRanges ?? [] });
  const smokeping = new Smokeping({
    engine,
    names,
    guard,
    bootId: `boot${++worlds}`,
    nowMs,
    monoMs,
    openEvents: options.openEvents ?? [],
    onRound: (round) => rounds.push(kept(parseRound, round)),
    onEvent: (event) => events.push(kept(parseEvent, event)),
    onPlan: (packetsPerSecond, intervalMsMin) => plans.push({ packetsPerSecond, intervalMsMin }),
  });
  return {
    rig,
    names,
    guard,
    smokeping,
    rounds,
    events,
    plans,
    fates,
    nowMs,
    sentTo: (ip) => sent.get(ip) ?? 0,
    configure: (...targets) => smokeping.configure(configOf(targets)),
    async run(seconds, tickMs = 20) {
      for (let at = 0; at < seconds * 1000; at += tickMs) {
        clock.advanceMs(tickMs);
        engine.tick(64);
        smokeping.collect();
        const isOver = smokeping.maintain();
        // What the names answer is taken in before the next tick.
        if (!isOver || at % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    series(target, family = 'v4') {
      const found = [...smokeping.snapshots()].find(
        (one) => one.current && one.target === target && one.family === family,
      );
      if (found === undefined) throw new Error(`${target} (${family}) is not measured`);
      return found;
    },
    retired: () => [...smokeping.snapshots()].filter((one) => !one.current),
    roundsOf: (target, family = 'v4') =>
      rounds.filter((round) => round.target === target && round.family === family),
    eventsOf(kind) {
      const last = new Map(events.map((event) => [event.id, event]));
      return [...last.values()].filter((event) => event.kind === kind);
    },
  };
}

/** Of both families, at 1/s. */
export function target(id: string, part: Partial<TargetConfig> = {}): TargetConfig {
  const plain = { intervalMs: 1000, size: 56, tos: 0, source: null, device: null, labels: {} };
  return { id, host: `${id}.example`, families: ['v4', 'v6'], ...plain, ...part };
}

/** At 1/s, IPv4 alone. */
export function target4(id: string, part: Partial<TargetConfig> = {}): TargetConfig {
  return target(id, { families: ['v4'], ...part });
}

export function configOf(targets: TargetConfig[], enable = true): SmokepingConfig {
  return { enable, intervalMs: 1000, roundMs: 30_000, timeoutMs: 5000, targets };
}

/** What the store would not take is no result. */
function kept<T>(parse: (value: unknown) => T | null, value: T): T {
  if (parse(value) === null) throw new Error(`not to be stored: ${JSON.stringify(value)}`);
  return value;
}

function addressOf(text: string) {
  const address = parseAddress(text);
  if (address === null) throw new Error(`${text} is no address`);
  return address;
}

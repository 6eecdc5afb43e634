// A random script: series, a network with moods, a clock that is pushed about, an event loop that
// is blocked now and then. The engine and its twin live through it side by side.

import type { FakeClock } from './clock.ts';
import { damaged, errorAbout } from './packets.ts';
import type { Random } from './random.ts';
import type { SentPacket, Arrival as TransportArrival, Verdict } from './transport.ts';
import { replyTo } from './transport.ts';
import type { Twin } from './twin.ts';
import type { TwinArrival, TwinProbe, TwinSeries } from './twin-record.ts';

export interface Plan {
  roundMs: number;
  timeoutMs: number;
  durationMs: number;
  jitter: number;
  clock: 'still' | 'steps' | 'slews';
  isLogging: boolean;
  seriesCount: number;
  intervalsMs: [number, ...number[]];
  pauseChance: number;
}

/** How one line behaves. Probabilities, and times in ns. */
export interface Mood {
  delayNs: number;
  spreadNs: number;
  loss: number;
  burst: number;
  late: number;
  duplicate: number;
  corrupt: number;
  quote: number;
  refuse: number;
  unstamped: number;
  userStamped: number;
  noSendStamp: number;
  heldSendStamp: number;
  scheduled: number;
}

const TIMES: readonly [[number, number], ...[number, number][]] = [
  [2000, 1000],
  [5000, 2000],
  [10_000, 5000],
  [5000, 5000],
  [2000, 5000],
  [30_000, 5000],
];
const REFUSALS: readonly [[number, string], ...[number, string][]] = [
  [1, 'blocked'],
  [13, 'blocked'],
  [101, 'unreachable'],
  [113, 'unreachable'],
  [105, 'buffer'],
  [11, 'buffer'],
  [90, 'size'],
  [19, 'device'],
  [22, 'invalid'],
  [111, 'other'],
];

export function planOf(random: Random): Plan {
  const [roundMs, timeoutMs] = random.pick(TIMES);
  // Some are quick enough for more samples in a round than are kept.
  const isQuick = random.chance(0.15);
  const slow = [20, 50, 100, 200, 500, 1000, 2000] as [number, ...number[]];
  return {
    roundMs: isQuick ? 15_000 : roundMs,
    timeoutMs: isQuick ? 2000 : timeoutMs,
    durationMs: random.between(20_000, 60_000),
    jitter: random.chance(0.6) ? 0 : 0.05,
    clock: random.pick(['still', 'steps', 'steps', 'slews']),
    isLogging: random.chance(0.5),
    seriesCount: isQuick ? random.between(1, 2) : random.between(1, 6),
    intervalsMs: isQuick ? [10] : slow,
    pauseChance: random.pick([0, 0.0005, 0.005]),
  };
}

export function moodOf(random: Random): Mood {
  const seldom = (most: number): number => (random.chance(0.5) ? 0 : random.unit() * most);
  return {
    delayNs: random.pick([50_000, 1_000_000, 20_000_000, 200_000_000]),
    spreadNs: random.pick([0, 1000, 5_000_000, 400_000_000]),
    loss: seldom(0.3),
    burst: seldom(0.02),
    late: seldom(0.1),
    duplicate: seldom(0.2),
    corrupt: seldom(0.1),
    quote: seldom(0.1),
    refuse: seldom(0.1),
    unstamped: seldom(0.2),
    userStamped: seldom(0.2),
    noSendStamp: seldom(0.2),
    heldSendStamp: seldom(0.1),
    scheduled: seldom(0.5),
  };
}

/** A series as the script knows it. */
export interface Line {
  series: TwinSeries;
  family: 4 | 6;
  mood: Mood;
  /** Silent until this raw time: what makes outages and bursts. */
  silentUntil: bigint;
  interval: bigint;
  grid: bigint;
  /** Sends of this tick. */
  sends: number;
}

/** Decides what the network does with one packet, and tells the twin. */
export class ChaosNetwork {
  private readonly random: Random;
  private readonly clock: FakeClock;
  private readonly twin: Twin;
  private readonly plan: Plan;

  constructor(random: Random, clock: FakeClock, twin: Twin, plan: Plan) {
    this.random = random;
    this.clock = clock;
    this.twin = twin;
    this.plan = plan;
  }

  send(packet: SentPacket, line: Line): Verdict {
    const { random, clock, twin } = this;
    // The batch before this packet took its time.
    clock.advance(random.below(30_000));
    line.sends++;
    const sentMono = clock.monoNs;
    const sentMs = Number(clock.realNow() / 1000n) / 1000;
    if (random.chance(line.mood.refuse)) {
      const [errno, reason] = random.pick(REFUSALS);
      twin.refuse(line.series, { sentMono, sentMs }, { reason, errno });
      return { refused: errno, arrivals: [] };
    }
    const { verdict, stamp } = this.stamps(line.mood, sentMono);
    const probe = twin.send(line.series, { sentMono, sentMs, stamp });
    return { ...verdict, arrivals: this.arrivals(packet, probe, line) };
  }

  private stamps(mood: Mood, sentMono: bigint): { verdict: Verdict; stamp: TwinProbe['stamp'] } {
    const { random } = this;
    const scheduled = random.chance(mood.scheduled) ? BigInt(random.below(2_000_000)) : null;
    const queued = scheduled === null ? {} : { queuedNs: scheduled };
    if (random.chance(mood.noSendStamp)) {
      return { verdict: { ...queued, stampDelayNs: null, arrivals: [] }, stamp: null };
    }
    const delay = BigInt(random.pick([0, 700, 40_000]));
    const held = random.chance(mood.heldSendStamp) ? BigInt(random.below(30_000_000)) : 0n;
    const at = sentMono + (scheduled ?? 0n) + delay;
    const stamp = {
      readableMono: at + held,
      sentMono: at,
      scheduledMono: scheduled === null ? null : sentMono,
    };
    return { verdict: { ...queued, stampDelayNs: delay, stampHeldNs: held, arrivals: [] }, stamp };
  }

  private arrivals(packet: SentPacket, probe: TwinProbe, line: Line): TransportArrival[] {
    const { random, clock } = this;
    const { mood } = line;
    const arrivals: TransportArrival[] = [];
    if (random.chance(mood.quote)) arrivals.push(this.quote(packet, probe));
    if (random.chance(mood.burst)) {
      line.silentUntil = clock.monoNs + BigInt(random.between(50, 12_000)) * 1_000_000n;
    }
    if (clock.monoNs < line.silentUntil || random.chance(mood.loss)) return arrivals;
    const copies = random.chance(mood.duplicate) ? random.between(2, 4) : 1;
    for (let i = 0; i < copies; i++) {
      arrivals.push(this.reply(packet, probe, { mood, delayNs: this.delay(mood) }));
    }
    return arrivals;
  }

  private delay(mood: Mood): bigint {
    const { random } = this;
    const timeoutNs = BigInt(this.plan.timeoutMs) * 1_000_000n;
    if (random.chance(mood.late)) {
      // Just beyond the timeout, well beyond it, beyond what still counts as late.
      const least = this.plan.clock === 'slews' ? 25_000_000 : 500_000;
      const beyond = random.pick([least, 25_000_000, 3_000_000_000, 29_000_000_000, 31e9]);
      return timeoutNs + BigInt(beyond) + BigInt(random.below(400_000));
    }
    // At the timeout exactly, where stamps are exact; at the bound of a bucket.
    if (this.plan.clock !== 'slews' && random.chance(0.01)) {
      return random.pick([timeoutNs, timeoutNs - 1n, timeoutNs + 1n, 50_000n, 50_001n, 800_000n]);
    }
    return BigInt(Math.floor(mood.delayNs + random.unit() * random.unit() * mood.spreadNs));
  }

  private reply(
    packet: SentPacket,
    probe: TwinProbe,
    { mood, delayNs }: { mood: Mood; delayNs: bigint },
  ): TransportArrival {
    const { random } = this;
    const ttl = random.between(30, 255);
    const isDamaged = random.chance(mood.corrupt);
    const stamped = random.chance(mood.unstamped)
      ? 'none'
      : random.chance(mood.userStamped)
        ? 'user'
        : 'kernel';
    this.tell(probe, isDamaged ? 'alien' : 'reply', { delayNs, stamped, ttl });
    const arrival: TransportArrival = { delayNs, ttl, unstamped: stamped === 'none' };
    arrival.userStamped = stamped === 'user';
    if (isDamaged) arrival.bytes = damaged(replyTo(packet), packet.family, random);
    return arrival;
  }

  private quote(packet: SentPacket, probe: TwinProbe): TransportArrival {
    const { random } = this;
    const is4 = packet.family === 4;
    const type = is4 ? random.pick([3, 11, 12]) : random.pick([1, 2, 3, 4]);
    const code = random.below(4);
    const delayNs = BigInt(random.below(50_000_000));
    const quotedBytes = random.pick([8, 20, 24, packet.bytes.length]);
    const source = packet.destination.slice();
    source[15] = 77;
    this.tell(probe, 'quote', { delayNs, info: type * 256 + code });
    return { delayNs, bytes: errorAbout(packet, type, code, quotedBytes), source };
  }

  private tell(
    probe: TwinProbe,
    kind: TwinArrival['kind'],
    part: { delayNs: bigint; info?: number; ttl?: number; stamped?: TwinArrival['stamped'] },
  ): void {
    const { delayNs, info = 0, ttl = 0, stamped = 'kernel' } = part;
    const atMono = this.clock.monoNs + delayNs;
    this.twin.arrive({ atMono, kind, probe, stamped, ttl, info });
  }
}

// Real probes in flight and everything that could be thrown at them. After each batch the engine
// must have counted what the oracle said of the same bytes, no more and no less.
import * as assert from 'uvu/assert';
import { type Hot, outboxAt, packetAt } from '../../src/engine/hot.ts';
import { INBOX_MAX, LATE_MS_MAX, STAMP_BYTES } from '../../src/engine/limits.ts';
import { Mutator } from './mutator.ts';
import { Oracle, type OracleProbe } from './oracle.ts';
import { createRandom, type Random } from './random.ts';
import { IDENTIFIER, openRig, type Rig, silence, specOf } from './rig.ts';
import { replyTo } from './transport.ts';

export const SERIES = 6;
const TIMEOUT_MS = 1000;
const STEP_MS = 5;
const SLACK_MS = 20;
export const SLOTS = 4096;
const HOSTILE_STAMPS = 8;
/** Probes whose slot was used again: replies to them are stale. */
const FORMER_MAX = 256;

export interface FuzzCounts {
  packets: number;
  sent: number;
  received: number;
  late: number;
  duplicates: number;
  errors: number;
  alien: number;
}

export class Fuzzer {
  readonly rig: Rig;
  readonly counts: FuzzCounts = {
    packets: 0,
    sent: 0,
    received: 0,
    late: 0,
    duplicates: 0,
    errors: 0,
    alien: 0,
  };
  private readonly hot: Hot;
  private readonly series: number;
  private readonly random: Random;
  private readonly mutator: Mutator;
  private readonly oracle: Oracle;
  private readonly bySlot = new Map<number, OracleProbe>();
  /** The youngest probes, to make hostile packets from, and some whose slot has a new owner. */
  private recent: OracleProbe[] = [];
  /** In the order of sending: those that may still expire begin at `oldest`. */
  private sent: OracleProbe[] = [];
  private oldest = 0;
  private readonly former: OracleProbe[] = [];
  private rttSeconds = 0;

  constructor(seed: number, series = SERIES) {
    this.series = series;
    this.random = createRandom(seed);
    // A small ring, so that slots are used again and again.
    this.rig = openRig(silence, { timeoutMs: TIMEOUT_MS, packetsPerSecond: 1 });
    this.hot = this.rig.hot;
    this.mutator = new Mutator(this.hot, this.random);
    this.oracle = new Oracle(this.hot, IDENTIFIER, this.bySlot);
    const payloads = [16, 17, 56, 57, 120, 56];
    for (let i = 0; i < series; i++) {
      const payloadBytes = payloads[i % payloads.length] ?? 56;
      // Never due by itself; the interval sizes the window.
      const part = { payloadBytes, intervalMs: 5, phaseMs: 1e9 };
      this.rig.engine.addSeries(specOf(i % 2 === 0 ? 4 : 6, i + 1, part));
    }
  }

  /** One wake-up: new probes, one inbox full of packets, expiry. */
  batch(): void {
    this.rig.clock.advanceMs(STEP_MS);
    this.anchor();
    this.expire();
    this.send(this.random.between(1, 6));
    for (let i = 0; i < INBOX_MAX; i++) this.write(i);
    this.forgeStamps();
    const { call } = this.hot;
    // All that arrives is judged before: folding changes what is out.
    for (let i = 0; i < INBOX_MAX; i++) this.expect(i);
    call.fold(INBOX_MAX, HOSTILE_STAMPS);
    this.counts.packets += INBOX_MAX;
  }

  /** A wake-up in which nothing came. */
  rest(): void {
    this.rig.clock.advanceMs(STEP_MS);
    this.anchor();
    this.expire();
  }

  /** A batch of which nothing is ours. Returns how many packets there were. */
  alienBatch(): number {
    for (let i = 0; i < INBOX_MAX; i++) {
      do this.hostile(i);
      while (this.oracle.judge(this.recordAt(i)).what !== 'alien');
    }
    this.forgeStamps();
    this.hot.call.fold(INBOX_MAX, HOSTILE_STAMPS);
    this.counts.packets += INBOX_MAX;
    this.counts.alien += INBOX_MAX;
    return INBOX_MAX;
  }

  compare(): void {
    const { engine } = this.rig;
    const states = Array.from({ length: this.series }, (_, series) => engine.state(series));
    const sum = (count: 'sent' | 'received' | 'late' | 'duplicates' | 'icmpErrors' | 'discarded') =>
      states.reduce((total, state) => total + state[count], 0);
    const { counts } = this;
    const aliens = Object.values(engine.figures().alien).reduce((total, n) => total + n, 0);

    assert.is(sum('sent'), counts.sent, 'sent');
    assert.is(sum('received'), counts.received, 'received');
    assert.is(sum('late'), counts.late, 'late');
    assert.is(sum('duplicates'), counts.duplicates, 'duplicates');
    assert.is(sum('icmpErrors'), counts.errors, 'errors about our probes');
    assert.is(sum('discarded'), 0, 'discarded');
    assert.is(aliens, counts.alien, 'alien packets');
    const { received, late, duplicates, errors, alien } = counts;
    assert.is(received + late + duplicates + errors + alien, counts.packets, 'all are counted');
    const seconds = states.reduce((total, state) => total + state.rttSumSeconds, 0);
    assert.ok(Math.abs(seconds - this.rttSeconds) < 1e-9 * (1 + seconds), 'sum of RTTs');
  }

  /** Lets everything end; every closed round must be whole. */
  finish(): void {
    for (let i = 0; i < 2 * TIMEOUT_MS; i += 100) {
      this.rig.clock.advanceMs(100);
      this.rig.engine.tick(0);
    }
    assert.is(this.hot.call.inflightCount(), 0, 'in flight at the end');
    this.rig.engine.finish();
    let sent = 0;
    for (const round of this.rig.engine.takeRounds(10_000)) {
      assert.is(round.sent, round.received + round.lost + round.discarded, 'a whole round');
      sent += round.sent;
    }
    assert.is(sent, this.counts.sent, 'sent in all rounds');
  }

  private recordAt(index: number): number {
    return this.hot.layout.INBOX + index * this.hot.layout.RECORD_BYTES;
  }

  private stamp(): bigint {
    return this.rig.clock.realNow();
  }

  private anchor(): void {
    this.rig.transport.drain();
    this.hot.call.fold(0, 0);
    this.hot.call.expire();
  }

  private send(n: number): void {
    const built = this.hot.call.flood(n);
    for (let i = 0; i < built; i++) this.note(i);
    this.hot.call.settle(built);
  }

  private note(index: number): void {
    const { view, bytes } = this.hot;
    const record = outboxAt(this.hot, index);
    const isRefused = this.random.chance(0.03);
    view.setUint32(record + 24, isRefused ? 105 : 0, true);
    view.setBigUint64(record + 56, this.rig.clock.realNow() - 1_000_000n, true);
    const at = packetAt(record);
    const echo = bytes.slice(at, at + view.getUint32(record + 4, true));
    const slot = view.getUint32(at + 8, true);
    const family = view.getUint32(record, true) === 4 ? 4 : 6;
    const packet = { family, bytes: echo } as Parameters<typeof replyTo>[0];
    const probe: OracleProbe = {
      slot,
      generation: view.getUint32(at + 12, true),
      series: 0,
      family,
      echo,
      reply: replyTo(packet),
      address: bytes.slice(record + 32, record + 48),
      sentMono: Number(this.rig.clock.monoNs),
      state: isRefused ? 'refused' : 'out',
    };
    if (!isRefused) this.counts.sent++;
    const owner = this.bySlot.get(slot);
    if (owner !== undefined) this.former[this.random.below(FORMER_MAX)] = owner;
    this.bySlot.set(slot, probe);
    this.sent.push(probe);
    this.recent.push(probe);
    if (this.recent.length > 100) this.recent = this.recent.slice(-50);
  }

  private expire(): void {
    const last = Number(this.rig.clock.monoNs) - (TIMEOUT_MS + SLACK_MS) * 1e6;
    for (; this.oldest < this.sent.length; this.oldest++) {
      const probe = this.sent[this.oldest] as OracleProbe;
      if (probe.sentMono > last) break;
      if (probe.state === 'out') probe.state = 'lost';
    }
    if (this.oldest < 10_000) return;
    this.sent = this.sent.slice(this.oldest);
    this.oldest = 0;
  }

  private write(index: number): void {
    const kind = this.random.below(32);
    if (kind === 0) this.mutator.honest(index, this.pick(), this.stamp());
    else this.hostile(index);
  }

  private hostile(index: number): void {
    const stale = this.former[this.random.below(FORMER_MAX)];
    if (stale !== undefined && this.random.chance(0.05)) {
      this.mutator.honest(index, stale, this.stamp());
    } else {
      this.mutator.hostile(index, this.pick(), this.stamp());
    }
  }

  private pick(): OracleProbe {
    const any = this.random.chance(0.1) ? this.bySlot.get(this.random.below(SLOTS)) : undefined;
    if (any !== undefined) return any;
    return this.recent[this.random.below(this.recent.length)] as OracleProbe;
  }

  private expect(index: number): void {
    const verdict = this.oracle.judge(this.recordAt(index));
    const { counts } = this;
    if (verdict.what === 'alien') {
      counts.alien++;
      return;
    }
    if (verdict.what === 'error') {
      counts.errors++;
      return;
    }
    if (verdict.what === 'shot') throw new Error('there is no path, and so no probe');
    const { probe } = verdict;
    // The send's own stamp names a moment one millisecond before the tick.
    const rttNs = Number(this.rig.clock.monoNs) - probe.sentMono + 1e6;
    if (probe.state === 'out' && rttNs <= TIMEOUT_MS * 1e6) {
      counts.received++;
      this.rttSeconds += rttNs / 1e9;
    } else if (probe.state === 'lost' || probe.state === 'out') {
      if (rttNs > (TIMEOUT_MS + LATE_MS_MAX) * 1e6) {
        counts.alien++;
        return;
      }
      counts.late++;
    } else {
      counts.duplicates++;
    }
    probe.state = 'answered';
  }

  /** Stamps of an older use of a slot, or of a slot that nobody holds: they must change nothing. */
  private forgeStamps(): void {
    const { view, layout } = this.hot;
    for (let i = 0; i < HOSTILE_STAMPS; i++) {
      const { slot, generation } = this.pick();
      const at = layout.STAMPS + i * STAMP_BYTES;
      const other = (generation + this.random.between(1, 2046)) & 0x7ff;
      view.setUint32(at, (slot | (other << 21)) >>> 0, true);
      view.setUint32(at + 4, this.random.below(3), true);
      view.setBigUint64(at + 8, BigInt(this.random.below(2 ** 31)) ** 2n, true);
    }
  }
}

/** One number for each 4 KiB of the memory: where it differs something was written. */
export function pageHashes(hot: Hot): Int32Array {
  const words = new Int32Array(hot.buffer);
  const pages = new Int32Array(words.length >> 10);
  for (let page = 0; page < pages.length; page++) {
    let hash = 0x811c9dc5 | 0;
    for (let i = page << 10; i < (page + 1) << 10; i++) {
      hash = Math.imul(hash ^ (words[i] as number), 0x01000193);
    }
    pages[page] = hash;
  }
  return pages;
}

// Probes of every family and protocol in flight beside a few echoes, and answers of all kinds,
// genuine, late, doubled, spoiled and made up. After each inbox the outcomes must be those that the
// oracle said of the same bytes: field by field, in the same order, no more and no fewer.
import * as assert from 'uvu/assert';
import { type Hot, outboxAt } from '../../src/engine/hot.ts';
import {
  FLOWS_MAX,
  INBOX_MAX,
  INFLIGHT_MAX,
  PROBES_MAX,
  STAMP_BYTES,
} from '../../src/engine/limits.ts';
import { buildProbe, type ProbeOutcome, takeOutcomes } from '../../src/engine/probes.ts';
import { Oracle, type OracleProbe, type Verdict } from './oracle.ts';
import { openPath, PATHS, requestOf, sourceOf } from './paths.ts';
import { ProbeMutator, type Shot } from './probe-mutator.ts';
import type { OraclePath, OracleShot } from './probe-oracle.ts';
import { createRandom, type Random } from './random.ts';
import { addressOf, IDENTIFIER, openRig, type Rig, silence, specOf } from './rig.ts';
import { replyTo, type SentPacket } from './transport.ts';

const PROBE_TIMEOUT_MS = 300;
const TIMEOUT_MS = 1000;
const SLACK_MS = 20;
const STEP_MS = 5;
const PATHS_OPEN = 18;
/** The parser looks at no more for an answer by UDP. */
const SCAN_MAX = 512;
/** The send's own stamp names a moment one millisecond before the tick. */
const EARLY_NS = 1_000_000;
const FORMER_MAX = 512;
const HOSTILE_STAMPS = 4;
const ECHO_SLOTS = 64;
const PAYLOADS = [20, 21, 32, 57, 120, 200] as const;

type Expected = Pick<
  ProbeOutcome,
  'kind' | 'tag' | 'ttl' | 'flow' | 'rttNs' | 'info' | 'answerTtl' | 'quotedTtl' | 'mtu'
> & { labels: readonly number[]; address: string };

export class ProbeFuzzer {
  readonly rig: Rig;
  readonly counts = {
    packets: 0,
    sent: 0,
    refused: 0,
    answered: 0,
    late: 0,
    duplicates: 0,
    lost: 0,
    labels: 0,
    echoes: 0,
    alien: 0,
  };
  private readonly hot: Hot;
  private readonly random: Random;
  private readonly mutator: ProbeMutator;
  private readonly oracle: Oracle;
  private readonly paths = new Map<number, OraclePath>();
  private readonly byPlace = new Map<number, OracleShot>();
  private readonly bySlot = new Map<number, OracleProbe>();
  private ring: Shot[] = [];
  private tail = 0;
  private recent: Shot[] = [];
  /** Probes whose place has a new owner, or whose path was closed. */
  private readonly former: Shot[] = [];
  private expected: Expected[] = [];
  private tag = 0;

  constructor(seed: number) {
    this.random = createRandom(seed);
    this.rig = openRig(silence, {
      timeoutMs: TIMEOUT_MS,
      packetsPerSecond: 1,
      probeTimeoutMs: PROBE_TIMEOUT_MS,
    });
    this.hot = this.rig.hot;
    this.mutator = new ProbeMutator(this.hot, this.random);
    const oldestFirst = () => this.ring.slice(this.tail, this.tail + SCAN_MAX);
    const { byPlace } = this;
    this.oracle = new Oracle(this.hot, IDENTIFIER, this.bySlot, { byPlace, oldestFirst });
    for (const family of [4, 6] as const) {
      this.rig.engine.addSeries(specOf(family, 900, { intervalMs: 5, phaseMs: 1e9 }));
    }
    for (let i = 0; i < PATHS_OPEN; i++) this.open(i);
  }

  /** One wake-up: new probes, one inbox full of packets, expiry. */
  batch(): void {
    this.rest();
    if (this.random.chance(0.02)) this.reopen();
    if (this.random.chance(0.1)) this.echo();
    this.send(this.random.between(1, 6));
    for (let i = 0; i < INBOX_MAX; i++) this.write(i);
    for (let i = 0; i < INBOX_MAX; i++) this.expect(i);
    this.forgeStamps();
    this.hot.call.fold(INBOX_MAX, HOSTILE_STAMPS);
    this.counts.packets += INBOX_MAX;
    this.compareOutcomes();
  }

  /** A wake-up in which nothing came. */
  rest(): void {
    this.rig.clock.advanceMs(STEP_MS);
    this.rig.transport.drain();
    this.hot.call.fold(0, 0);
    this.hot.call.expire();
    this.expire();
    this.compareOutcomes();
  }

  /** A batch of which nothing is ours. */
  alienBatch(): void {
    for (let i = 0; i < INBOX_MAX; i++) {
      do this.write(i);
      while (this.oracle.judge(this.recordAt(i)).what !== 'alien');
    }
    this.forgeStamps();
    this.hot.call.fold(INBOX_MAX, HOSTILE_STAMPS);
    this.counts.packets += INBOX_MAX;
    this.counts.alien += INBOX_MAX;
    this.compareOutcomes();
  }

  /** Every packet must have been counted once. */
  compare(): void {
    const { engine } = this.rig;
    const { counts } = this;
    const aliens = Object.values(engine.figures().alien).reduce((total, n) => total + n, 0);
    const echoes = [0, 1].reduce((total, series) => {
      const { received, late, duplicates, icmpErrors } = engine.state(series);
      return total + received + late + duplicates + icmpErrors;
    }, 0);

    assert.is(aliens, counts.alien, 'alien packets');
    assert.is(echoes, counts.echoes, 'packets about echoes');
    const { answered, late, duplicates } = counts;
    assert.is(answered + late + duplicates + echoes + aliens, counts.packets, 'all are counted');
    const out = this.ring.slice(this.tail).filter(({ state }) => state === 'out').length;
    const echoesOut = [...this.bySlot.values()].filter(({ state }) => state === 'out').length;
    assert.is(this.hot.call.inflightCount(), out + echoesOut, 'in flight');
    assert.is(this.hot.call.probeRoom(), PROBES_MAX - (this.ring.length - this.tail), 'room');
  }

  /** Lets everything end. */
  finish(): void {
    for (let i = 0; i < (2 * TIMEOUT_MS) / STEP_MS; i++) this.rest();
    this.compare();
    assert.is(this.hot.call.inflightCount(), 0, 'in flight at the end');
    const { sent, answered, lost } = this.counts;
    assert.is(answered + lost, sent, 'each probe has one end');
  }

  private recordAt(index: number): number {
    return this.hot.layout.INBOX + index * this.hot.layout.RECORD_BYTES;
  }

  private open(number: number): void {
    const { family, protocol } = PATHS[number % PATHS.length] as (typeof PATHS)[number];
    // Three paths each lead to one target and to one port, whatever the protocol.
    const address = addressOf(family, 1 + (number % 2));
    const part = { address, source: sourceOf(family), port: 33_434 };
    const trace = openPath(this.rig, family, protocol, part);
    this.paths.set(trace, { family, protocol, address, isOpen: true });
  }

  private reopen(): void {
    const trace = this.random.below(PATHS_OPEN);
    const path = this.paths.get(trace);
    if (path === undefined) return;
    this.hot.call.closeTrace(trace);
    path.isOpen = false;
    this.open(this.random.below(PATHS_OPEN));
  }

  private send(n: number): void {
    let built = 0;
    for (; built < n; built++) {
      const request = requestOf(this.random.below(PATHS_OPEN), {
        ttl: this.random.between(1, 255),
        // Few flows, so that answers by UDP find several probes of theirs.
        flow: this.random.chance(0.5) ? this.random.below(3) : this.random.below(FLOWS_MAX),
        tag: this.tag + built,
        payloadBytes: this.random.pick(PAYLOADS),
      });
      if (!buildProbe(this.hot, request, built)) throw new Error('the ring is full');
      this.note(built, request);
    }
    this.tag += n;
    this.hot.call.settle(built);
  }

  private note(index: number, request: { trace: number; ttl: number; flow: number; tag: number }) {
    const { view } = this.hot;
    const record = outboxAt(this.hot, index);
    const isRefused = this.random.chance(0.03);
    view.setUint32(record + 24, isRefused ? 105 : 0, true);
    view.setBigUint64(record + 56, this.rig.clock.realNow() - BigInt(EARLY_NS), true);
    const path = this.paths.get(request.trace) as OraclePath;
    const { ttl, flow, tag } = request;
    const packet = this.packetAt(record, path);
    const shot: Shot = {
      place: (view.getUint32(record + 8, true) & 0x1f_ffff) - INFLIGHT_MAX,
      path,
      tag,
      ttl,
      flow,
      bytes: packet.bytes,
      packet,
      sentMono: Number(this.rig.clock.monoNs),
      state: isRefused ? 'refused' : 'out',
    };
    if (isRefused) this.counts.refused++;
    else this.counts.sent++;
    if (isRefused) this.expected.push({ ...nothing(shot), kind: 'refused', info: 105 });
    const owner = this.byPlace.get(shot.place) as Shot | undefined;
    if (owner !== undefined) this.former[this.random.below(FORMER_MAX)] = owner;
    this.byPlace.set(shot.place, shot);
    this.ring.push(shot);
    this.recent.push(shot);
    if (this.recent.length > 200) this.recent = this.recent.slice(-100);
  }

  private packetAt(record: number, { family, protocol, address }: OraclePath): SentPacket {
    const { view, bytes } = this.hot;
    const at = record + 64;
    return {
      family,
      protocol,
      key: view.getUint32(record + 8, true),
      bytes: bytes.slice(at, at + view.getUint32(record + 4, true)),
      destination: address,
      source: sourceOf(family),
      ttl: 0,
      tos: 0,
      dontFragment: false,
      sentMono: 0n,
    };
  }

  /** An echo or two, so that packets about them are among the rest. */
  private echo(): void {
    const { view, bytes, call } = this.hot;
    const built = call.flood(2);
    for (let i = 0; i < built; i++) {
      const record = outboxAt(this.hot, i);
      view.setUint32(record + 24, 0, true);
      view.setBigUint64(record + 56, this.rig.clock.realNow(), true);
      const echo = bytes.slice(record + 64, record + 64 + view.getUint32(record + 4, true));
      const family = view.getUint32(record, true) === 4 ? 4 : 6;
      const slot = view.getUint32(record + 64 + 8, true);
      this.bySlot.set(slot, {
        slot,
        generation: view.getUint32(record + 64 + 12, true),
        series: 0,
        family,
        echo,
        reply: replyTo({ family, bytes: echo } as SentPacket),
        address: bytes.slice(record + 32, record + 48),
        sentMono: Number(this.rig.clock.monoNs),
        state: 'out',
      });
    }
    call.settle(built);
  }

  private expire(): void {
    const now = Number(this.rig.clock.monoNs);
    for (; this.tail < this.ring.length; this.tail++) {
      const shot = this.ring[this.tail] as Shot;
      if (shot.state !== 'out') continue;
      if (shot.sentMono + (PROBE_TIMEOUT_MS + SLACK_MS) * 1e6 > now) break;
      this.lose(shot);
    }
    if (this.tail > 10_000) {
      this.ring = this.ring.slice(this.tail);
      this.tail = 0;
    }
    for (const echo of this.bySlot.values()) {
      const isOver = echo.sentMono + (TIMEOUT_MS + SLACK_MS) * 1e6 <= now;
      if (isOver && echo.state === 'out') echo.state = 'lost';
      // Long before its slot comes round again; the table is small.
      if (echo.sentMono + 80_000e6 < now) this.bySlot.delete(echo.slot);
    }
  }

  private lose(shot: OracleShot): void {
    shot.state = 'lost';
    this.counts.lost++;
    if (shot.path.isOpen) this.expected.push({ ...nothing(shot), kind: 'lost' });
  }

  private write(index: number): void {
    const { random, mutator } = this;
    const stampNs = this.rig.clock.realNow();
    if (random.chance(0.05)) {
      mutator.plain.noise(index, stampNs);
      return;
    }
    const echo = this.bySlot.get(random.below(ECHO_SLOTS));
    if (echo !== undefined && random.chance(0.05)) {
      mutator.plain.hostile(index, echo, stampNs);
      return;
    }
    mutator.write(index, this.pick(), stampNs);
  }

  private pick(): Shot {
    const { random, recent } = this;
    const any = random.chance(0.15) ? this.former[random.below(FORMER_MAX)] : undefined;
    return any ?? (recent[random.below(recent.length)] as Shot);
  }

  /** Of an older use of a slot, or of a slot that there is not: they must change nothing. */
  private forgeStamps(): void {
    const { view, layout } = this.hot;
    for (let i = 0; i < HOSTILE_STAMPS; i++) {
      const { key } = this.recent[this.random.below(this.recent.length)]?.packet ?? { key: 0 };
      const other = ((key >>> 21) + this.random.between(1, 2047)) & 0x7ff;
      const isNone = this.random.chance(0.2);
      const slot = isNone ? this.random.between(INFLIGHT_MAX + PROBES_MAX, 0x1f_ffff) : key;
      const at = layout.STAMPS + i * STAMP_BYTES;
      view.setUint32(at, ((slot & 0x1f_ffff) | (other << 21)) >>> 0, true);
      view.setUint32(at + 4, this.random.below(3), true);
      view.setBigUint64(at + 8, BigInt(this.random.below(2 ** 31)) ** 2n, true);
    }
  }

  private expect(index: number): void {
    const verdict = this.oracle.judge(this.recordAt(index));
    const { counts } = this;
    if (verdict.what === 'alien') counts.alien++;
    else if (verdict.what === 'shot') this.expectOutcome(this.recordAt(index), verdict);
    else {
      counts.echoes++;
      if (verdict.what === 'reply') verdict.probe.state = 'answered';
    }
  }

  private expectOutcome(record: number, verdict: Verdict & { what: 'shot' }): void {
    const { shot, kind, said, from } = verdict;
    const { counts } = this;
    if (shot.state === 'answered') {
      counts.duplicates++;
      return;
    }
    const rttNs = Number(this.rig.clock.monoNs) - shot.sentMono + EARLY_NS;
    if (shot.state === 'out' && rttNs > PROBE_TIMEOUT_MS * 1e6) this.lose(shot);
    const isLate = shot.state === 'lost';
    if (isLate) counts.late++;
    else counts.answered++;
    shot.state = 'answered';
    const { view, bytes } = this.hot;
    const isIp4 = view.getUint32(record, true) === 4;
    const told = isIp4 ? (bytes[record + 64 + 8] ?? 0) : view.getUint32(record + 48, true);
    const isError = kind === 'error' && !isLate;
    counts.labels += isError ? said.labels.length : 0;
    this.expected.push({
      ...nothing(shot),
      kind: isLate ? 'late' : kind,
      rttNs,
      info: said.info,
      answerTtl: told > 255 ? null : told,
      quotedTtl: isError ? said.quotedTtl : null,
      mtu: isError ? said.mtu : null,
      // Without the bit for the bottom of a stack.
      labels: isError ? said.labels.map((entry) => (entry & ~256) >>> 0) : [],
      address: hex(bytes.slice(from, from + (isIp4 ? 4 : 16))),
    });
  }

  private compareOutcomes(): void {
    const outcomes = takeOutcomes(this.hot, 1e6);
    assert.is(outcomes.length, this.expected.length, 'as many outcomes as the oracle knows');
    outcomes.forEach((outcome, i) => {
      assert.equal(toExpected(outcome), this.expected[i], `outcome ${i} of a batch`);
    });
    this.expected = [];
  }
}

function nothing({ tag, ttl, flow }: OracleShot): Expected {
  const none = { rttNs: null, answerTtl: null, quotedTtl: null, mtu: null };
  return { kind: 'lost', tag, ttl, flow, info: 0, ...none, labels: [], address: hex([]) };
}

function toExpected(outcome: ProbeOutcome): Expected {
  const { kind, tag, ttl, flow, rttNs, info, answerTtl, quotedTtl, mtu } = outcome;
  const labels = outcome.labels.map(
    (one) => (one.label * 4096 + one.trafficClass * 512 + one.ttl) >>> 0,
  );
  const address = hex(outcome.address);
  return { kind, tag, ttl, flow, rttNs, info, answerTtl, quotedTtl, mtu, labels, address };
}

/** Sixteen bytes; what is missing at the end is 0. */
function hex(bytes: ArrayLike<number>): string {
  return Buffer.from(Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0)).toString('hex');
}

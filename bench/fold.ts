// What one sample costs once it lies in memory: its stamp and its reply are taken in, matched and
// counted (cookie, checksum, RTT, buckets, histogram, round). Packets are laid by hand into the
// inbox, sixty-four at a time, as a drain would; only the call that folds them is timed.
import { type Hot, inboxAt, loadHot, outboxAt, packetAt } from '../src/engine/hot.ts';
import { INBOX_MAX, OUTBOX_MAX, RECORD_HEADER_BYTES, STAMP_BYTES } from '../src/engine/limits.ts';

const BATCHES = 4000;
const ROUNDS = 7;
const SERIES = 64;
const IP4_HEADER_BYTES = 20;
const RTT_NS = 5_000_000n;
/** Each batch is one second of 64 targets, so that a round has thirty samples as it should. */
const INTERVAL_NS = 1_000_000_000n;
export const RECORDS = 1024;

export interface FoldFigures {
  /** ns for each sample of a full inbox: IPv4, 56 bytes of payload, kernel stamps both ways. */
  foldNs: number;
  /** ns for each value of a row recorded into one histogram. */
  recordNs: number;
}

/** Medians of seven runs; throws when what was folded is not what was counted. */
export function measureFold(): FoldFigures {
  return { foldNs: median(measure(foldRun)), recordNs: median(measure(recordRun)) };
}

function measure(run: (hot: Hot) => number): number[] {
  const hot = openFold();
  run(hot);
  return Array.from({ length: ROUNDS }, () => run(hot));
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** A memory with as many series as an inbox has room. */
export function openFold(): Hot {
  const hot = loadHot();
  open(hot);
  return hot;
}

function open(hot: Hot): void {
  setAnchor(hot, 1_000_000_000_000n);
  hot.call.configure(0x1000, 65_536, 30e9, 5e9, 0);
  const { layout, view } = hot;
  for (let i = 0; i < SERIES; i++) {
    const series = hot.call.newSeries();
    const base = layout.SERIES + series * layout.SERIES_BYTES;
    view.setUint32(base + layout.S_FAMILY, 4, true);
    view.setUint32(base + layout.S_ADDRESS, 0x0a000001 + (i << 24), true);
    view.setUint32(base + layout.S_PAYLOAD, 56, true);
    view.setBigUint64(base + layout.S_INTERVAL, 10_000_000n, true);
    hot.call.startSeries(series, 1e15);
  }
}

function setAnchor({ view, layout }: Hot, mono: bigint): void {
  view.setBigUint64(layout.CONTROL, mono, true);
  view.setBigUint64(layout.CONTROL + 8, mono + 1_700_000_000_000_000_000n, true);
  view.setBigUint64(layout.CONTROL + 16, 50n, true);
}

/** ns for each sample: the median of BATCHES full inboxes, so that preemption does not enter. */
function foldRun(hot: Hot): number {
  const before = received(hot);
  const spent: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    prepareBatch(hot);
    const start = process.hrtime.bigint();
    hot.call.fold(INBOX_MAX, INBOX_MAX);
    spent.push(Number(process.hrtime.bigint() - start));
    finishBatch(hot);
  }
  const samples = received(hot) - before;
  if (samples !== BATCHES * INBOX_MAX) throw new Error(`${samples} samples were counted`);
  return median(spent) / INBOX_MAX;
}

/** An inbox full of answers to what was sent a second ago: what a drain leaves for fold. */
export function prepareBatch(hot: Hot): void {
  const mono = hot.view.getBigUint64(hot.layout.CONTROL, true);
  const built = hot.call.flood(OUTBOX_MAX);
  for (let i = 0; i < built; i++) answer(hot, i, mono + 1_700_000_000_000_000_000n);
  hot.call.settle(built);
  setAnchor(hot, mono + INTERVAL_NS);
}

export function finishBatch(hot: Hot): void {
  hot.call.fold(0, 0);
  hot.call.expire();
}

/** Sum over the series: what makes a wrong result impossible to overlook. */
function received({ f64, layout }: Hot): number {
  let sum = 0;
  for (let series = 0; series < SERIES; series++) {
    sum += f64[(layout.SERIES + series * layout.SERIES_BYTES + layout.S_RECEIVED) / 8] ?? 0;
  }
  return sum;
}

/** The reply to outbox record `i` in the inbox, and the stamp of its send. */
function answer(hot: Hot, i: number, sentReal: bigint): void {
  const { view, bytes, layout } = hot;
  const out = outboxAt(hot, i);
  const record = inboxAt(hot, i);
  const length = view.getUint32(out + 4, true);
  const total = IP4_HEADER_BYTES + length;
  const packet = packetAt(record);
  view.setUint32(out + 24, 0, true);
  view.setBigUint64(out + 56, sentReal, true);
  bytes.fill(0, record, record + RECORD_HEADER_BYTES + IP4_HEADER_BYTES);
  view.setUint32(record, 4, true);
  view.setUint32(record + 4, total, true);
  view.setBigUint64(record + 8, sentReal + RTT_NS + BigInt(i * 1000), true);
  view.setUint32(record + 28, 2, true);
  view.setUint32(packet, 0x45 | ((total & 0xff) << 24) | ((total >> 8) << 16), true);
  view.setUint16(packet + 8, 0x0139, true);
  view.setUint32(packet + 12, view.getUint32(out + 32, true), true);
  bytes.copyWithin(packet + IP4_HEADER_BYTES, packetAt(out), packetAt(out) + length);
  toReply(hot, packet + IP4_HEADER_BYTES);
  const stamp = layout.STAMPS + i * STAMP_BYTES;
  view.setUint32(stamp, view.getUint32(out + 8, true), true);
  view.setUint32(stamp + 4, 0, true);
  view.setBigUint64(stamp + 8, sentReal + 500n, true);
}

/** Type 8 becomes 0; RFC 1624 says what that does to the checksum. */
function toReply({ view, bytes }: Hot, icmp: number): void {
  bytes[icmp] = 0;
  const sum = view.getUint16(icmp + 2, false) + 0x0800;
  view.setUint16(icmp + 2, (sum & 0xffff) + (sum >> 16), false);
}

/** RECORDS round-trip times as they come, and where they lie. */
export function layValues(hot: Hot): number {
  const place = hot.layout.INBOX;
  for (let i = 0; i < RECORDS; i++) hot.f64[place / 8 + i] = 1e6 + ((i * 7919) % 1024) * 40_000;
  return place;
}

/** ns for each value over BATCHES rows. */
function recordRun(hot: Hot): number {
  const place = layValues(hot);
  hot.call.resetHistogram(0);
  const start = process.hrtime.bigint();
  for (let batch = 0; batch < BATCHES; batch++) hot.call.recordRtts(0, place, RECORDS);
  const spent = Number(process.hrtime.bigint() - start);
  const counted = hot.call.histogramQuantiles(0, 1);
  if (counted !== BATCHES * RECORDS) throw new Error(`${counted} values were counted`);
  return spent / counted;
}

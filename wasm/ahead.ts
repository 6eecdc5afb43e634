// A look ahead over a full inbox. With thousands of series nearly every table that a sample changes
// is a miss of the caches, and while a sample is taken in each of them waits for the one before.
// Here a word of every table is read for all packets first, and no read waits for another. What a
// packet says is not believed: its slot is masked, and an entry holds numbers of our own.
import { ICMP_HEADER_BYTES } from './echo';
import { F_EPOCH, F_SEQ, F_SERIES, F_STAMP, flightAt } from './flight';
import { sparkyBucket } from './fold';
import { peekHistogram } from './histogram';
import { INBOX, RECORD_BYTES } from './layout';
import { INFLIGHT_MAX, RECORD_HEADER_BYTES } from './limits';
import { IP4_HEADER_BYTES, KIND_IP4 } from './parse';
import { peekRound } from './round';
import { at, S_BUCKETS, S_PAIR_RTT, seriesEnd, windowAt } from './series';

/** Below either it gains nothing: what a few series need stays in the caches. */
const PACKETS_MIN: u32 = 8;
const SERIES_MIN: u32 = 256;

/** The sum of all that was read, kept so that the compiler does not leave it out. */
let seen: u32 = 0;

export function lookAhead(packets: u32): void {
  if (packets < PACKETS_MIN || seriesEnd < SERIES_MIN) return;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < packets; i++) {
    const record = INBOX + i * RECORD_BYTES;
    const header: u32 = load<u32>(record) == KIND_IP4 ? IP4_HEADER_BYTES : 0;
    const slot = load<u32>(record + RECORD_HEADER_BYTES + header + ICMP_HEADER_BYTES);
    const entry = flightAt(slot & (INFLIGHT_MAX - 1));
    const series = load<u32>(entry + F_SERIES);
    const block = at(series);
    sum += load<u32>(block) + load<u32>(block + S_PAIR_RTT);
    sum += load<u32>(windowAt(series, load<u32>(entry + F_SEQ)));
    sum += peekRound(series, load<u32>(entry + F_EPOCH));
    const rtt = load<u64>(record + 8) - load<u64>(entry + F_STAMP);
    sum += load<u32>(block + S_BUCKETS + sparkyBucket(rtt) * 8) + peekHistogram(series, rtt);
  }
  seen = sum;
}

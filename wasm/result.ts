// Outcomes of TTL-limited probes, for TypeScript to read. At most some hundred a second come up.
//
//   0 f64 kind        8 trace      16 tag         24 TTL         32 flow
//  40 RTT ns (−1)    48 quality (−1)              56 sent, Unix ms
//  64 info: type << 8 | code of an ICMP error or echo reply, TCP flags, errno of a refused send
//  72 TTL of the answer (−1)                      80 TTL that the error quotes (−1)
//  88 MTU that the error tells (−1)              96 number of MPLS labels
// 104 16 bytes address of whoever answered      128 u32 label stack entries (RFC 3032, host order)
import { F_ATTEMPT, F_SENT_USER, F_SEQ, F_SERIES } from './flight';
import { RESULT_BYTES, RESULTS } from './layout';
import { RESULTS_MAX } from './limits';
import { DROP_RESULTS, drop, RING_RESULTS, ringRead, ringWrite, ringWritten } from './ring';

export const RESULT_LOST: u32 = 1;
export const RESULT_REFUSED: u32 = 2;
/** An ICMP error of a router or of the target. */
export const RESULT_ERROR: u32 = 3;
export const RESULT_ECHO: u32 = 4;
export const RESULT_TCP: u32 = 5;
export const RESULT_UDP: u32 = 6;
/** Answered, but a step of the clock took away its time. */
export const RESULT_DISCARDED: u32 = 7;
/** Answered after it was counted as lost. */
export const RESULT_LATE: u32 = 8;

/** A new result about the probe in `entry`, or 0 when nobody has read the old ones (counted). */
export function writeResult(kind: u32, entry: u32): u32 {
  const written = ringWritten(RING_RESULTS);
  if (written - ringRead(RING_RESULTS) >= RESULTS_MAX) {
    drop(DROP_RESULTS);
    return 0;
  }
  const result = RESULTS + (written % RESULTS_MAX) * RESULT_BYTES;
  memory.fill(result, 0, RESULT_BYTES);
  store<f64>(result, <f64>kind);
  store<f64>(result + 8, <f64>load<u32>(entry + F_SERIES));
  store<f64>(result + 16, <f64>load<u32>(entry + F_ATTEMPT));
  store<f64>(result + 24, <f64>(load<u32>(entry + F_SEQ) & 0xffff));
  store<f64>(result + 32, <f64>(load<u32>(entry + F_SEQ) >> 16));
  store<f64>(result + 40, -1);
  store<f64>(result + 48, -1);
  store<f64>(result + 56, <f64>(load<u64>(entry + F_SENT_USER) / 1000) / 1000);
  store<f64>(result + 72, -1);
  store<f64>(result + 80, -1);
  store<f64>(result + 88, -1);
  ringWrite(RING_RESULTS);
  return result;
}

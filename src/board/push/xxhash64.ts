// XXH64 with seed 0 (xxHash specification 0.1.1), as vmagent names the directory of a queue. For
// texts as long as a URL: BigInt is good enough.

const MASK = 0xffff_ffff_ffff_ffffn;
const P1 = 0x9e37_79b1_85eb_ca87n;
const P2 = 0xc2b2_ae3d_27d4_eb4fn;
const P3 = 0x1656_67b1_9e37_79f9n;
const P4 = 0x85eb_ca77_c2b2_ae63n;
const P5 = 0x27d4_eb2f_1656_67c5n;

export function xxhash64(text: string): bigint {
  const bytes = Buffer.from(text, 'utf8');
  const { start, hash } = stripes(bytes);
  return avalanche(tail(bytes, start, add(hash, BigInt(bytes.length))));
}

// 32 bytes at a time, in four lanes.
function stripes(bytes: Buffer): { start: number; hash: bigint } {
  if (bytes.length < 32) return { start: 0, hash: P5 };
  const lanes = [add(P1, P2), P2, 0n, (-P1 & MASK) as bigint];
  let at = 0;
  for (; at + 32 <= bytes.length; at += 32) {
    for (const [index, lane] of lanes.entries()) {
      lanes[index] = round(lane, bytes.readBigUInt64LE(at + index * 8));
    }
  }
  const turns = [1n, 7n, 12n, 18n];
  let hash = lanes.reduce((sum, lane, index) => add(sum, rotate(lane, turns[index] ?? 0n)), 0n);
  for (const lane of lanes) hash = add(multiply(hash ^ round(0n, lane), P1), P4);
  return { start: at, hash };
}

function tail(bytes: Buffer, start: number, seed: bigint): bigint {
  let [at, hash] = [start, seed];
  for (; at + 8 <= bytes.length; at += 8) {
    hash = add(multiply(rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n), P1), P4);
  }
  if (at + 4 <= bytes.length) {
    hash = add(multiply(rotate(hash ^ multiply(BigInt(bytes.readUInt32LE(at)), P1), 23n), P2), P3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = multiply(rotate(hash ^ multiply(BigInt(bytes[at] ?? 0), P5), 11n), P1);
  }
  return hash;
}

function avalanche(seed: bigint): bigint {
  const once = multiply(seed ^ (seed >> 33n), P2);
  const twice = multiply(once ^ (once >> 29n), P3);
  return twice ^ (twice >> 32n);
}

function round(lane: bigint, word: bigint): bigint {
  return multiply(rotate(add(lane, multiply(word, P2)), 31n), P1);
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function add(a: bigint, b: bigint): bigint {
  return (a + b) & MASK;
}

function multiply(a: bigint, b: bigint): bigint {
  return (a * b) & MASK;
}

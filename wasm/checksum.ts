// The Internet checksum (RFC 1071), summed in 64-bit words: for packets of probe size this beats
// 16-bit words and SIMD.

/** The folded one's-complement sum of `length` bytes, not inverted; 0xffff over a valid packet. */
export function onesSum(address: u32, length: u32): u32 {
  let sum: u64 = 0;
  let at = address;
  const end = address + length;
  for (; at + 16 <= end; at += 16) {
    sum += <u64>load<u32>(at) + <u64>load<u32>(at + 4);
    sum += <u64>load<u32>(at + 8) + <u64>load<u32>(at + 12);
  }
  for (; at + 4 <= end; at += 4) sum += <u64>load<u32>(at);
  if (at + 2 <= end) {
    sum += <u64>load<u16>(at);
    at += 2;
  }
  if (at < end) sum += <u64>load<u8>(at);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return <u32>sum;
}

/** The checksum to store (in memory order) in a packet whose checksum field is zero. */
export function checksum(address: u32, length: u32): u16 {
  return <u16>(onesSum(address, length) ^ 0xffff);
}

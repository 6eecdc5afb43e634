// CRC-32C (Castagnoli, RFC 3720 §12.1 and appendix B.4), reflected. Eight tables in a row, so that
// one step takes eight bytes: table k gives the effect of a byte that is k bytes further away.

const POLYNOMIAL = 0x82f63b78;
const TABLES = makeTables();

/** The checksum as an unsigned 32-bit number; `end` is exclusive and lies within `bytes`. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  let at = start;
  for (const last = end - 7; at < last; at += 8) {
    const low = crc ^ word(bytes, at);
    const high = word(bytes, at + 4);
    crc =
      entry(0x700 | (low & 0xff)) ^
      entry(0x600 | ((low >>> 8) & 0xff)) ^
      entry(0x500 | ((low >>> 16) & 0xff)) ^
      entry(0x400 | (low >>> 24)) ^
      entry(0x300 | (high & 0xff)) ^
      entry(0x200 | ((high >>> 8) & 0xff)) ^
      entry(0x100 | ((high >>> 16) & 0xff)) ^
      entry(high >>> 24);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ entry((crc ^ (bytes[at] as number)) & 0xff);
  return ~crc >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function entry(index: number): number {
  return TABLES[index] as number;
}

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const nearer = tables[at - 256] as number;
    tables[at] = (nearer >>> 8) ^ (tables[nearer & 0xff] as number);
  }
  return tables;
}

import { crc32c } from '../../core/crc32c.ts';

// The bytes of a segment of the round store. All numbers are little endian.
//
//   0   8  "flintseg"
//   8   4  format version
//   12  4  CRC-32C of bytes 0 to 11
//   16     frames, without gaps: u32 payload length, u32 CRC-32C of the payload, payload
//
// The sum over the header tells a damaged version number from a newer one. A reader walks from
// frame to frame by their lengths; where a frame is damaged it tries every following byte until a
// frame with a right sum begins there.

export const SEGMENT_VERSION = 1;
export const HEADER_BYTES = 16;
export const FRAME_HEADER_BYTES = 8;
export const PAYLOAD_BYTES_MAX = 16_384;

const MAGIC = Uint8Array.from([...'flintseg'].map((letter) => letter.charCodeAt(0)));
// The damaged regions of a segment are searched for so many bytes of checksums (some 6 ms) in all.
const SEARCH_BYTES_MAX = 4 * 1_048_576;

export type HeaderState =
  | { kind: 'whole' }
  /** The file ends within the header: it was being made. */
  | { kind: 'short' }
  | { kind: 'damaged' }
  | { kind: 'newer'; version: number };

/** A place in the frames of a segment; `nextFrame` moves it. */
export interface FrameCursor {
  readonly bytes: Uint8Array;
  /** Nothing at or behind it is looked at. */
  readonly end: number;
  /** The payload of the present frame. */
  start: number;
  length: number;
  /** Where the next frame begins. */
  at: number;
  /** Damaged regions met so far, the last of which may reach to the end. */
  gaps: number;
  searchedBytes: number;
}

export function encodeHeader(): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  putUint32(header, 8, SEGMENT_VERSION);
  putUint32(header, 12, crc32c(header, 0, 12));
  return header;
}

export function readHeader(bytes: Uint8Array): HeaderState {
  if (bytes.length < HEADER_BYTES) return { kind: 'short' };
  const isOurs = MAGIC.every((byte, index) => bytes[index] === byte);
  if (!isOurs || uint32(bytes, 12) !== crc32c(bytes, 0, 12)) return { kind: 'damaged' };
  const version = uint32(bytes, 8);
  return version > SEGMENT_VERSION ? { kind: 'newer', version } : { kind: 'whole' };
}

/** Writes one frame at `at` and returns where the next begins; null when there is no room. */
export function putFrame(target: Uint8Array, at: number, payload: Uint8Array): number | null {
  const start = at + FRAME_HEADER_BYTES;
  if (start + payload.length > target.length) return null;
  putUint32(target, at, payload.length);
  putUint32(target, at + 4, crc32c(payload));
  target.set(payload, start);
  return start + payload.length;
}

/** A cursor before the first frame; `end` is how many bytes of `bytes` are the segment's. */
export function openFrames(bytes: Uint8Array, end: number): FrameCursor {
  return { bytes, end, start: 0, length: 0, at: HEADER_BYTES, gaps: 0, searchedBytes: 0 };
}

/**
 * Moves to the next frame, over what cannot be one. Its payload is not verified yet: whoever
 * trusts it calls `verifyFrame` first.
 */
export function nextFrame(cursor: FrameCursor): boolean {
  if (cursor.at >= cursor.end) return false;
  if (lengthAt(cursor, cursor.at) === null && !resynchronise(cursor, cursor.at + 1)) return false;
  cursor.start = cursor.at + FRAME_HEADER_BYTES;
  cursor.length = lengthAt(cursor, cursor.at) ?? 0;
  cursor.at = cursor.start + cursor.length;
  return true;
}

/** True when the checksum is right; otherwise the cursor moves before the next intact frame. */
export function verifyFrame(cursor: FrameCursor): boolean {
  const { bytes, start, length } = cursor;
  if (uint32(bytes, start - 4) === crc32c(bytes, start, start + length)) return true;
  resynchronise(cursor, start - FRAME_HEADER_BYTES + 1);
  return false;
}

function resynchronise(cursor: FrameCursor, from: number): boolean {
  cursor.gaps++;
  const last = cursor.end - FRAME_HEADER_BYTES;
  for (let at = from; at < last && cursor.searchedBytes < SEARCH_BYTES_MAX; at++) {
    const length = lengthAt(cursor, at);
    if (length === null) continue;
    const start = at + FRAME_HEADER_BYTES;
    cursor.searchedBytes += length;
    if (uint32(cursor.bytes, at + 4) !== crc32c(cursor.bytes, start, start + length)) continue;
    cursor.at = at;
    return true;
  }
  cursor.at = cursor.end;
  return false;
}

function lengthAt({ bytes, end }: FrameCursor, at: number): number | null {
  if (at + FRAME_HEADER_BYTES >= end) return null;
  const length = uint32(bytes, at);
  const isPossible = length > 0 && length <= PAYLOAD_BYTES_MAX;
  return isPossible && at + FRAME_HEADER_BYTES + length <= end ? length : null;
}

function uint32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  return (low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  for (let index = 0; index < 4; index++) bytes[at + index] = value >>> (8 * index);
}

import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { crc32c } from '../../../src/core/crc32c.ts';
import {
  encodeHeader,
  FRAME_HEADER_BYTES,
  HEADER_BYTES,
  nextFrame,
  openFrames,
  PAYLOAD_BYTES_MAX,
  putFrame,
  readHeader,
  SEGMENT_VERSION,
  verifyFrame,
} from '../../../src/probe/store/segment.ts';
import { suite } from '../../helper.ts';

const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 });

suite('probe/store/segment', ({ test }) => {
  test('has the header that is documented', () => {
    const header = Buffer.from(encodeHeader());

    assert.is(header.toString('latin1', 0, 8), 'flintseg');
    assert.is(header.readUInt32LE(8), SEGMENT_VERSION);
    assert.is(header.readUInt32LE(12), crc32c(header, 0, 12));
    assert.equal(readHeader(header), { kind: 'whole' });
  });

  test('tells a newer format from a damaged header and from a short one', () => {
    const newer = Buffer.from(encodeHeader());
    newer.writeUInt32LE(SEGMENT_VERSION + 1, 8);
    newer.writeUInt32LE(crc32c(newer, 0, 12), 12);
    assert.equal(readHeader(newer), { kind: 'newer', version: SEGMENT_VERSION + 1 });

    for (let bit = 0; bit < HEADER_BYTES * 8; bit++) {
      assert.equal(readHeader(flipped(encodeHeader(), bit)), { kind: 'damaged' });
    }
    for (let length = 0; length < HEADER_BYTES; length++) {
      assert.equal(readHeader(encodeHeader().subarray(0, length)), { kind: 'short' });
    }
  });

  test('gives back the frames that were put', () => {
    fc.assert(
      fc.property(payloads, (parts) => {
        const bytes = segmentOf(parts);
        const { frames, gaps } = framesOf(bytes);

        assert.equal(frames, parts.map(hex));
        assert.is(gaps, 0);
      }),
    );
  });

  test('puts nothing that does not fit', () => {
    const target = new Uint8Array(20);

    assert.is(putFrame(target, 0, new Uint8Array(13)), null);
    assert.equal(target, new Uint8Array(20));
    assert.is(putFrame(target, 0, new Uint8Array(12)), 20);
  });

  test('loses only frames that a damaged byte belongs to', () => {
    fc.assert(
      fc.property(payloads, fc.nat(), (parts, place) => {
        const bytes = segmentOf(parts);
        const frameBits = (bytes.length - HEADER_BYTES) * 8;
        if (frameBits === 0) return;
        const bit = HEADER_BYTES * 8 + (place % frameBits);
        const { frames, gaps } = framesOf(flipped(bytes, bit));

        assert.equal(frames, parts.filter((_, index) => index !== frameAt(parts, bit)).map(hex));
        assert.is(gaps, 1);
      }),
      { numRuns: 2000 },
    );
  });

  test('keeps every whole frame of a torn file', () => {
    const parts = [Uint8Array.of(1, 2, 3), Uint8Array.of(4), Uint8Array.of(5, 6)];
    const bytes = segmentOf(parts);
    const ends = [HEADER_BYTES, HEADER_BYTES + 11, HEADER_BYTES + 20, HEADER_BYTES + 30];
    for (let length = HEADER_BYTES; length <= bytes.length; length++) {
      const { frames, gaps } = framesOf(bytes.subarray(0, length));
      const whole = ends.filter((end) => end <= length).length - 1;

      assert.equal(frames, parts.slice(0, whole).map(hex));
      assert.is(gaps, ends.includes(length) ? 0 : 1);
    }
  });

  test('ends in bounded time on any bytes, finding nothing in zeros or noise', () => {
    const zeros = new Uint8Array(1_048_576);
    zeros.set(encodeHeader());
    assert.equal(framesOf(zeros), { frames: [], gaps: 1 });

    // Each fourth byte begins what looks like the length of a long frame.
    const lengths = new Uint8Array(1_048_576);
    for (let at = HEADER_BYTES; at + 4 <= lengths.length; at += 4) lengths[at + 1] = 0x3f;
    const start = performance.now();
    assert.equal(framesOf(lengths), { frames: [], gaps: 1 });
    assert.ok(performance.now() - start < 500);

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        const { frames } = framesOf(Buffer.concat([encodeHeader(), noise]));
        assert.equal(frames, []);
      }),
    );
  });

  test('never takes a length beyond the bound or the end', () => {
    const bytes = Buffer.concat([encodeHeader(), new Uint8Array(FRAME_HEADER_BYTES + 4)]);
    for (const length of [0, 5, PAYLOAD_BYTES_MAX + 1, 0xffff_ffff]) {
      bytes.writeUInt32LE(length, HEADER_BYTES);
      assert.equal(framesOf(bytes), { frames: [], gaps: 1 });
    }
  });
});

function segmentOf(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + FRAME_HEADER_BYTES + part.length, HEADER_BYTES);
  const bytes = new Uint8Array(length);
  bytes.set(encodeHeader());
  let at: number | null = HEADER_BYTES;
  for (const part of parts) at = putFrame(bytes, at ?? length, part);
  assert.is(at, length);
  return bytes;
}

function framesOf(bytes: Uint8Array): { frames: string[]; gaps: number } {
  const cursor = openFrames(bytes, bytes.length);
  const frames: string[] = [];
  while (nextFrame(cursor)) {
    const { start, length } = cursor;
    if (verifyFrame(cursor)) frames.push(hex(bytes.subarray(start, start + length)));
  }
  return { frames, gaps: cursor.gaps };
}

function frameAt(parts: readonly Uint8Array[], bit: number): number {
  let end = HEADER_BYTES;
  return parts.findIndex((part) => {
    end += FRAME_HEADER_BYTES + part.length;
    return bit < end * 8;
  });
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

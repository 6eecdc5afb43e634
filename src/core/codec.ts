import { Packr } from 'msgpackr/pack';

// MessagePack without extensions, so that any other reader understands it: maps are plain maps, and
// a 64-bit integer becomes a number. The subpath is the package without its native part and its
// streams, which cost 6 MiB of memory and are not used.

const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: 'number' });

/** The bytes may share a pool with others: copy them to keep them for long. */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Throws on bytes that are no MessagePack; the caller bounds their number and checks the shape. */
export function decode(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

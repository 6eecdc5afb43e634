// Reads whole segments into one buffer that lives as long as the store: a page reads dozens of
// them, and a fresh mebibyte each time would be garbage for the collector. One reader at a time has
// it.

const fs = process.getBuiltinModule('node:fs').promises;

export interface SegmentReader {
  /** Runs `work` on the first `length` bytes of a file; null when it is gone or unreadable. */
  use<T>(file: SegmentFile, work: SegmentWork<T>): Promise<T | null>;
}

export interface SegmentFile {
  path: string;
  bytes: number;
}

export type SegmentWork<T> = (bytes: Uint8Array, length: number) => Promise<T>;

// No segment of ours is longer; of a foreign file no more is read.
const READ_BYTES_MAX = 2 * 1_048_576;
const READ_BYTES_STEP = 65_536;

export function openSegmentReader(onError: (error: unknown) => void): SegmentReader {
  let buffer = new Uint8Array(0);
  let turn: Promise<unknown> = Promise.resolve();

  async function load<T>(file: SegmentFile, work: SegmentWork<T>): Promise<T | null> {
    const bytes = Math.min(file.bytes, READ_BYTES_MAX);
    if (buffer.length < bytes) {
      buffer = new Uint8Array(Math.ceil(bytes / READ_BYTES_STEP) * READ_BYTES_STEP);
    }
    const length = await readFile(file.path, buffer.subarray(0, bytes), onError);
    return length === null ? null : work(buffer, length);
  }

  return {
    use(file, work) {
      const result = turn.then(() => load(file, work));
      turn = result.catch(() => undefined);
      return result;
    },
  };
}

async function readFile(
  path: string,
  target: Uint8Array,
  onError: (error: unknown) => void,
): Promise<number | null> {
  try {
    const handle = await fs.open(path, 'r');
    try {
      let length = 0;
      while (length < target.length) {
        const { bytesRead } = await handle.read(target, length, target.length - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return length;
    } finally {
      await handle.close();
    }
  } catch (error) {
    // A segment that grew too old while a query was on its way is no error.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onError(error);
    return null;
  }
}

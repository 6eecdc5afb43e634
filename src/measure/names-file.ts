// The system's small text files. They may be absent, half written or absurdly large (a hosts file
// that blocks, the routes of a border router): then as much is read as a probe can afford.

const fs = process.getBuiltinModule('node:fs');

const CHUNK_BYTES = 64 * 1024;

/**
 * At most `bytesMax` bytes as Latin-1 (a character a byte), cut after a whole line; empty when the
 * file is absent or cannot be read.
 */
export function readText(path: string, bytesMax: number): string {
  let fd: number;
  try {
    fd = fs.openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    return readUpTo(fd, bytesMax);
  } catch {
    // A directory, or a disk that fails: nothing to be learnt from it.
    return '';
  } finally {
    fs.closeSync(fd);
  }
}

/** Changes whenever the file does; null while there is none. */
export function versionOf(path: string): string | null {
  const stat = fs.statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stat === undefined) return null;
  return `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

// Files of /proc tell no size, and give a part of themselves a read.
function readUpTo(fd: number, bytesMax: number): string {
  const parts: Buffer[] = [];
  for (let left = bytesMax; left > 0; ) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, left));
    const got = fs.readSync(fd, chunk);
    if (got === 0) return Buffer.concat(parts).toString('latin1');
    parts.push(chunk.subarray(0, got));
    left -= got;
  }
  const text = Buffer.concat(parts).toString('latin1');
  return text.slice(0, text.lastIndexOf('\n') + 1);
}

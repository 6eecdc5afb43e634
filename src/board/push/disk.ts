const fs = process.getBuiltinModule('node:fs');

// Why vmagent cannot keep its queue, asked of the disk itself: as a unit its last words are in the
// journal, and as a child they are cut.

export type DiskFault = 'full' | 'no inodes' | 'read-only';

/** What statfs(2) says, as far as it matters. */
export interface DiskRoom {
  blocks: number;
  /** Free to who is not root. */
  bavail: number;
  bsize: number;
  files: number;
  ffree: number;
}

/** Less than that takes no block of samples; what is left comes and goes. */
const ROOM_BYTES_MIN = 1 << 20;

/** Null when this directory's disk takes files, or when nobody can say. */
export function diskFault(directory: string): DiskFault | null {
  try {
    return isReadOnly(directory) ? 'read-only' : judgeRoom(fs.statfsSync(directory));
  } catch {
    return null;
  }
}

export function judgeRoom({ blocks, bavail, bsize, files, ffree }: DiskRoom): DiskFault | null {
  // One without a size, or with inodes as it needs them, says 0.
  if (blocks > 0 && bavail * bsize < ROOM_BYTES_MIN) return 'full';
  return files > 0 && ffree === 0 ? 'no inodes' : null;
}

function isReadOnly(directory: string): boolean {
  try {
    fs.accessSync(directory, fs.constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

import { ProbeError } from '../core/error.ts';
import { dropRoot, nextIdentity } from '../engine/privileges.ts';

/** The sockets are open: what strangers send need not be read as root. */
export function leaveRoot(): void {
  const identity = nextIdentity();
  if (identity === null) return;
  try {
    dropRoot(identity);
  } catch (error) {
    // A container may have root and no other user; unlike the daemon these commands soon end.
    if (!(error instanceof ProbeError)) throw error;
  }
}

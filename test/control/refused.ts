import { ProbeError } from '../../src/core/error.ts';

/** The code of what was thrown; 'other' for what is not ours, and when nothing was thrown. */
export function codeOf(thrown: unknown): string {
  return thrown instanceof ProbeError ? thrown.code : 'other';
}

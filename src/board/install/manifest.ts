const path = process.getBuiltinModule('node:path');

import * as v from 'valibot';
import { ProbeError } from '../../core/error.ts';
import { readWhole } from '../../host/file.ts';

// What an installation made, beside the program: so that the next one knows its own files from
// those that an operator changed, and so that no more is removed than was brought.

const PATH = v.pipe(v.string(), v.regex(/^\/[\x21-\x7e]{1,400}$/));
const NAME = v.pipe(v.string(), v.regex(/^[\w.-]{1,100}$/));

const MANIFEST = v.strictObject({
  schema: v.literal(1),
  prefix: PATH,
  /** Names of directories below the prefix. */
  release: NAME,
  previous: v.nullable(NAME),
  /** Path → SHA-256 (hex) of the text that was written. */
  files: v.record(PATH, v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  /** Path → where it leads. */
  links: v.record(PATH, v.string()),
  units: v.array(NAME),
  users: v.array(NAME),
});

export type Manifest = v.InferOutput<typeof MANIFEST>;

const BYTES_MAX = 262_144;

export function manifestFile(prefix: string): string {
  return path.join(prefix, 'install.json');
}

/** Null when nothing was installed there. Throws ERR_STATE_IO for one that cannot be used. */
export function readManifest(file: string): Manifest | null {
  const text = readWhole(file, { bytesMax: BYTES_MAX, owners: [0, process.getuid?.() ?? 0] });
  if (text === null) return null;
  try {
    return v.parse(MANIFEST, JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError(
      'ERR_STATE_IO',
      `${file}, which says what was installed, cannot be used (${why}): move it away, and an ` +
        'installation begins anew',
      { cause },
    );
  }
}

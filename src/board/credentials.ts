import * as v from 'valibot';
import { ENROLLED, ORIGIN } from '../core/enroll-wire.ts';
import { SLUG, TIME_MS } from '../core/wire.ts';
import { readWhole, writeWhole } from '../host/file.ts';
import type { Log } from '../host/log.ts';
import { reasonOf } from './places.ts';

// What an enrolment brought. It replaces what was there only when it is whole and valid, and it is
// on the disk before it is used: the control ends the older API key with the first use of the new.

const CREDENTIALS = v.object({
  schema: v.literal(1),
  control: ORIGIN,
  probe: SLUG,
  apiKey: ENROLLED.entries.apiKey,
  boundMs: TIME_MS,
});

export type Credentials = Omit<v.InferOutput<typeof CREDENTIALS>, 'schema'>;

const FILE_BYTES_MAX = 4096;

/** Null when there are none, or none that can be read: then the board enrols again. */
export function loadCredentials(file: string, log: Log): Credentials | null {
  try {
    const text = readWhole(file, { bytesMax: FILE_BYTES_MAX, owners: [process.getuid?.() ?? 0] });
    if (text === null) return null;
    const parsed = v.safeParse(CREDENTIALS, parseJson(text));
    if (!parsed.success) throw new Error(`${file} is damaged`);
    const { control, probe, apiKey, boundMs } = parsed.output;
    return { control, probe, apiKey, boundMs };
  } catch (error) {
    log.warn(`this board enrols again: ${reasonOf(error)}`);
    return null;
  }
}

/** Throws ERR_STATE_IO; what was there before is then untouched. */
export function saveCredentials(file: string, credentials: Credentials): void {
  const whole = v.parse(CREDENTIALS, { schema: 1, ...credentials });
  writeWhole(file, `${JSON.stringify(whole)}\n`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

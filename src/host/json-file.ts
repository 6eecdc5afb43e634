// A JSON document that a person wrote: what is wrong with it is said with file, reason and place.
const fs = process.getBuiltinModule('node:fs');

import { ProbeError } from '../core/error.ts';

const BYTES_MAX = 1_048_576;

/** Throws ERR_CONFIG_INVALID; where there is no such file, its cause has the code ENOENT. */
export function readJsonFile(file: string): unknown {
  return parseJson(readText(file), file);
}

function readText(file: string): string {
  try {
    const { size } = fs.statSync(file);
    if (size > BYTES_MAX) throw new Error(`${size} bytes are more than ${BYTES_MAX}`);
    return fs.readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid(`${file} cannot be read: ${reasonOf(cause)}`, cause);
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = reasonOf(cause);
    throw invalid(`${file}: not JSON: ${why}${placeOf(why, text)}`, cause);
  }
}

/** Newer versions of V8 say the line themselves. */
function placeOf(message: string, text: string): string {
  const position = /at position (\d+)$/.exec(message)?.[1];
  if (position === undefined) return '';
  const lines = text.slice(0, Number(position)).split('\n');
  return ` (line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1})`;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function invalid(message: string, cause: unknown): ProbeError {
  return new ProbeError('ERR_CONFIG_INVALID', message, { cause });
}

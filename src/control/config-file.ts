// The control's configuration as a file.
import { readFileSync, statSync } from 'node:fs';
import { ProbeError } from '../core/error.ts';
import { type ControlConfig, parseControlConfig } from './config.ts';

const CONFIG_BYTES_MAX = 1_048_576;

/**
 * Reads and judges a file. Where `isOptional`, none at all means the defaults. Throws
 * ERR_CONFIG_INVALID with file, path and reason.
 */
export function loadControlConfig(file: string, isOptional: boolean): ControlConfig {
  const text = readText(file, isOptional);
  return judge(text === null ? { schema: 1 } : parseJson(text, file), file);
}

function judge(document: unknown, file: string): ControlConfig {
  const parsed = parseControlConfig(document);
  if (parsed.ok) return parsed.config;
  const issues = parsed.issues.map(({ path, message }) =>
    path === '' ? message : `${path}: ${message}`,
  );
  throw new ProbeError('ERR_CONFIG_INVALID', `${file}: ${issues.join('; ')}`);
}

function readText(file: string, isOptional: boolean): string | null {
  try {
    const { size } = statSync(file);
    if (size > CONFIG_BYTES_MAX) throw new Error(`${size} bytes are more than ${CONFIG_BYTES_MAX}`);
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (isOptional && (cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError('ERR_CONFIG_INVALID', `${file} cannot be read: ${why}`, { cause });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProbeError('ERR_CONFIG_INVALID', `${file}: not JSON: ${why}`, { cause });
  }
}

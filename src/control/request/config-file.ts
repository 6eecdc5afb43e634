// The control's configuration as a file.
import { ProbeError } from '../../core/error.ts';
import { hardwareBeside } from '../../host/hardware.ts';
import { readJsonFile } from '../../host/json-file.ts';
import { type ControlConfig, parseControlConfig } from './config.ts';

/**
 * Reads and judges a file. Where `isOptional`, none at all means the defaults. Kinds of boards that
 * the file does not say where to look for lie beside it. Throws ERR_CONFIG_INVALID with file, path
 * and reason.
 */
export function loadControlConfig(file: string, isOptional: boolean): ControlConfig {
  const config = judge(readDocument(file, isOptional), file);
  const beside = { directory: hardwareBeside(file), isOptional: true };
  return { ...config, hardware: config.hardware ?? beside };
}

function readDocument(file: string, isOptional: boolean): unknown {
  try {
    return readJsonFile(file);
  } catch (error) {
    const cause = error instanceof ProbeError ? error.cause : null;
    const isMissing = (cause as NodeJS.ErrnoException | null)?.code === 'ENOENT';
    if (isOptional && isMissing) return { schema: 1 };
    throw error;
  }
}

function judge(document: unknown, file: string): ControlConfig {
  const parsed = parseControlConfig(document);
  if (parsed.ok) return parsed.config;
  const issues = parsed.issues.map(({ path, message }) =>
    path === '' ? message : `${path}: ${message}`,
  );
  throw new ProbeError('ERR_CONFIG_INVALID', `${file}: ${issues.join('; ')}`);
}

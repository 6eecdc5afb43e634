// Secrets by name: a configuration says `push-bearer`, and the file is systemd's credential of that
// name or `secrets.d/push-bearer` beside the configuration. No message ever shows what is in one.
const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { clip } from '../core/config-value.ts';
import { ProbeError } from '../core/error.ts';

export interface SecretPlaces {
  env: Readonly<Record<string, string | undefined>>;
  /** /etc/flint, or wherever the configuration is. */
  configDirectory: string;
}

/** What may stand in a configuration as the name of a secret. */
export const SECRET_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

const SECRET_BYTES_MAX = 8192;

/** Where a secret of that name would be: first those of systemd, then those of the operator. */
export function secretFiles(name: string, { env, configDirectory }: SecretPlaces): string[] {
  if (!SECRET_NAME.test(name)) {
    throw new ProbeError(
      'ERR_CONFIG_INVALID',
      `"${clip(name)}" cannot be the name of a secret: expected 1 to 63 of a-z 0-9 . _ -`,
    );
  }
  const given = env['CREDENTIALS_DIRECTORY'];
  return [
    ...(given?.startsWith('/') === true ? [path.join(given, name)] : []),
    path.join(configDirectory, 'secrets.d', name),
  ];
}

/**
 * The secret, without white space around it; null when there is none yet, or an empty one. Throws
 * ERR_CONFIG_INVALID when there is one that cannot be used: readable by others, too large, no text.
 */
export function readSecret(name: string, places: SecretPlaces): string | null {
  for (const file of secretFiles(name, places)) {
    const text = readPrivate(file);
    if (text !== null) return text;
  }
  return null;
}

function readPrivate(file: string): string | null {
  let fd: number;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unusable(file, (cause as Error).message, cause);
  }
  try {
    const stats = fs.fstatSync(fd);
    if (!stats.isFile()) throw unusable(file, 'it is not a file');
    if ((stats.mode & 0o007) !== 0) throw unusable(file, 'others may read it: `chmod 0600` it');
    if (stats.size > SECRET_BYTES_MAX) throw unusable(file, `it has ${stats.size} bytes`);
    return readable(fs.readFileSync(fd, 'utf8').trim(), file);
  } finally {
    fs.closeSync(fd);
  }
}

function readable(text: string, file: string): string | null {
  if (text === '') return null;
  if (!/^[ -~]+$/.test(text)) throw unusable(file, 'it is not one line of plain text');
  return text;
}

function unusable(file: string, why: string, cause?: unknown): ProbeError {
  return new ProbeError('ERR_CONFIG_INVALID', `the secret ${file} cannot be used: ${why}`, {
    cause,
  });
}

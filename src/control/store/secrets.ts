// Keys that only this control knows, one file each in `secrets.d`, made when first needed. Losing
// one costs a login form or a board's first try, never more.
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { ProbeError } from '../../core/error.ts';
import { readWhole, removeWhole, writeWhole } from '../../host/file.ts';
import { likeDirectory } from './control-lock.ts';
import { controlFile } from './db.ts';

const KEY_BYTES = 32;
const TEXT_BYTES_MAX = 200;

/** Throws ERR_STATE_IO, also for a file that is no key: somebody has to look then. */
export function openKeys(stateDirectory: string): { nonce: Buffer; csrf: Buffer } {
  const directory = controlFile(stateDirectory, 'secrets.d');
  return { nonce: openKey(join(directory, 'nonce')), csrf: openKey(join(directory, 'csrf')) };
}

/** A new one is made at the next start; no nonce that was given out works then. */
export function forgetNonceKey(stateDirectory: string): void {
  removeWhole(controlFile(stateDirectory, join('secrets.d', 'nonce')));
}

function openKey(file: string): Buffer {
  const text = readWhole(file, { bytesMax: TEXT_BYTES_MAX });
  if (text === null) return makeKey(file);
  const key = Buffer.from(text.trim(), 'base64url');
  if (key.length === KEY_BYTES) return key;
  throw new ProbeError(
    'ERR_STATE_IO',
    `${file} holds no key of ${KEY_BYTES} bytes: remove it, and a new one is made`,
  );
}

function makeKey(file: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  writeWhole(file, `${key.toString('base64url')}\n`);
  likeDirectory(dirname(file));
  likeDirectory(file);
  return key;
}

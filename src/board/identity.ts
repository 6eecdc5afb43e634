import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
} from 'node:crypto';
import { formatFingerprint } from '../core/enroll-wire.ts';
import { ProbeError } from '../core/error.ts';
import { readWhole, writeWhole } from '../host/file.ts';
import { reasonOf } from './places.ts';

// Who the board is: an Ed25519 key (RFC 8032) that is made once and never leaves it. The control
// binds a probe to this key, so that a key that cannot be read is never replaced by a new one: that
// would make a stranger of the board, and somebody would have to approve it again.

export interface Identity {
  /** The 32 bytes as base64url. */
  publicKey: string;
  /** What a person compares: `1f2e 3d4c …`. */
  fingerprint: string;
  /** 64 bytes as base64url. */
  sign(text: string): string;
}

const KEY_BYTES_MAX = 4096;

/** The key of this file, or null when there is no file. Throws ERR_STATE_IO for a damaged one. */
export function loadIdentity(file: string): Identity | null {
  const text = readWhole(file, { bytesMax: KEY_BYTES_MAX, owners: [process.getuid?.() ?? 0] });
  return text === null ? null : parseIdentity(text, file);
}

/** The key of this file; made when there is no file. Throws ERR_STATE_IO. */
export function ensureIdentity(file: string): { identity: Identity; isNew: boolean } {
  const known = loadIdentity(file);
  if (known !== null) return { identity: known, isNew: false };
  const { privateKey } = generateKeyPairSync('ed25519');
  writeWhole(file, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  const made = loadIdentity(file);
  if (made === null) throw damaged(file, 'it vanished');
  return { identity: made, isNew: true };
}

function parseIdentity(pem: string, file: string): Identity {
  const key = parseKey(pem, file);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw damaged(file, `it holds a key of type ${key.asymmetricKeyType}`);
  }
  const publicKey = createPublicKey(key).export({ format: 'jwk' }).x ?? '';
  const digest = createHash('sha256').update(publicKey, 'base64url').digest('hex');
  return {
    publicKey,
    fingerprint: formatFingerprint(digest),
    sign: (text) => sign(null, Buffer.from(text, 'utf8'), key).toString('base64url'),
  };
}

function parseKey(pem: string, file: string): import('node:crypto').KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw damaged(file, `it holds no private key (${reasonOf(cause)})`);
  }
}

function damaged(file: string, why: string): ProbeError {
  return new ProbeError(
    'ERR_STATE_IO',
    `the key of this board, ${file}, cannot be used: ${why}. No new one is made in its place: ` +
      'restore the file from a copy, or remove it, and let the operator re-arm and approve this ' +
      'board again',
  );
}

// The WireGuard key of the board: made here at the first need, kept for root alone, never sent.
// What others may know is its public half. A key that cannot be read is not made anew over the old
// one: the other side knows that one, and a person must decide.
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

import { ProbeError } from '../../core/error.ts';
import { readWhole, writeWhole } from '../../host/file.ts';

export interface WireguardKey {
  /** 32 bytes as base64, as `wg` has it. */
  privateKey: string;
  publicKey: string;
}

/** RFC 8410 §7: what stands before the 32 bytes of an X25519 private key in PKCS #8. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');
const KEY_BYTES = 32;
const KEY_TEXT = /^[A-Za-z0-9+/]{43}=$/;
const FILE_BYTES_MAX = 256;

export function keyFile(stateDirectory: string): string {
  return path.join(stateDirectory, 'wireguard.key');
}

/** Null while there is none. Throws ERR_STATE_IO for one that cannot be used. */
export function readKey(stateDirectory: string): WireguardKey | null {
  const file = keyFile(stateDirectory);
  const owners = [process.getuid?.() ?? 0];
  const text = readWhole(file, { bytesMax: FILE_BYTES_MAX, owners })?.trim() ?? null;
  if (text === null) return null;
  if (!KEY_TEXT.test(text)) throw unusable(file, 'it holds no WireGuard key');
  if ((fs.statSync(file).mode & 0o077) !== 0) {
    throw unusable(file, 'others could read it, so that it is no secret any more');
  }
  return { privateKey: text, publicKey: publicHalf(text) };
}

/** The key of this board; made, durably, where there is none. Throws ERR_STATE_IO. */
export function ensureKey(stateDirectory: string): WireguardKey {
  const known = readKey(stateDirectory);
  if (known !== null) return known;
  const { privateKey } = generateKeyPairSync('x25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const text = clamped(der.subarray(-KEY_BYTES)).toString('base64');
  writeWhole(keyFile(stateDirectory), `${text}\n`);
  return { privateKey: text, publicKey: publicHalf(text) };
}

/** The public key of a private one, both as base64. */
export function publicHalf(privateKey: string): string {
  const der = Buffer.concat([PKCS8_HEAD, Buffer.from(privateKey, 'base64')]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return key.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES).toString('base64');
}

/** RFC 7748 §5; the kernel would do it, and would then tell another key than ours. */
function clamped(bytes: Uint8Array): Buffer {
  const key = Buffer.from(bytes);
  key[0] = (key[0] ?? 0) & 0xf8;
  key[31] = ((key[31] ?? 0) & 0x7f) | 0x40;
  return key;
}

function unusable(file: string, why: string): ProbeError {
  return new ProbeError(
    'ERR_STATE_IO',
    `${file} cannot be used: ${why}; remove it, and tell the other side the new public key`,
  );
}

// Nonces that cost nothing until they are used: time ‖ random ‖ MAC, 39 bytes, so that base64url
// has no spare bits and every nonce one text.
//
// Their time is not the wall clock's but one of the control's own that never goes back: else a
// nonce whose use was forgotten, because it was over, would be good again once the wall clock is
// set back.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { NONCE_LIFE_MS } from '../../core/enroll-wire.ts';

const TIME_BYTES = 6;
const RANDOM_BYTES = 17;
const MAC_BYTES = 16;
const SIGNED_BYTES = TIME_BYTES + RANDOM_BYTES;
const NONCE_BYTES = SIGNED_BYTES + MAC_BYTES;

export function makeNonce(key: Buffer, issuedMs: number): string {
  const signed = Buffer.alloc(SIGNED_BYTES);
  signed.writeUIntBE(issuedMs, 0, TIME_BYTES);
  randomBytes(RANDOM_BYTES).copy(signed, TIME_BYTES);
  return Buffer.concat([signed, macOf(key, signed)]).toString('base64url');
}

/** When the nonce ends, by the clock of nonces, or null when it is none of ours. */
export function nonceUntilMs(key: Buffer, nonce: string): number | null {
  const bytes = Buffer.alloc(NONCE_BYTES);
  // The MAC is computed in any case: how long it took says nothing.
  const length = Buffer.from(nonce, 'base64url').copy(bytes);
  const isOurs = timingSafeEqual(
    bytes.subarray(SIGNED_BYTES),
    macOf(key, bytes.subarray(0, SIGNED_BYTES)),
  );
  const isWhole = length === NONCE_BYTES && bytes.toString('base64url') === nonce;
  return isOurs && isWhole ? bytes.readUIntBE(0, TIME_BYTES) + NONCE_LIFE_MS : null;
}

export interface NonceClock {
  /** Never less than before. */
  nowMs(): number;
}

/** Runs on with the wall clock, and stands still while that one goes back. */
export function nonceClock(wallMs: () => number, notBeforeMs: number): NonceClock {
  let lastWallMs = wallMs();
  let ownMs = Math.max(lastWallMs, notBeforeMs);
  return {
    nowMs() {
      const nowMs = wallMs();
      ownMs += Math.max(0, nowMs - lastWallMs);
      lastWallMs = nowMs;
      return ownMs;
    },
  };
}

function macOf(key: Buffer, signed: Uint8Array): Buffer {
  return createHmac('sha256', key).update(signed).digest().subarray(0, MAC_BYTES);
}

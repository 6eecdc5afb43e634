// Boards with keys of their own, and probes to enrol them as.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { sha256Of } from '../../src/control/request/credential.ts';
import {
  type Challenge,
  type Enrolled,
  type EnrollPayload,
  type EnrollRequest,
  enrollMessage,
  formatFingerprint,
} from '../../src/core/enroll-wire.ts';
import { type Answer, type Lab, NOW_MS } from './lab.ts';

export interface Board {
  mac: string;
  publicKey: string;
  fingerprint: string;
  privateKey: KeyObject;
}

export function makeBoard(mac: string): Board {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = pair.publicKey.export({ format: 'jwk' }).x ?? '';
  const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex');
  return { mac, publicKey, fingerprint: formatFingerprint(digest), privateKey: pair.privateKey };
}

export interface RequestOptions {
  origin: string;
  nonce: string;
  payload?: Partial<EnrollPayload>;
}

export function requestOf(board: Board, options: RequestOptions): EnrollRequest {
  const { origin, nonce } = options;
  const text = JSON.stringify({
    ...{ mac: board.mac, publicKey: board.publicKey, model: 'Board', hardware: 'generic' },
    ...{ version: '1.0.0', node: '20.0.0', sshHostKey: null, claimToken: null },
    ...options.payload,
  });
  const digest = createHash('sha256').update(text).digest('hex');
  const message = Buffer.from(enrollMessage(origin, nonce, digest));
  return {
    nonce,
    payload: Buffer.from(text).toString('base64url'),
    signature: sign(null, message, board.privateKey).toString('base64url'),
  };
}

export async function nonceOf(lab: Lab): Promise<string> {
  const answer = await lab.ask({ method: 'POST', url: '/api/v1/enroll/challenge', body: {} });
  if (answer.status !== 200) throw new Error(answer.text);
  return (answer.json as Challenge).nonce;
}

export interface TryOptions {
  payload?: Partial<EnrollPayload>;
  from?: string;
  nonce?: string;
}

/** The way of a board: a nonce, then the request. */
export async function tryEnroll(lab: Lab, board: Board, options: TryOptions = {}) {
  const { payload = {}, from = '127.0.0.1' } = options;
  const nonce = options.nonce ?? (await nonceOf(lab));
  const request = requestOf(board, { origin: lab.context.config.origin, nonce, payload });
  return await send(lab, request, from);
}

export function send(lab: Lab, body: unknown, from = '127.0.0.1'): Promise<Answer> {
  // Beyond this machine it is a proxy that speaks TLS.
  return lab.ask({ method: 'POST', url: '/api/v1/enroll', body, from });
}

export function enrolledOf(answer: Answer): Enrolled {
  if (answer.status !== 200) throw new Error(`refused: ${answer.status} ${answer.text}`);
  return answer.json as Enrolled;
}

export interface RegisterOptions {
  board?: Board;
  disabledMs?: number;
}

/** A row of `probes`, bound to the board when one is given. */
export async function register(lab: Lab, name: string, mac: string, options: RegisterOptions = {}) {
  const { board, disabledMs = null } = options;
  const texts = { location: '', contact: '', note: '', search: name };
  const row = { name, mac, hardware: 'generic', ...texts, createdMs: NOW_MS, disabledMs };
  const bound =
    board === undefined
      ? {}
      : { publicKey: board.publicKey, fingerprint: board.fingerprint, boundMs: NOW_MS };
  const { id } = await lab.context.store.write((db) =>
    db
      .insertInto('probes')
      .values({ ...row, ...bound })
      .returning('id')
      .executeTakeFirstOrThrow(),
  );
  return id;
}

export async function claimToken(
  lab: Lab,
  text: string,
  change: { probeId?: number; usesMax?: number; untilMs?: number; revokedMs?: number } = {},
): Promise<string> {
  const row = { tokenSha256: sha256Of(text), label: 'a batch', uses: 0, createdMs: NOW_MS };
  const times = { usesMax: 1, untilMs: NOW_MS + 3_600_000, createdBy: 'user:anna' };
  await lab.context.store.write((db) =>
    db
      .insertInto('claim_tokens')
      .values({ ...row, ...times, ...change })
      .execute(),
  );
  return text;
}

/** Whether a key opens the door: a configuration, or 401. */
export async function statusOf(lab: Lab, bearer: string): Promise<number> {
  return (await lab.ask({ url: '/api/v1/config', as: { bearer } })).status;
}

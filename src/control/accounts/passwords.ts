// Passwords of people: scrypt (RFC 7914), with its parameters in the hash, so that they can grow.
// A hash takes 32 MiB and a quarter of a second on purpose, so two at most are made at a time and a
// few may wait: what anybody on the network can ask for must not take the whole machine.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { inputInvalid, throttled } from '../request/problem.ts';

export const PASSWORD_LENGTH_MIN = 10;
export const PASSWORD_LENGTH_MAX = 256;

interface Cost {
  N: number;
  r: number;
  p: number;
}

const COST: Cost = { N: 32_768, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const RUNNING_MAX = 2;
const WAITING_MAX = 16;
const PATTERN =
  /^scrypt\$([0-9]{1,8})\$([0-9]{1,3})\$([0-9]{1,3})\$([\w-]{1,128})\$([\w-]{1,128})$/;

/** Throws ERR_INPUT_INVALID with what is wrong. */
export function judgePassword(password: string, name: string): void {
  const length = [...password].length;
  if (length < PASSWORD_LENGTH_MIN || length > PASSWORD_LENGTH_MAX) {
    const range = `${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX}`;
    throw weak(`expected ${range} characters, got ${length}`);
  }
  if (password.toLowerCase().includes(name.toLowerCase()) && name.length > 2) {
    throw weak('must not contain the name');
  }
  if (new Set(password).size < 4) throw weak('must not be a few characters again and again');
}

/** `scrypt$N$r$p$salt$hash`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST);
  const { N, r, p } = COST;
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

export interface Verdict {
  isRight: boolean;
  /** It was made with less than what is made now. */
  isWeak: boolean;
}

/** Takes as long for no hash at all (an unknown name) as for a wrong password. */
export async function verifyPassword(password: string, stored: string | null): Promise<Verdict> {
  const { cost, salt, hash } = parse(stored) ?? NOBODY;
  const made = await derive(password.slice(0, PASSWORD_LENGTH_MAX), salt, cost);
  const isRight = stored !== null && hash.length === made.length && timingSafeEqual(made, hash);
  return { isRight, isWeak: cost.N * cost.p < COST.N * COST.p };
}

// Nobody's password: the hash is no hash of anything.
const NOBODY = { cost: COST, salt: Buffer.alloc(SALT_BYTES), hash: Buffer.alloc(0) };

function parse(stored: string | null) {
  const match = PATTERN.exec(stored ?? '');
  if (match === null) return null;
  const [, N, r, p, salt = '', hash = ''] = match;
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  };
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  await takeTurn();
  try {
    return await new Promise((resolve, reject) => {
      const maxmem = 128 * cost.N * cost.r * 2;
      const text = password.normalize('NFC');
      scrypt(text, salt, HASH_BYTES, { ...cost, maxmem }, (error, hash) => {
        if (error === null) resolve(hash);
        else reject(error);
      });
    });
  } finally {
    running--;
    waiting.shift()?.();
  }
}

async function takeTurn(): Promise<void> {
  if (running >= RUNNING_MAX) {
    if (waiting.length >= WAITING_MAX) throw throttled('too many log in at once; try again', 5);
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  running++;
}

function weak(message: string): Error {
  return inputInvalid(`password: ${message}`, [{ path: 'password', message }]);
}

// Secrets that the control gives out: a word that says what they are (so that scanners find leaked
// ones) and 256 random bits. Only their SHA-256 is kept: against a random secret of that length a
// slow hash gains nothing. They are looked up by that digest; an attacker cannot steer digests, so
// how long the search takes tells nothing about a stored one.
import { createHash, randomBytes } from 'node:crypto';

export type CredentialKind = 'probe' | 'claim' | 'pat' | 'login' | 'session';

export interface Credential {
  /** Told once, to its owner. */
  text: string;
  /** 64 hexadecimal digits: what is stored. */
  sha256: string;
}

/** `flint_<kind>_` and 43 base64url characters. */
export function makeCredential(kind: CredentialKind): Credential {
  const text = `flint_${kind}_${randomBytes(32).toString('base64url')}`;
  return { text, sha256: sha256Of(text) };
}

/** Whether the text has the form of such a credential; of others nothing is looked up. */
export function isCredential(kind: CredentialKind, text: string): boolean {
  const prefix = `flint_${kind}_`;
  return text.startsWith(prefix) && /^[A-Za-z0-9_-]{43}$/.test(text.slice(prefix.length));
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Hides credentials in what goes to a log. */
export function hideCredentials(text: string): string {
  return text.replace(/flint_(probe|claim|pat|login|session)_[A-Za-z0-9_-]+/g, 'flint_$1_…');
}

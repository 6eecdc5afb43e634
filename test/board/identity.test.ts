import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { equal, is, match, not, throws } from 'uvu/assert';
import { ensureIdentity, loadIdentity } from '../../src/board/identity.ts';
import { formatFingerprint } from '../../src/core/enroll-wire.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

suite('board/identity', ({ test }) => {
  test('is made once, for its owner alone, and is the same ever after', () =>
    inPlace(({ places }) => {
      is(loadIdentity(places.identity), null);

      const first = ensureIdentity(places.identity);
      const second = ensureIdentity(places.identity);

      equal([first.isNew, second.isNew], [true, false]);
      is(second.identity.publicKey, first.identity.publicKey);
      is(statSync(places.identity).mode & 0o777, 0o600);
      match(readFileSync(places.identity, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
    }));

  test('signs what its public key verifies, and is compared by the hash of that key', () =>
    inPlace(({ places }) => {
      const { identity } = ensureIdentity(places.identity);

      const jwk = { kty: 'OKP', crv: 'Ed25519', x: identity.publicKey };
      const key = createPublicKey({ key: jwk, format: 'jwk' });
      const signature = Buffer.from(identity.sign('a ‖ b'), 'base64url');

      is(signature.length, 64);
      is(verify(null, Buffer.from('a ‖ b', 'utf8'), key, signature), true);
      const raw = Buffer.from(identity.publicKey, 'base64url');
      is(raw.length, 32);
      is(identity.fingerprint, formatFingerprint(createHash('sha256').update(raw).digest('hex')));
    }));

  test('a damaged key is an error that says what to do, and is never made anew', () =>
    inPlace(({ places }) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      const other = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
      ensureIdentity(places.identity);
      for (const text of ['', '{}', 'x'.repeat(5000), other]) {
        writeFileSync(places.identity, text);

        throws(() => ensureIdentity(places.identity), /identity\.pem/);
        is(readFileSync(places.identity, 'utf8'), text);
      }
      throws(() => ensureIdentity(places.identity), /No new one is made.*restore.*re-arm/s);
    }));

  test('two boards have two keys', () =>
    inPlace(({ places }) => {
      const one = ensureIdentity(places.identity).identity;
      const two = ensureIdentity(`${places.identity}2`).identity;

      not.equal(one.fingerprint, two.fingerprint);
    }));
});

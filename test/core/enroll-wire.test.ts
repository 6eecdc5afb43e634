import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { is, not, ok } from 'uvu/assert';
import * as v from 'valibot';
import {
  ENROLL_PAYLOAD,
  ENROLL_REQUEST,
  enrollMessage,
  formatFingerprint,
  ORIGIN,
  originOf,
} from '../../src/core/enroll-wire.ts';
import { suite } from '../helper.ts';

const PAYLOAD = {
  mac: '02:00:5e:10:00:01',
  publicKey: 'A'.repeat(43),
  model: null,
  hardware: 'r2s',
  version: '0.1.0',
  node: 'v20.20.2',
  sshHostKey: null,
  claimToken: null,
};

suite('enroll-wire', (s) => {
  s.test('an origin is written one way, however it was typed', () => {
    is(originOf('https://Control.Example:443/'), 'https://control.example');
    is(originOf('http://127.0.0.1:8740'), 'http://127.0.0.1:8740');
    is(originOf('http://[::1]:80'), 'http://[::1]');
    for (const bad of [
      'control.example',
      'ftp://control.example',
      'https://u:p@control.example',
      'https://control.example/path',
      'https://control.example:65536',
      'https://control.example?x',
      'https://control.example\nx',
      'https://',
    ]) {
      is(originOf(bad), null, bad);
      ok(!v.is(ORIGIN, bad), bad);
    }
  });

  s.test('a signature is for one origin, one nonce and one payload', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const digest = createHash('sha256').update('{}').digest('hex');
    const message = enrollMessage('https://control.example', 'n1', digest);
    const signature = sign(null, Buffer.from(message), privateKey);
    const holds = (text: string): boolean => verify(null, Buffer.from(text), publicKey, signature);

    is(message, `flint-enroll-1\nhttps://control.example\nn1\n${digest}`);
    ok(holds(message));
    ok(!holds(enrollMessage('https://evil.example', 'n1', digest)));
    ok(!holds(enrollMessage('https://control.example', 'n2', digest)));
    ok(!holds(enrollMessage('https://control.example', 'n1', digest.replace(/^./, 'g'))));
  });

  s.test('a fingerprint is short enough to be read out', () => {
    is(formatFingerprint('0123456789abcdef0123456789abcdef'), '0123 4567 89ab cdef 0123');
  });

  s.test('a newer board may say more, a request may not', () => {
    const said = v.safeParse(ENROLL_PAYLOAD, { ...PAYLOAD, colour: 'red' });
    const request = { nonce: 'n'.repeat(40), payload: 'e30', signature: 'A'.repeat(86) };

    ok(said.success);
    not('colour' in said.output);
    ok(v.is(ENROLL_REQUEST, request));
    ok(!v.is(ENROLL_REQUEST, { ...request, more: 1 }));
    ok(!v.is(ENROLL_REQUEST, { ...request, payload: 'a'.repeat(8193) }));
    ok(!v.is(ENROLL_PAYLOAD, { ...PAYLOAD, mac: '02-00-5e-10-00-01' }));
    ok(!v.is(ENROLL_PAYLOAD, { ...PAYLOAD, version: 'a\nb' }));
  });
});

import { equal, is, match } from 'uvu/assert';
import {
  hideCredentials,
  isCredential,
  makeCredential,
  sha256Of,
} from '../../../src/control/request/credential.ts';
import { suite } from '../../helper.ts';

suite('control/request/credential', (s) => {
  s.test('each is its kind and 256 bits, and no two are alike', () => {
    const { text, sha256 } = makeCredential('probe');
    match(text, /^flint_probe_[A-Za-z0-9_-]{43}$/);
    is(sha256, sha256Of(text));
    match(sha256, /^[0-9a-f]{64}$/);
    is(new Set(Array.from({ length: 100 }, () => makeCredential('pat').text)).size, 100);
  });

  s.test('another kind, length or character is none', () => {
    const { text } = makeCredential('pat');
    equal(
      [
        text,
        `${text}x`,
        text.slice(0, -1),
        text.replace('pat', 'probe'),
        `${text.slice(0, -1)}=`,
      ].map((one) => isCredential('pat', one)),
      [true, false, false, false, false],
    );
  });

  s.test('what goes to a log keeps the kind alone', () => {
    const { text } = makeCredential('login');
    is(hideCredentials(`/login/link/${text}/x`), '/login/link/flint_login_…/x');
  });
});

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, throws } from 'uvu/assert';
import { UsageError } from '../../../src/cli/command.ts';
import {
  checkToken,
  forgetLogin,
  keepLogin,
  type Login,
  loginsFile,
  parseOrigin,
  readAccount,
  readLogins,
} from '../../../src/cli/fleet/account.ts';
import { suite } from '../../helper.ts';

const TOKEN = 'flint_pat_abcdefgh';

function login(origin: string, more: Partial<Login> = {}): Login {
  const base = { origin, user: 'anna', token: TOKEN, tokenId: 1, caFile: null };
  return { ...base, insecureHttp: false, ...more };
}

function saysUsage(pattern: RegExp) {
  return (error: unknown) => error instanceof UsageError && pattern.test(error.message);
}

suite('cli/fleet/account', (s) => {
  const before = process.env['CONFIGURATION_DIRECTORY'];
  let directory = '';

  function fresh(): void {
    if (directory !== '') rmSync(directory, { recursive: true, force: true });
    directory = mkdtempSync(join(tmpdir(), 'flint-account-'));
    process.env['CONFIGURATION_DIRECTORY'] = directory;
  }

  s.after(() => {
    rmSync(directory, { recursive: true, force: true });
    if (before === undefined) delete process.env['CONFIGURATION_DIRECTORY'];
    else process.env['CONFIGURATION_DIRECTORY'] = before;
  });

  s.test('without a login it says how to log in', () => {
    fresh();
    throws(
      () => readAccount({}, {}),
      (error: Error) => /flint fleet login https:/.test(error.message),
    );
  });

  s.test('the newest login is meant, and its file is for its owner alone', () => {
    fresh();
    keepLogin(login('https://a.example'));
    keepLogin(login('https://b.example'));

    is(statSync(loginsFile()).mode & 0o777, 0o600);
    equal(readAccount({}, {}), { origin: 'https://b.example', token: TOKEN, caFile: null });
    equal(readLogins().logins.length, 2);
  });

  s.test('a kept token goes to the control that gave it, and to no other', () => {
    fresh();
    keepLogin(login('https://a.example'));

    is(readAccount({ control: 'https://A.example:443/' }, {}).token, TOKEN);
    is(readAccount({ control: 'https://b.example' }, {}).token, null);
    is(readAccount({}, { FLINT_CONTROL: 'https://b.example' }).token, null);
  });

  s.test('words stand above the environment, that above what is kept', () => {
    fresh();
    keepLogin(login('https://a.example'));
    const env = { FLINT_CONTROL: 'https://b.example', FLINT_TOKEN: 'flint_pat_other' };

    equal(readAccount({}, env), {
      origin: 'https://b.example',
      token: 'flint_pat_other',
      caFile: null,
    });
    is(readAccount({ control: 'https://a.example' }, env).origin, 'https://a.example');
    is(readAccount({}, { FLINT_CONTROL: '', FLINT_TOKEN: '' }).origin, 'https://a.example');
  });

  s.test('a logout forgets one control and leaves the others', () => {
    fresh();
    keepLogin(login('https://a.example'));
    keepLogin(login('https://b.example'));
    forgetLogin('https://b.example');
    is(readAccount({}, {}).origin, 'https://a.example');
    forgetLogin('https://a.example');

    equal(readLogins(), { schema: 1, current: null, logins: [] });
  });

  s.test('plain HTTP is for this machine, unless it is asked for', () => {
    fresh();
    for (const url of ['http://127.0.0.1:8740', 'http://[::1]:8740', 'http://localhost']) {
      is(readAccount({ control: url }, {}).origin, url);
    }
    for (const url of [
      'http://192.0.2.1',
      'http://127.0.0.1.example',
      'http://localhost.example',
    ]) {
      throws(() => readAccount({ control: url }, {}), saysUsage(/not encrypted.*--insecure-http/));
      is(readAccount({ control: url, insecureHttp: true }, {}).origin, url);
    }
    keepLogin(login('http://192.0.2.1', { insecureHttp: true }));
    is(readAccount({}, {}).origin, 'http://192.0.2.1');
  });

  s.test('what is no URL of a control is told with what was meant', () => {
    throws(() => parseOrigin('control.example'), saysUsage(/did you mean https:\/\/control\.ex/));
    for (const odd of ['', 'ftp://x', 'https://u:p@x.example', 'https://x.example/fleet', 'a b']) {
      throws(() => parseOrigin(odd), saysUsage(/expected the URL of a control/));
    }
  });

  s.test('a token is what a header can carry, and is not repeated in the complaint', () => {
    is(checkToken(TOKEN, 'x'), TOKEN);
    for (const odd of ['', 'short', 'with space in it', 'two\nlines-of-it', 'x'.repeat(600)]) {
      throws(
        () => checkToken(odd, 'FLINT_TOKEN'),
        (error: Error) => /^FLINT_TOKEN: expected an API token/.test(error.message),
      );
    }
    throws(
      () => checkToken('secret-secret secret', 'x'),
      (error: Error) => !error.message.includes('secret'),
    );
  });

  s.test('a file that is spoilt, or that others may write, is not believed', () => {
    fresh();
    writeFileSync(loginsFile(), '{"schema":1', { mode: 0o600 });
    throws(
      () => readLogins(),
      (error: Error) => /remove it and log in again/.test(error.message),
    );
    writeFileSync(loginsFile(), '{"schema":2}', { mode: 0o600 });
    throws(() => readLogins());
    match(readFileSync(loginsFile(), 'utf8'), 'schema');
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { readClaimToken } from '../../src/board/claim-token.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

const TOKEN = 'flint_claim_abcdefghijklmnop';
const NOTHING = { file: null, token: null, env: {} };

suite('board/claim-token', ({ test }) => {
  test('without any place that names one there is none', () => {
    equal(readClaimToken(NOTHING), { ok: true, token: null, from: null });
    equal(readClaimToken({ ...NOTHING, env: { CREDENTIALS_DIRECTORY: '/none' } }), {
      ok: true,
      token: null,
      from: null,
    });
  });

  test('file, settings, environment and credentials of systemd are asked in this order', () =>
    inPlace(({ directory }) => {
      mkdirSync(join(directory, 'credentials'));
      const write = (name: string, end: string): string => {
        writeFileSync(join(directory, name), `${TOKEN}${end}\n`);
        return join(directory, name);
      };
      const env: Record<string, string> = { CREDENTIALS_DIRECTORY: join(directory, 'credentials') };
      write('credentials/claim-token', '4');
      const read = (file: string | null, token: string | null) => {
        const claim = readClaimToken({ file, token, env });
        return claim.ok ? claim.token : claim.message;
      };

      is(read(null, null), `${TOKEN}4`);
      env['FLINT_CLAIM_TOKEN_FILE'] = write('c', '3');
      is(read(null, null), `${TOKEN}3`);
      is(read(null, `${TOKEN}2`), `${TOKEN}2`);
      is(read(write('a', '1'), `${TOKEN}2`), `${TOKEN}1`);
    }));

  test('one that cannot be read or is none is a message that never shows what was there', () =>
    inPlace(({ directory }) => {
      const file = join(directory, 'token');
      for (const text of ['', 'short', 'secret with blanks in it', 'x'.repeat(2000)]) {
        writeFileSync(file, text);
        const claim = readClaimToken({ ...NOTHING, file });

        is(claim.ok, false);
        const message = claim.ok ? '' : claim.message;
        match(message, file);
        if (text !== '') not.match(message, text);
      }
      is(readClaimToken({ ...NOTHING, file: '/none/token' }).ok, false);
      is(readClaimToken({ ...NOTHING, token: 'bad token' }).ok, false);
    }));
});

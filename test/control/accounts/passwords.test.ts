import { scryptSync } from 'node:crypto';
import { equal, is, match, ok, throws } from 'uvu/assert';
import {
  hashPassword,
  judgePassword,
  verifyPassword,
} from '../../../src/control/accounts/passwords.ts';
import { suite } from '../../helper.ts';

const RIGHT = 'correct horse battery';

async function elapsedMs(run: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

suite('control/accounts/passwords', (s) => {
  s.test('only the password itself is right, and no two hashes are alike', async () => {
    const [one, two] = [await hashPassword(RIGHT), await hashPassword(RIGHT)];
    match(one, /^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
    ok(one !== two);
    equal(await verifyPassword(RIGHT, one), { isRight: true, isWeak: false });
    is((await verifyPassword(`${RIGHT} `, one)).isRight, false);
    is((await verifyPassword('', one)).isRight, false);
  });

  s.test('the same letters count as the same, however they are composed', async () => {
    const stored = await hashPassword('Zu\u0308rich 12345');
    is((await verifyPassword('Z\u00fcrich 12345', stored)).isRight, true);
  });

  s.test('a hash with less in it is right and weak', async () => {
    equal(await verifyPassword(RIGHT, weakHash()), { isRight: true, isWeak: true });
  });

  s.test('what is no hash is nobody’s', async () => {
    for (const stored of [null, '', 'scrypt$', `plain$${RIGHT}`, 'scrypt$32768$8$3$$']) {
      is((await verifyPassword(RIGHT, stored)).isRight, false, String(stored));
    }
  });

  s.test('nobody takes as long as a wrong password', async () => {
    const stored = await hashPassword(RIGHT);
    const wrong: number[] = [];
    const nobody: number[] = [];
    for (let n = 0; n < 5; n++) {
      wrong.push(await elapsedMs(() => verifyPassword('something else', stored)));
      nobody.push(await elapsedMs(() => verifyPassword('something else', null)));
    }
    const ratio = median(nobody) / median(wrong);
    ok(ratio > 0.67 && ratio < 1.5, `ratio ${ratio}`);
  });

  s.test('two at once, a few wait, the rest is told to come again', async () => {
    const stored = weakHash();
    const all = await Promise.allSettled(
      Array.from({ length: 24 }, () => verifyPassword('x', stored)),
    );
    is(all.filter(({ status }) => status === 'fulfilled').length, 18);
    is((await verifyPassword(RIGHT, stored)).isRight, true);
  });

  s.test('short, long, monotonous and telling ones are refused', () => {
    for (const [password, says] of [
      ['short', /expected 10 to 256 characters, got 5/],
      ['x'.repeat(257), /got 257/],
      ['abababababab', /again and again/],
      ['anna-anna-12', /must not contain the name/],
    ] as const) {
      throws(() => judgePassword(password, 'anna'), says);
    }
    judgePassword(RIGHT, 'anna');
  });
});

/** As an older version may have made it. */
function weakHash(): string {
  const salt = Buffer.from('NaClNaClNaClNaCl');
  const hash = scryptSync(RIGHT, salt, 32, { N: 1024, r: 8, p: 1 });
  return `scrypt$1024$8$1$${salt.toString('base64url')}$${hash.toString('base64url')}`;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

import { is, match, ok } from 'uvu/assert';
import { csrfTokenFor } from '../../../src/control/request/csrf.ts';
import { suite } from '../../helper.ts';
import { openLab } from '../lab.ts';

suite('control/request/csrf', (s) => {
  s.test('a token is of one session and one key, and stays while both do', async () => {
    const lab = await openLab();
    const { context } = lab;
    const one = csrfTokenFor(context, 'a'.repeat(64));
    match(one, /^[\w-]{43}$/);
    is(csrfTokenFor(context, 'a'.repeat(64)), one);
    ok(csrfTokenFor(context, 'b'.repeat(64)) !== one);
    const keys = { ...context.keys, csrf: Buffer.alloc(32, 1) };
    ok(csrfTokenFor({ ...context, keys }, 'a'.repeat(64)) !== one);
    await lab.close();
  });
});

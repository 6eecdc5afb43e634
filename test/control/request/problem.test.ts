import { equal, is, match, ok } from 'uvu/assert';
import type { AddRoutes } from '../../../src/control/request/context.ts';
import { inputInvalid, refusalOf, throttled } from '../../../src/control/request/problem.ts';
import { ProbeError } from '../../../src/core/error.ts';
import { suite } from '../../helper.ts';
import { openLab } from '../lab.ts';

const addRoutes: AddRoutes = (server) => {
  for (const isPage of [true, false]) {
    server.route({
      method: 'GET',
      url: isPage ? '/page' : '/api/v1/broken',
      config: { access: 'public', isPage },
      handler: async () => {
        throw new Error('flint_pat_secret in SELECT * FROM operators');
      },
    });
  }
};

suite('control/request/problem', (s) => {
  s.test('codes become statuses that programs know', () => {
    equal(
      (
        [
          'ERR_INPUT_INVALID',
          'ERR_UNAUTHORIZED',
          'ERR_FORBIDDEN',
          'ERR_NOT_FOUND',
          'ERR_CONFLICT',
          'ERR_BODY_TOO_LARGE',
          'ERR_STATE_IO',
        ] as const
      ).map((code) => {
        const { status, problem, isFault } = refusalOf(new ProbeError(code, 'why'));
        return [status, problem.error, problem.message, isFault];
      }),
      [
        [400, 'invalid', 'why', false],
        [401, 'unauthorized', 'why', false],
        [403, 'forbidden', 'why', false],
        [404, 'not-found', 'why', false],
        [409, 'conflict', 'why', false],
        [413, 'too-large', 'why', false],
        [500, 'internal', 'internal error', true],
      ],
    );
  });

  s.test('the database full, read-only, busy or with a twin is told as such', () => {
    const ofCode = (code: string) => {
      const { status, isFault } = refusalOf(Object.assign(new Error('x'), { code }));
      return [status, isFault];
    };
    equal(['SQLITE_FULL', 'SQLITE_READONLY', 'SQLITE_IOERR_WRITE'].map(ofCode), [
      [503, true],
      [503, true],
      [503, true],
    ]);
    equal(['SQLITE_BUSY', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CORRUPT'].map(ofCode), [
      [503, false],
      [409, false],
      [500, true],
    ]);
  });

  s.test('issues and waiting times go along', () => {
    const issues = [{ path: 'a.0', message: 'expected' }];
    equal(refusalOf(inputInvalid('bad', issues)).problem.issues, issues);
    is(refusalOf(throttled('slow', 7)).retryAfterS, 7);
    for (const odd of [null, undefined, 'text', 7, {}]) is(refusalOf(odd).status, 500);
  });

  s.test('a fault tells its number and nothing else; the log has the rest', async () => {
    const lab = await openLab({ routes: addRoutes });
    const { status, json, text } = await lab.ask({ url: '/api/v1/broken' });
    is(status, 500);
    const { error, message } = json as { error: string; message: string };
    is(error, 'internal');
    const id = /^internal error; request ([0-9a-f]{12})$/.exec(message)?.[1] ?? '';
    ok(id !== '', message);
    is(text.includes('SELECT'), false);
    const log = lab.logLines().join('');
    ok(log.includes(`request ${id} GET /api/v1/broken: Error: flint_pat_… in SELECT`), log);
    const page = await lab.ask({ url: '/page' });
    match(page.text, /^<!doctype html>[\s\S]*internal error; request [0-9a-f]{12}/i);
    is(page.text.includes('SELECT'), false);
    const none = await lab.ask({ url: '/no-page', headers: { accept: 'text/html,*/*' } });
    match(none.text, /^<!doctype html>[\s\S]*there is nothing here/i);
    await lab.close();
  });
});

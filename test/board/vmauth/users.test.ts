import { equal, ok } from 'uvu/assert';
import {
  compareUsers,
  judgeShrinking,
  judgeUsers,
  parseUsers,
  renderUsers,
} from '../../../src/board/vmauth/users.ts';
import { suite } from '../../helper.ts';

const BACKEND = 'http://localhost:8428';
const REQUEST = { backends: [BACKEND] };

function user(name: string, token = `token-of-${name}`): object {
  return {
    bearer_token: token,
    url_prefix: `${BACKEND}/api/v1/write?extra_label=instance=${name}`,
  };
}

function answer(...users: unknown[]): string {
  return JSON.stringify({ status: 'ok', data: { users } });
}

function refusal(text: string): string {
  const judged = judgeUsers(text, REQUEST);
  return judged.ok ? '' : judged.reason;
}

function people(count: number, first = 0) {
  return Array.from({ length: count }, (_, index) => {
    const instance = `probe${first + index}`;
    return { instance, token: `token-of-${instance}`, prefix: BACKEND };
  });
}

suite('vmauth-users', ({ test }) => {
  test('a list from which most are missing is not believed, a small one is', () => {
    for (const [before, after] of [
      [0, 0],
      [0, 50],
      [3, 0],
      [10, 5],
      [40, 20],
      [40, 60],
    ] as const) {
      equal(judgeShrinking(people(before), people(after)), null, `${before} to ${after}`);
    }
    for (const [before, after] of [
      [4, 0],
      [10, 4],
      [40, 19],
      [40, 0],
    ] as const) {
      const why = judgeShrinking(people(before), people(after)) ?? '';
      ok(why.includes(`${before - after} of ${before} probes`), why);
    }
    // As many others do not make up for them.
    ok(judgeShrinking(people(10), people(10, 100)) !== null);
  });

  test('another token takes the right from nobody', () => {
    const fresh = people(10).map((one) => ({ ...one, token: `${one.token}-new` }));
    equal(judgeShrinking(people(10), fresh), null);
  });

  test('what sparky-web answers is taken', () => {
    const judged = judgeUsers(answer(user('probe02'), user('probe01')), REQUEST);
    equal(judged.ok && judged.users.map(({ instance }) => instance), ['probe01', 'probe02']);
  });

  test('no users are an answer, no list is none', () => {
    equal(judgeUsers(answer(), REQUEST), { ok: true, users: [] });
    const none = [
      '',
      'null',
      '[]',
      '{}',
      '<html>',
      '{"status":"ok"}',
      '{"status":"ok","data":null}',
      '{"status":"ok","data":{"users":null}}',
      '{"status":"unauthorized","message":"wrong key"}',
    ];
    for (const text of none) ok(refusal(text) !== '', text);
  });

  test('one user that makes no sense, and nothing is taken', () => {
    const prefixes = [
      'http://localhost:8428/api/v1/write',
      'http://localhost:8428/api/v1/write?extra_label=instance=',
      'http://localhost:8428/api/v1/write?extra_label=instance=a&extra_label=job=x',
      'http://localhost:8428/api/v1/write?x=1&extra_label=instance=a',
      'http://localhost:8428/api/v1/write?extra_label=instance=%{HOME}',
      'http://localhost:8428/api/v1/write?extra_label=instance=a%26b',
      'http://localhost:8428/api/v1/write?extra_label=instance=a/../b',
      'http://localhost:8428/api/v1/admin/tsdb/delete_series?extra_label=instance=a',
      'http://localhost:8428/api/v1/write/../query?extra_label=instance=a',
      'http://localhost:8428@evil.example/api/v1/write?extra_label=instance=a',
      'http://evil.example/api/v1/write?extra_label=instance=a',
      'file:///etc/passwd?extra_label=instance=a',
    ];
    for (const url_prefix of prefixes) {
      ok(refusal(answer(user('b'), { bearer_token: 'token-of-a', url_prefix })) !== '', url_prefix);
    }
    for (const token of ['null', '', 'short', '%{HOME}/token', null, 7]) {
      const url_prefix = `${BACKEND}/api/v1/write?extra_label=instance=a`;
      ok(refusal(answer({ bearer_token: token, url_prefix })) !== '', `${token}`);
    }
    ok(refusal(answer({ ...user('a'), url_map: [] })) !== '');
  });

  test('a token is of one probe, a probe may have two', () => {
    ok(refusal(answer(user('a', 'the-same-token'), user('b', 'the-same-token'))) !== '');
    equal(judgeUsers(answer(user('a', 'token-one'), user('a', 'token-two')), REQUEST).ok, true);
  });

  test('a refusal shows no token', () => {
    const reason = refusal(answer({ bearer_token: 'secret-secret!', url_prefix: 'x' }));
    ok(!reason.includes('secret-secret'), reason);
  });

  test('the file is never empty, and is read back as it was written', () => {
    equal(JSON.parse(renderUsers([], 'probe-token')).users.length, 1);
    const judged = judgeUsers(answer(user('b'), user('a')), REQUEST);
    if (!judged.ok) throw new Error(judged.reason);
    const parsed = parseUsers(renderUsers(judged.users, 'probe-token'));
    equal(parsed, { users: judged.users, probeToken: 'probe-token' });
    equal(parseUsers('{"users":[]}'), null);
    equal(parseUsers('null'), null);
  });

  test('the difference is told by name', () => {
    const of = (...users: object[]) => {
      const judged = judgeUsers(answer(...users), REQUEST);
      return judged.ok ? judged.users : [];
    };
    equal(compareUsers(of(user('a'), user('b')), of(user('b', 'other-token'), user('c'))), {
      added: ['c'],
      removed: ['a'],
      changed: ['b'],
    });
  });
});

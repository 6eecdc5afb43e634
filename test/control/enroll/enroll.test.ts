import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { BOARDS_MAX, BOARDS_OF_SOURCE_MAX } from '../../../src/control/enroll/store.ts';
import { suite } from '../../helper.ts';
import {
  claimToken,
  enrolledOf,
  makeBoard,
  nonceOf,
  register,
  requestOf,
  send,
  statusOf,
  tryEnroll,
} from '../enroll-lab.ts';
import { type Lab, openLab } from '../lab.ts';

const MAC = '02:00:5e:10:00:01';
const OTHER_MAC = '02:00:5e:10:00:02';

async function withLab(run: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await openLab({ config: { trustedProxies: ['127.0.0.1'] } });
  try {
    await run(lab);
  } finally {
    await lab.close();
  }
}

function rows(lab: Lab, sql: string): Record<string, unknown>[] {
  return lab.context.store.raw.prepare(sql).all() as Record<string, unknown>[];
}

suite('control/enroll/enroll', (s) => {
  s.test('a free probe waits as a candidate, and its board is answered once it is bound', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      const id = await register(lab, 'probe01', MAC);

      equal((await tryEnroll(lab, board)).status, 403);
      equal((await tryEnroll(lab, board)).status, 403);
      const [candidate] = rows(lab, 'select * from candidates');
      deepEqual([candidate?.['fingerprint'], candidate?.['attempts']], [board.fingerprint, 2]);
      const { publicKey } = board;
      lab.context.store.raw.prepare('update probes set publicKey = ?').run(publicKey);
      const enrolled = enrolledOf(await tryEnroll(lab, board));

      equal(enrolled.probe.name, 'probe01');
      equal(await statusOf(lab, enrolled.apiKey), 200);
      equal(rows(lab, `select * from probe_keys where probeId = ${id}`).length, 1);
    }),
  );

  s.test('a good claim token binds at once, is spent, and the audit log says so', () =>
    withLab(async (lab) => {
      await register(lab, 'probe01', MAC);
      await register(lab, 'probe02', OTHER_MAC);
      const token = await claimToken(lab, 'flint_claim_abcdefgh');

      const first = await tryEnroll(lab, makeBoard(MAC), { payload: { claimToken: token } });
      const second = await tryEnroll(lab, makeBoard(OTHER_MAC), {
        payload: { claimToken: token },
      });

      equal(enrolledOf(first).probe.name, 'probe01');
      equal(second.status, 403);
      const audit = rows(lab, "select subject, after from audit where action = 'probe.claim'");
      equal(audit.length, 1);
      equal(audit[0]?.['subject'], 'probe01');
      deepEqual(JSON.parse(String(audit[0]?.['after'])).claimToken, 'a batch');
      equal(rows(lab, 'select * from candidates').length, 1);
    }),
  );

  s.test('a claim token that ended, is used up or is of another probe binds nothing', () =>
    withLab(async (lab) => {
      const id = await register(lab, 'probe01', MAC);
      const other = await register(lab, 'probe02', OTHER_MAC);
      const tokens = [
        await claimToken(lab, 'flint_claim_expired0', { untilMs: lab.clock.nowMs }),
        await claimToken(lab, 'flint_claim_revoked0', { revokedMs: lab.clock.nowMs }),
        await claimToken(lab, 'flint_claim_of_other', { probeId: other }),
        'flint_claim_nobody_made',
      ];
      const board = makeBoard(MAC);

      for (const token of tokens) {
        equal((await tryEnroll(lab, board, { payload: { claimToken: token } })).status, 403, token);
      }
      const own = await claimToken(lab, 'flint_claim_of_this0', { probeId: id });
      equal((await tryEnroll(lab, board, { payload: { claimToken: own } })).status, 200);
    }),
  );

  s.test('one board cannot be two probes, whatever it pays with', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      await register(lab, 'probe01', MAC, { board });
      await register(lab, 'probe02', OTHER_MAC);
      const token = await claimToken(lab, 'flint_claim_abcdefgh');

      const answer = await tryEnroll(lab, board, {
        payload: { mac: OTHER_MAC, claimToken: token },
      });

      equal(answer.status, 403);
      equal(rows(lab, 'select * from candidates').length, 1);
    }),
  );

  s.test('after a lost reply the old key works until the new one is used, then it does not', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      await register(lab, 'probe01', MAC, { board });
      const old = enrolledOf(await tryEnroll(lab, board)).apiKey;
      equal(await statusOf(lab, old), 200);

      const lost = enrolledOf(await tryEnroll(lab, board)).apiKey;
      const kept = enrolledOf(await tryEnroll(lab, board)).apiKey;
      equal(await statusOf(lab, old), 200, 'the old one lives on');
      equal(rows(lab, 'select * from probe_keys').length, 2, 'at most two are alive');
      equal(await statusOf(lab, lost), 401, 'an unused one was replaced');
      equal(await statusOf(lab, kept), 200);

      equal(await statusOf(lab, old), 401);
      equal(await statusOf(lab, kept), 200);
      equal(rows(lab, 'select * from probe_keys').length, 1);
    }),
  );

  s.test('a captured request is worth nothing: its nonce is burnt', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      await register(lab, 'probe01', MAC, { board });
      const { origin } = lab.context.config;
      const request = requestOf(board, { origin, nonce: await nonceOf(lab) });

      const key = enrolledOf(await send(lab, request)).apiKey;
      const replayed = await send(lab, request);

      equal(replayed.status, 403);
      equal(await statusOf(lab, key), 200);
      equal(rows(lab, 'select * from probe_keys').length, 1);
    }),
  );

  s.test('a clock that steps back an hour stops no board and brings no nonce back', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      await register(lab, 'probe01', MAC, { board });
      const { origin } = lab.context.config;
      const request = requestOf(board, { origin, nonce: await nonceOf(lab) });
      const first = enrolledOf(await send(lab, request)).apiKey;
      equal(await statusOf(lab, first), 200);
      lab.clock.nowMs += 600_000;
      enrolledOf(await tryEnroll(lab, board));

      lab.clock.nowMs -= 3_600_000;

      const second = enrolledOf(await tryEnroll(lab, board)).apiKey;
      equal(await statusOf(lab, first), 200);
      equal(await statusOf(lab, second), 200);
      equal(await statusOf(lab, first), 401, 'made later by the clock, and yet the older one');
      for (let minute = 0; minute < 60; minute += 5) {
        lab.clock.nowMs += 300_000;
        equal((await send(lab, request)).status, 403, `${minute} minutes later`);
      }
    }),
  );

  s.test('of the same request sent twice at once one wins, and its key works', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      await register(lab, 'probe01', MAC, { board });
      for (let round = 0; round < 10; round++) {
        const { origin } = lab.context.config;
        const request = requestOf(board, { origin, nonce: await nonceOf(lab) });

        const answers = await Promise.all([send(lab, request), send(lab, request)]);

        const [won, ...more] = answers.filter(({ status }) => status === 200);
        equal(more.length, 0);
        if (won === undefined) throw new Error('nobody won');
        equal(await statusOf(lab, enrolledOf(won).apiKey), 200);
      }
    }),
  );

  s.test('of two boards with one MAC and tokens, one is bound and the other is an event', () =>
    withLab(async (lab) => {
      await register(lab, 'probe01', MAC);
      const payload = { claimToken: await claimToken(lab, 'flint_claim_abc_defg', { usesMax: 9 }) };
      const boards = [makeBoard(MAC), makeBoard(MAC)];

      const answers = await Promise.all(boards.map((board) => tryEnroll(lab, board, { payload })));

      deepEqual(answers.map(({ status }) => status).sort(), [200, 403]);
      const [event] = rows(lab, 'select * from probe_events');
      equal(event?.['kind'], 'foreign-key');
      const loser = boards[answers.findIndex(({ status }) => status === 403)];
      equal(JSON.parse(String(event?.['detail'])).fingerprint, loser?.fingerprint);
      const [probe] = rows(lab, 'select publicKey from probes');
      notEqual(probe?.['publicKey'], loser?.publicKey);
      deepEqual(rows(lab, 'select uses from claim_tokens'), [{ uses: 1 }]);
    }),
  );

  s.test('unknown boards are kept, so many of one source and so many in all', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      const tryFrom = (mac: string, from: string) =>
        tryEnroll(lab, board, { payload: { mac }, from });
      for (let i = 0; i < BOARDS_OF_SOURCE_MAX + 5; i++) {
        await tryFrom(`02:00:00:00:01:${(i + 16).toString(16)}`, '127.0.0.1');
        lab.clock.nowMs += 1000;
      }
      equal(rows(lab, 'select * from boards').length, BOARDS_OF_SOURCE_MAX);
      const [{ first } = {}] = rows(lab, 'select min(mac) as first from boards');
      equal(first, '02:00:00:00:01:15', 'the oldest went');

      const fill = lab.context.store.raw.prepare(
        `insert into boards (mac, publicKey, fingerprint, version, seenFrom, sourcePrefix, firstMs,
           lastMs, attempts) values (?, 'k', 'f', 'v', 'a', ?, 0, ?, 1)`,
      );
      for (let i = 0; i < BOARDS_MAX; i++) fill.run(`mac${i}`, `source${i}`, i);
      await tryFrom('02:00:00:00:02:01', '127.0.1.1');
      const [{ count } = {}] = rows(lab, 'select count(*) as count from boards');
      equal(Number(count) <= BOARDS_MAX + BOARDS_OF_SOURCE_MAX, true);
      equal(rows(lab, "select * from boards where mac = '02:00:00:00:02:01'").length, 1);
    }),
  );

  s.test('a payload that is none is told so, and says nothing about the fleet', () =>
    withLab(async (lab) => {
      const board = makeBoard(MAC);
      const { origin } = lab.context.config;
      const nonce = await nonceOf(lab);
      const good = requestOf(board, { origin, nonce });
      const payloads: [string, Record<string, unknown>][] = [
        ['mac', { mac: 'x' }],
        ['publicKey', { publicKey: 'short' }],
        ['model', { model: 'line\nfeed' }],
        ['version', { version: 'x'.repeat(65) }],
      ];

      for (const [key, payload] of payloads) {
        const answer = await send(lab, requestOf(board, { origin, nonce, payload }));
        equal(answer.status, 400, key);
        equal(answer.text.includes(`payload.${key}`), true, answer.text);
      }
      for (const payload of ['bm8ganNvbg', '_____w', Buffer.from('[').toString('base64url')]) {
        equal((await send(lab, { ...good, payload })).status, 400, payload);
      }
      equal((await send(lab, { ...good, more: 1 })).status, 400);
      equal((await send(lab, good)).status, 403, 'none of them used the nonce');
      equal(rows(lab, 'select * from boards').length, 1);
    }),
  );
});

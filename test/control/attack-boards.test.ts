// What boards and strangers may send in numbers, and in pieces: floods of enrolments, payloads of
// every shape, many requests on one socket, many sockets.
import { createHash, sign } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { equal, is, ok } from 'uvu/assert';
import { enrollMessage } from '../../src/core/enroll-wire.ts';
import { suite } from '../helper.ts';
import {
  claimToken,
  enrolledOf,
  makeBoard,
  nonceOf,
  register,
  send,
  statusOf,
  tryEnroll,
} from './enroll-lab.ts';
import { inLab, macOf } from './fleet-lab.ts';
import { emit, spoil, spoilt } from './fuzz-json.ts';
import { type Lab, NOW_MS } from './lab.ts';
import { speak } from './running.ts';

const FLOOD = Number(process.env['FLINT_FLOOD'] ?? 4_000);
const AT_ONCE = 200;
const REFUSED = '{"error":"refused","message":"not accepted (yet)"}';

suite('control against floods', (s) => {
  s.test(
    `${FLOOD} boards of one network keep no good one out, and fill no table`,
    () =>
      inLab(async (lab) => {
        const good = makeBoard(macOf(1));
        const bound = makeBoard(macOf(2));
        const token = await claimToken(lab, 'A'.repeat(43), { untilMs: NOW_MS + 1e9 });
        await register(lab, 'probe01', good.mac);
        await register(lab, 'probe02', bound.mac, { board: bound });
        await register(lab, 'probe03', macOf(3));
        const keys = Array.from({ length: 40 }, (_, n) => makeBoard(macOf(n)));
        const startMs = performance.now();
        const statuses = new Map<number, number>();
        let enrolledMs = 0;
        for (let sent = 0; sent < FLOOD; sent += AT_ONCE) {
          const flood = Array.from({ length: AT_ONCE }, async (_, n) => {
            const key = keys[n % keys.length] ?? good;
            // A third asks to be a registered board, and guesses claim tokens.
            const mac = n % 3 === 0 ? macOf(3) : macOf(1_000 + sent + n);
            const { status } = await tryEnroll(lab, key, {
              payload: { mac, claimToken: `guess${String(sent + n).padStart(20, '0')}` },
            });
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
          });
          if (sent === FLOOD / 2) {
            const beforeMs = performance.now();
            const answer = enrolledOf(
              await tryEnroll(lab, good, { payload: { claimToken: token } }),
            );
            enrolledOf(await tryEnroll(lab, bound));
            enrolledMs = performance.now() - beforeMs;
            is(await statusOf(lab, answer.apiKey), 200);
          }
          await Promise.all(flood);
        }
        const elapsedMs = performance.now() - startMs;
        const told = [...statuses].map(([status, count]) => `${status}: ${count}`).join(', ');
        process.stdout.write(
          `${FLOOD} enrolments in ${elapsedMs.toFixed(0)} ms (${told}); two good ones amid them ` +
            `in ${enrolledMs.toFixed(0)} ms\n`,
        );
        is(statuses.has(200), false);
        const sizes = ['boards', 'candidates', 'probe_events', 'used_nonces', 'claim_tokens'].map(
          (table) => lab.context.store.raw.prepare(`select count(*) from ${table}`).pluck().get(),
        );
        const [boards = 0, candidates = 0, events = 0] = sizes as number[];
        ok(boards <= 20 && candidates <= 8 && events <= 40, `${sizes}`);
      }),
    120_000,
  );

  s.test('payloads of every shape, well signed, are refused all alike or told what is wrong', () =>
    inLab(async (lab) => {
      const board = makeBoard(macOf(1));
      const whole = {
        ...{ mac: board.mac, publicKey: board.publicKey, model: 'x', hardware: 'generic' },
        ...{ version: '1', node: '20', sshHostKey: null, claimToken: null },
      };
      let alike = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(spoil, { minLength: 1, maxLength: 2 }), async (spoils) => {
          const payload = emit(spoils.reduce((one: unknown, how) => spoilt(one, how), whole));
          const nonce = await nonceOf(lab);
          const { origin } = lab.context.config;
          const digest = createHash('sha256').update(payload).digest('hex');
          const message = Buffer.from(enrollMessage(origin, nonce, digest));
          const from = `127.0.${spoils.length}.${alike % 250}`;
          const body = {
            ...{ nonce, payload: Buffer.from(payload).toString('base64url') },
            signature: sign(null, message, board.privateKey).toString('base64url'),
          };
          lab.clock.nowMs += 2_000;
          const { status, text } = await send(lab, body, from);
          ok([400, 403, 413].includes(status), `${status} ${text} ${payload.slice(0, 200)}`);
          if (status === 403) is(text, REFUSED);
          alike += status === 403 ? 1 : 0;
        }),
        { seed: 4, numRuns: 300 },
      );
      ok(alike > 20, `${alike}`);
    }),
  );

  s.test('requests on one socket are answered one after the other, each as its own caller', () =>
    inLab(async (lab) => {
      const port = await listen(lab);
      const anna = await lab.token('viewer', 'anna');
      const eve = await lab.token('viewer', 'eve');
      const words = Array.from({ length: 40 }, (_, n) => {
        const who = [
          `authorization: Bearer ${anna.bearer}\r\n`,
          '',
          `authorization: Bearer ${eve.bearer}\r\n`,
        ];
        const end = n === 39 ? 'connection: close\r\n' : '';
        return `GET /api/v1/session HTTP/1.1\r\nhost: 127.0.0.1\r\n${who[n % 3]}${end}\r\n`;
      });
      const { text } = await speak(port, [words.join('')]);
      const names = [...text.matchAll(/"name":"(\w+)"|HTTP\/1\.1 401/g)].map(
        ([, name]) => name ?? '',
      );
      equal(
        names,
        Array.from({ length: 40 }, (_, n) => ['anna', '', 'eve'][n % 3]),
      );
      const lies = [
        'content-length: 4\r\ncontent-length: 5\r\n\r\n{}{}{}',
        'content-length: -1\r\n\r\n{}',
        'content-length: 1e2\r\n\r\n{}',
        'content-length: 99999999999999999999\r\n\r\n{}',
        'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n',
        'transfer-encoding: xchunked\r\n\r\n0\r\n\r\n',
        'transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}',
      ];
      for (const lie of lies) {
        const head =
          'POST /api/v1/login HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n';
        const { text: said } = await speak(port, [head + lie], { endsMs: 3_000 });
        ok(/^HTTP\/1\.1 4\d\d /.test(said), `${lie}: ${said.slice(0, 100)}`);
        is(said.split('HTTP/1.1 ').length, 2, lie);
      }
    }),
  );

  s.test('a thousand sockets that say nothing keep nobody waiting', () =>
    inLab(async (lab) => {
      const port = await listen(lab);
      const silent: Socket[] = [];
      for (let n = 0; n < 1_000; n++) {
        const socket = connect({ port, host: '127.0.0.1' });
        socket.on('error', () => undefined);
        silent.push(socket);
      }
      const startMs = performance.now();
      const request = 'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n';
      const { text } = await speak(port, [request]);
      const elapsedMs = performance.now() - startMs;
      for (const socket of silent) socket.destroy();
      ok(/^HTTP\/1\.1 200 /.test(text), text);
      ok(elapsedMs < 2_000, `${elapsedMs} ms`);
    }),
  );
});

async function listen({ server }: Lab): Promise<number> {
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  return Number(new URL(address).port);
}

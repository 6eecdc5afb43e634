// Whoever is refused must not learn why: not by a byte, not by the time it takes.
import { deepEqual, equal, ok } from 'node:assert/strict';
import { median } from '../../../bench/statistics.ts';
import { leaveInMs, REFUSAL_STEP_MS, REFUSED } from '../../../src/control/enroll/refusal.ts';
import { suite } from '../../helper.ts';
import {
  type Board,
  claimToken,
  makeBoard,
  nonceOf,
  register,
  requestOf,
  send,
} from '../enroll-lab.ts';
import { type Answer, type Lab, openLab } from '../lab.ts';

const TRIES = 24;
const MS_MAX = 1;

type Cause = (nonce: string) => Promise<unknown> | unknown;

/** Every reason that there is for a refusal. */
async function causesOf(lab: Lab): Promise<Record<string, Cause>> {
  const { origin } = lab.context.config;
  const macs = ['01', '02', '03', '04'].map((last) => `02:00:5e:10:00:${last}`);
  const [free = '', bound = '', disabled = '', unknown = ''] = macs;
  const owner = makeBoard(bound);
  await register(lab, 'free', free);
  await register(lab, 'bound', bound, { board: owner });
  await register(lab, 'disabled', disabled, { board: makeBoard(disabled), disabledMs: 1 });
  const revoked = await claimToken(lab, 'flint_claim_revoked0', { revokedMs: 1 });
  const spent = await claimToken(lab, 'flint_claim_spent000', { usesMax: 0 });
  const oldNonce = await nonceOf(lab);
  const usedNonce = await nonceOf(lab);
  await send(lab, requestOf(owner, { origin, nonce: usedNonce }));
  const by = (board: Board, payload = {}) => {
    return (nonce: string) => requestOf(board, { origin, nonce, payload });
  };
  const freeBoard = makeBoard(free);
  return {
    unknown: by(makeBoard(unknown)),
    pending: by(freeBoard),
    elsewhere: by(makeBoard(bound)),
    disabled: by(makeBoard(disabled)),
    'bad signature': (nonce) => ({
      ...requestOf(owner, { origin, nonce }),
      signature: 'A'.repeat(86),
    }),
    'other origin': (nonce) => requestOf(owner, { origin: 'http://other.example', nonce }),
    'bad nonce': () => requestOf(owner, { origin, nonce: 'A'.repeat(52) }),
    'used nonce': () => requestOf(owner, { origin, nonce: usedNonce }),
    'old nonce': () => requestOf(owner, { origin, nonce: oldNonce }),
    'revoked token': by(freeBoard, { claimToken: revoked }),
    'spent token': by(freeBoard, { claimToken: spent }),
    'wrong token': by(freeBoard, { claimToken: 'flint_claim_nobody00' }),
    'key that is no point': by({ ...makeBoard(free), publicKey: 'A'.repeat(43) }),
  };
}

function shown({ status, text, headers }: Answer): unknown {
  const { date: _, 'x-request-id': __, ...others } = headers;
  return { status, text, headers: Object.entries(others) };
}

suite('control/enroll/refusal', (s) => {
  s.test('refusals leave at whole steps since they came', () => {
    equal(leaveInMs(100, 100, 0), REFUSAL_STEP_MS);
    equal(leaveInMs(100, 129.5, 0), 0.5);
    equal(leaveInMs(100, 130, 0), REFUSAL_STEP_MS);
    equal(leaveInMs(100, 171, 2), 21);
    equal(leaveInMs(100, 90, 0), REFUSAL_STEP_MS + 10);
  });

  s.test(
    'all causes of a refusal look the same: status, bytes, headers and time',
    async () => {
      const lab = await openLab();
      try {
        const causes = await causesOf(lab);
        lab.clock.nowMs += 300_001;
        const spent = new Map(Object.keys(causes).map((cause) => [cause, [] as number[]]));
        const looks = new Map<string, unknown>();
        for (let round = 0; round < TRIES; round++) {
          for (const [cause, make] of Object.entries(causes)) {
            const body = await make(await nonceOf(lab));
            const startMs = performance.now();
            const answer = await send(lab, body);
            spent.get(cause)?.push(performance.now() - startMs);
            looks.set(cause, shown(answer));
            // All of them come from one network, which would be told to wait.
            lab.clock.nowMs += 2_100;
          }
        }

        const [first] = looks.values();
        equal((first as { text: string }).text, JSON.stringify(REFUSED));
        for (const [cause, look] of looks) deepEqual(look, first, cause);
        const medians = [...spent].map(([cause, values]) => [cause, median(values)] as const);
        const all = medians.map(([, ms]) => ms);
        const range = Math.max(...all) - Math.min(...all);
        const told = medians.map(([cause, ms]) => `${cause} ${ms.toFixed(2)}`).join(', ');
        // A twentieth of the wait, or a millisecond; the jitter's own median wanders by as much.
        const allowed = Math.max(MS_MAX, REFUSAL_STEP_MS * 0.05);
        ok(range < allowed, `${range.toFixed(2)} ms apart: ${told}`);
      } finally {
        await lab.close();
      }
    },
    90_000,
  );
});

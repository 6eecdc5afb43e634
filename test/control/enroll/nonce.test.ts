import { deepEqual, equal } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { makeNonce, nonceClock, nonceUntilMs } from '../../../src/control/enroll/nonce.ts';
import { usedNonces } from '../../../src/control/enroll/nonces.ts';
import { CHALLENGE, NONCE_LIFE_MS } from '../../../src/core/enroll-wire.ts';
import { suite } from '../../helper.ts';
import { openLab } from '../lab.ts';

const KEY = Buffer.alloc(32, 7);
const NOW = 1_800_000_000_000;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

interface Used {
  clock: { nowMs(): number };
  burn(nonce: string, untilMs: number | null, isSigned?: boolean): string;
}

async function withUsed(
  run: (open: (usedMax?: number) => Used, clock: { nowMs: number }) => void,
): Promise<void> {
  const lab = await openLab();
  const { raw } = lab.context.store;
  try {
    const wallMs = () => lab.clock.nowMs;
    const open = (usedMax = 1000): Used => {
      const { clock, burn } = usedNonces({ raw, wallMs, usedMax });
      return { clock, burn: (nonce, untilMs, isSigned = true) => burn(nonce, untilMs, isSigned) };
    };
    run(open, lab.clock);
  } finally {
    await lab.close();
  }
}

suite('control/enroll/nonce', (s) => {
  s.test('a nonce is its own, good for five minutes, and fits the wire', () => {
    const nonces = Array.from({ length: 100 }, () => makeNonce(KEY, NOW));

    equal(new Set(nonces).size, 100);
    for (const nonce of nonces) {
      equal(nonceUntilMs(KEY, nonce), NOW + NONCE_LIFE_MS);
      equal(v.is(CHALLENGE, { nonce, untilMs: NOW, nowMs: NOW }), true);
    }
  });

  s.test('no other text is that nonce: each character and the length count', () => {
    const nonce = makeNonce(KEY, NOW);
    for (let i = 0; i < nonce.length; i++) {
      for (const letter of [...LETTERS].filter((one) => one !== nonce[i])) {
        equal(nonceUntilMs(KEY, nonce.slice(0, i) + letter + nonce.slice(i + 1)), null);
      }
    }
    for (const other of [`${nonce}A`, nonce.slice(0, -1), `${nonce}==`, '', ` ${nonce}`]) {
      equal(nonceUntilMs(KEY, other), null, other);
    }
  });

  s.test('a nonce of another control is none', () => {
    equal(nonceUntilMs(randomBytes(32), makeNonce(KEY, NOW)), null);
  });

  s.test('the clock of nonces goes on with the wall clock and never back', () => {
    let wallMs = 1000;
    const clock = nonceClock(() => wallMs, 5000);
    const told = [0, 10, -3_600_000, 0, 20].map((stepMs) => {
      wallMs += stepMs;
      return clock.nowMs();
    });

    deepEqual(told, [5000, 5010, 5010, 5010, 5030]);
  });
});

suite('control/enroll/nonces', (s) => {
  s.test('a nonce works once', () =>
    withUsed((open) => {
      const used = open();
      const untilMs = used.clock.nowMs() + NONCE_LIFE_MS;

      deepEqual([used.burn('a', untilMs), used.burn('a', untilMs)], ['good', 'used']);
      equal(used.burn('b', null), 'bad');
      equal(used.burn('b', null), 'bad');
    }),
  );

  s.test('who cannot sign fills nothing, and ends no nonce of another', () =>
    withUsed((open) => {
      const used = open();
      const untilMs = used.clock.nowMs() + NONCE_LIFE_MS;

      equal(used.burn('a', untilMs, false), 'good');
      equal(used.burn('a', untilMs, true), 'good');
      equal(used.burn('a', untilMs, false), 'used');
    }),
  );

  s.test('it ends after five minutes and does not begin in the future', () =>
    withUsed((open, clock) => {
      const used = open();
      const untilMs = used.clock.nowMs() + NONCE_LIFE_MS;

      equal(used.burn('future', untilMs + 1), 'old');
      clock.nowMs += NONCE_LIFE_MS - 1;
      equal(used.burn('last', untilMs), 'good');
      clock.nowMs += 1;
      equal(used.burn('late', untilMs), 'old');
    }),
  );

  s.test(
    'what was forgotten is not good again when the clock steps back, nor after a restart',
    () =>
      withUsed((open, clock) => {
        const used = open();
        const untilMs = used.clock.nowMs() + NONCE_LIFE_MS;
        equal(used.burn('a', untilMs), 'good');
        clock.nowMs += NONCE_LIFE_MS + 60_000;
        equal(used.burn('b', used.clock.nowMs() + NONCE_LIFE_MS), 'good', 'this one forgets a');

        clock.nowMs -= 3_600_000;
        equal(used.burn('a', untilMs), 'old');
        const restarted = open();
        equal(restarted.burn('a', untilMs), 'old');
        for (let minute = 0; minute < 70; minute++) {
          clock.nowMs += 60_000;
          equal(restarted.burn('a', untilMs) === 'good', false, `minute ${minute}`);
        }
        equal(restarted.burn('c', restarted.clock.nowMs() + NONCE_LIFE_MS), 'good');
      }),
  );

  s.test('a flood leaves so many, and what was forgotten for room is over', () =>
    withUsed((open, clock) => {
      const used = open(100);
      const firstMs = used.clock.nowMs() + NONCE_LIFE_MS;
      for (let i = 0; i < 150; i++) {
        clock.nowMs += 10;
        equal(used.burn(`n${i}`, used.clock.nowMs() + NONCE_LIFE_MS), 'good');
      }
      clock.nowMs += 10_000;
      equal(used.burn('next', used.clock.nowMs() + NONCE_LIFE_MS), 'good');

      equal(used.burn('n0', firstMs + 10), 'old');
      equal(used.burn('made-before-and-never-used', firstMs + 15), 'old');
      equal(used.burn('n149', firstMs + 1500), 'used');
    }),
  );
});

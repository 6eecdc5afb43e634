import { deepEqual, equal } from 'node:assert/strict';
import {
  type ClaimState,
  decideEnrollment,
  type EnrollDecision,
  type EnrollFacts,
  type EnrollProbe,
  isAccepted,
  judgeClaim,
  judgeProbe,
  type NonceState,
} from '../../src/core/enroll-decision.ts';
import { suite } from '../helper.ts';

const NONCES: readonly NonceState[] = ['good', 'bad', 'old', 'used'];
const PROBES: readonly EnrollProbe[] = [
  'unknown',
  'free',
  'pending',
  'here',
  'elsewhere',
  'disabled',
];
const CLAIMS: readonly ClaimState[] = [
  'none',
  'good',
  'expired',
  'revoked',
  'spent',
  'other',
  'wrong',
];
const BOTH = [true, false];

// With a good nonce and signature: what becomes of it without and with a good claim token.
const OUTCOMES: Readonly<Record<EnrollProbe, readonly [EnrollDecision, EnrollDecision]>> = {
  unknown: ['unknown', 'unknown'],
  free: ['wait', 'bind'],
  pending: ['wait', 'bind'],
  here: ['renew', 'renew'],
  elsewhere: ['foreign', 'foreign'],
  disabled: ['ignore', 'ignore'],
};

function allFacts(): EnrollFacts[] {
  return NONCES.flatMap((nonce) =>
    BOTH.flatMap((isSigned) =>
      PROBES.flatMap((probe) =>
        BOTH.flatMap((isKeyTaken) =>
          CLAIMS.map((claim) => ({ nonce, isSigned, probe, isKeyTaken, claim })),
        ),
      ),
    ),
  );
}

suite('core/enroll-decision', (s) => {
  s.test('every combination of facts has the outcome of the table', () => {
    const cases = allFacts();
    for (const facts of cases) {
      const isProven = facts.nonce === 'good' && facts.isSigned;
      const [without, withToken] = OUTCOMES[facts.probe];
      const isPaid = facts.claim === 'good' && !facts.isKeyTaken;
      const wanted = isProven ? (isPaid ? withToken : without) : 'ignore';

      equal(decideEnrollment(facts), wanted, JSON.stringify(facts));
    }
    equal(cases.length, 4 * 2 * 6 * 2 * 7);
  });

  s.test('nothing is accepted without proof, for a disabled probe or for a foreign key', () => {
    for (const claim of CLAIMS) {
      const facts = { nonce: 'good', isSigned: true, isKeyTaken: false, claim } as const;
      equal(isAccepted(decideEnrollment({ ...facts, probe: 'disabled' })), false);
      equal(isAccepted(decideEnrollment({ ...facts, probe: 'elsewhere' })), false);
      equal(isAccepted(decideEnrollment({ ...facts, isSigned: false, probe: 'here' })), false);
      equal(isAccepted(decideEnrollment({ ...facts, nonce: 'used', probe: 'here' })), false);
    }
  });

  s.test('a claim token is judged by revocation, time, uses and probe, in this order', () => {
    const row = { probeId: null, usesMax: 2, uses: 1, untilMs: 1000, revokedMs: null };
    const at = { probeId: 7, nowMs: 999 };

    equal(judgeClaim(false, null, at), 'none');
    equal(judgeClaim(true, null, at), 'wrong');
    equal(judgeClaim(true, row, at), 'good');
    equal(judgeClaim(true, row, { probeId: 7, nowMs: 1000 }), 'expired');
    equal(judgeClaim(true, { ...row, uses: 2 }, at), 'spent');
    equal(judgeClaim(true, { ...row, probeId: 7 }, at), 'good');
    equal(judgeClaim(true, { ...row, probeId: 8 }, at), 'other');
    equal(judgeClaim(true, { ...row, probeId: 8 }, { probeId: null, nowMs: 0 }), 'other');
    equal(judgeClaim(true, { ...row, uses: 2, revokedMs: 1, untilMs: 0 }, at), 'revoked');
  });

  s.test('a probe is judged by whether it is there, disabled, and bound to whom', () => {
    const asking = { publicKey: 'k', candidates: 0 };
    const free = { disabledMs: null, publicKey: null };

    const states = [
      judgeProbe(null, asking),
      judgeProbe(free, asking),
      judgeProbe(free, { ...asking, candidates: 1 }),
      judgeProbe({ ...free, publicKey: 'k' }, asking),
      judgeProbe({ ...free, publicKey: 'l' }, asking),
      judgeProbe({ disabledMs: 1, publicKey: 'k' }, asking),
    ];

    deepEqual(states, [...PROBES]);
  });
});

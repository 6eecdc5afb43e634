// What becomes of an enrolment: facts in, decision out. Whoever asks learns only whether it was
// accepted; what is kept of a refused one is for the operator's eyes.

/** `bad`: not ours; `old`: ours, past its time; `used`: ours, and it worked once already. */
export type NonceState = 'good' | 'bad' | 'old' | 'used';

/**
 * What the control knows of the MAC. `pending` is free with keys that wait for approval; `here` and
 * `elsewhere` are bound, to the key that asks or to another one.
 */
export type EnrollProbe = 'unknown' | 'free' | 'pending' | 'here' | 'elsewhere' | 'disabled';

/** `other`: made for another probe; `wrong`: nobody made it. */
export type ClaimState = 'none' | 'good' | 'expired' | 'revoked' | 'spent' | 'other' | 'wrong';

export interface EnrollFacts {
  nonce: NonceState;
  /** Over origin, nonce and payload, by the key in the payload. */
  isSigned: boolean;
  probe: EnrollProbe;
  /** The key is bound to another probe already: one board cannot be two. */
  isKeyTaken: boolean;
  claim: ClaimState;
}

/**
 * Accepted are `bind` (the claim token pays for it) and `renew` (another API key for the board that
 * is bound already). Refused are all others, which say what is kept: `wait` a candidate for
 * approval, `foreign` an event of the probe, `unknown` a board that nobody registered, `ignore`
 * nothing, since nothing in the request is proven or wanted.
 */
export type EnrollDecision = 'bind' | 'renew' | 'wait' | 'foreign' | 'unknown' | 'ignore';

export function decideEnrollment(facts: EnrollFacts): EnrollDecision {
  if (facts.nonce !== 'good' || !facts.isSigned) return 'ignore';
  switch (facts.probe) {
    case 'disabled':
      return 'ignore';
    case 'unknown':
      return 'unknown';
    case 'elsewhere':
      return 'foreign';
    case 'here':
      return 'renew';
    case 'free':
    case 'pending':
      return facts.claim === 'good' && !facts.isKeyTaken ? 'bind' : 'wait';
  }
}

export function isAccepted(decision: EnrollDecision): decision is 'bind' | 'renew' {
  return decision === 'bind' || decision === 'renew';
}

/** What is known of a claim token that was shown. */
export interface ClaimRow {
  probeId: number | null;
  usesMax: number;
  uses: number;
  untilMs: number;
  revokedMs: number | null;
}

/** `isShown`: the request has a token at all; `row` is null when nobody made that one. */
export function judgeClaim(
  isShown: boolean,
  row: ClaimRow | null,
  { probeId, nowMs }: { probeId: number | null; nowMs: number },
): ClaimState {
  if (!isShown) return 'none';
  if (row === null) return 'wrong';
  if (row.revokedMs !== null) return 'revoked';
  if (row.untilMs <= nowMs) return 'expired';
  if (row.uses >= row.usesMax) return 'spent';
  return row.probeId === null || row.probeId === probeId ? 'good' : 'other';
}

/** What is known of the probe that has the MAC. */
export interface BoundRow {
  disabledMs: number | null;
  publicKey: string | null;
}

export function judgeProbe(
  row: BoundRow | null,
  { publicKey, candidates }: { publicKey: string; candidates: number },
): EnrollProbe {
  if (row === null) return 'unknown';
  if (row.disabledMs !== null) return 'disabled';
  if (row.publicKey !== null) return row.publicKey === publicKey ? 'here' : 'elsewhere';
  return candidates > 0 ? 'pending' : 'free';
}

// Enrolment: nonce, proof and decision. All that asks one moment of the database is asked and
// answered inside one transaction, which others share; nobody is told before it is on disk.

import {
  decideEnrollment,
  type EnrollDecision,
  isAccepted,
  judgeClaim,
  judgeProbe,
} from '../../core/enroll-decision.ts';
import {
  type Challenge,
  type Enrolled,
  type EnrollRequest,
  NONCE_LIFE_MS,
} from '../../core/enroll-wire.ts';
import { forgetProbeKeys } from '../fleet/probe-keys.ts';
import type { ControlContext } from '../request/context.ts';
import { makeCredential, sha256Of } from '../request/credential.ts';
import { sourcePrefixOf } from '../request/source-prefix.ts';
import { type GroupCommit, groupCommit } from '../store/group-commit.ts';
import { type AddKey, keyAdder } from './keys.ts';
import { makeNonce, nonceUntilMs } from './nonce.ts';
import { type UsedNonces, usedNonces } from './nonces.ts';
import { type EnrollProof, proveEnrollment } from './proof.ts';
import {
  type Asking,
  type EnrollStore,
  enrollStore,
  type KnownClaim,
  type KnownProbe,
} from './store.ts';

export type EnrollOutcome =
  | { ok: true; enrolled: Enrolled }
  /** For the log and for counting; the one who asks is told nothing. */
  | { ok: false; decision: EnrollDecision };

const GROUP = { waitMs: 4, jobsMax: 100 };

/** A nonce, and when it ends by the wall clock. */
export function challenge(context: ControlContext): Challenge {
  const nowMs = context.nowMs();
  const nonce = makeNonce(context.keys.nonce, partsOf(context).nonces.clock.nowMs());
  return { nonce, untilMs: nowMs + NONCE_LIFE_MS, nowMs };
}

/** Decides; `from` is the address that asks. Throws ERR_INPUT_INVALID on a malformed payload. */
export async function enroll(
  context: ControlContext,
  request: EnrollRequest,
  from: string,
): Promise<EnrollOutcome> {
  const proof = proveEnrollment(request, context.config.origin);
  const untilMs = nonceUntilMs(context.keys.nonce, request.nonce);
  const { payload, publicKey, fingerprint } = proof;
  const place = { from, sourcePrefix: sourcePrefixOf(from), nowMs: context.nowMs() };
  const asking: Asking = { payload, publicKey, fingerprint, ...place };
  const parts = partsOf(context);
  const key = makeCredential('probe');
  const decided = await parts.group.run(() => {
    const nonce = parts.nonces.burn(request.nonce, untilMs, proof.isSigned);
    return decide(parts, asking, { nonce, isSigned: proof.isSigned, keySha256: key.sha256 });
  });
  if (!isAccepted(decided.decision) || decided.probe === null) {
    return { ok: false, decision: decided.decision };
  }
  if (decided.isUsedKeyEnded) forgetProbeKeys(context, decided.probe.id);
  const probe = { name: decided.probe.name };
  return { ok: true, enrolled: { probe, apiKey: key.text, nowMs: asking.nowMs } };
}

interface Parts {
  store: EnrollStore;
  nonces: UsedNonces;
  addKey: AddKey;
  group: GroupCommit;
}

// Statements live as long as the database that they were prepared on.
const PARTS = new WeakMap<ControlContext, Parts>();

function partsOf(context: ControlContext): Parts {
  const known = PARTS.get(context);
  if (known !== undefined) return known;
  const { raw } = context.store;
  const parts: Parts = {
    store: enrollStore(raw, sourcePrefixOf),
    nonces: usedNonces({ raw, wallMs: context.nowMs }),
    addKey: keyAdder(raw),
    group: groupCommit(context.store, GROUP),
  };
  PARTS.set(context, parts);
  return parts;
}

interface Shown {
  nonce: ReturnType<UsedNonces['burn']>;
  isSigned: EnrollProof['isSigned'];
  keySha256: string;
}

interface Decided {
  decision: EnrollDecision;
  probe: KnownProbe | null;
  isUsedKeyEnded: boolean;
}

// The same questions whatever the answers so far: the last one decides, not the first.
function decide(parts: Parts, asking: Asking, shown: Shown): Decided {
  const { store, addKey } = parts;
  const { payload, publicKey, nowMs } = asking;
  const probe = store.probeOf(payload.mac);
  const probeId = probe?.id ?? null;
  const owner = store.ownerOf(publicKey);
  const claim = store.claimOf(sha256Of(payload.claimToken ?? ''));
  const candidates = store.candidatesOf(probeId ?? -1);
  const decision = decideEnrollment({
    nonce: shown.nonce,
    isSigned: shown.isSigned,
    probe: judgeProbe(probe, { publicKey, candidates }),
    isKeyTaken: owner !== null && owner !== probeId,
    claim: judgeClaim(payload.claimToken !== null, claim, { probeId, nowMs }),
  });
  keep(store, { decision, probe, claim }, asking);
  const isUsedKeyEnded =
    isAccepted(decision) && probe !== null && addKey(probe.id, shown.keySha256, nowMs);
  return { decision, probe, isUsedKeyEnded };
}

function keep(
  store: EnrollStore,
  { decision, probe, claim }: Omit<Decided, 'isUsedKeyEnded'> & { claim: KnownClaim | null },
  asking: Asking,
): void {
  if (decision === 'unknown') store.keepBoard(asking);
  else if (probe === null || decision === 'ignore') store.countIgnored();
  else if (decision === 'renew') store.renew(probe, asking);
  else if (decision === 'wait') store.keepCandidate(probe, asking);
  else if (decision === 'foreign') store.keepForeign(probe, asking);
  else if (claim !== null) store.bind(probe, asking, claim);
}

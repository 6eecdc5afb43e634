// What `flint up` puts into a control that has nothing yet: an owner, this machine as a probe, and
// what it measures. Done once; whatever the owner changes or removes afterwards stays so.

import { makeLoginLink } from '../../control/accounts/login.ts';
import { addOperator, listOperators } from '../../control/accounts/operators.ts';
import { makeClaimToken } from '../../control/fleet/claim-tokens.ts';
import { addProbe } from '../../control/fleet/probes.ts';
import { saveSet } from '../../control/fleet/sets.ts';
import type { Actor, ControlContext } from '../../control/request/context.ts';
import { ProbeError } from '../../core/error.ts';
import type { SetInput } from '../../core/fleet-sets.ts';

export const PROBE_NAME = 'this-machine';
export const OWNER = 'owner';

export interface Seeded {
  /** Lets the agent of this machine in; null when its probe is bound already, or was removed. */
  claimToken: string | null;
}

const SEEDED_KEY = 'up';
const CLAIM_LIFE_MS = 3_600_000;
const ACTOR: Actor = {
  kind: 'system',
  operatorId: null,
  name: 'flint up',
  role: 'admin',
  text: 'system',
};

/** What is near, what is between, what is far; boards that join later run it too. */
const FIRST_TARGETS: SetInput = {
  id: 'first-targets',
  title: 'First targets',
  note: 'The network’s own gateway and resolver, and two well-known ones far away.',
  measurements: {
    smokeping: { targets: ['@gateway', '@resolver', 'one.one.one.one', 'dns.quad9.net'] },
    path: { targets: ['one.one.one.one', 'dns.quad9.net'] },
  },
  assignments: [{ scope: 'all', value: '' }],
};

/** Nothing lies between a machine and itself: what it sees there is its own noise. */
const THIS_MACHINE: SetInput = {
  id: PROBE_NAME,
  title: 'This machine alone',
  note: '',
  measurements: { smokeping: { targets: ['localhost'] } },
  assignments: [{ scope: 'probe', value: PROBE_NAME }],
};

/** Throws what the control throws. */
export async function seedUp(context: ControlContext, mac: string): Promise<Seeded> {
  if (!(await isSeeded(context))) await seed(context, mac);
  return { claimToken: await claimTokenFor(context) };
}

/** Where a browser becomes the owner's; null when the owner removed that account. */
export async function linkForOwner(context: ControlContext): Promise<string | null> {
  try {
    return (await makeLoginLink(context, ACTOR, OWNER)).url;
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error;
    return null;
  }
}

// Each step may have been done by a start that was broken off before the last one.
async function seed(context: ControlContext, mac: string): Promise<void> {
  const names = (await listOperators(context)).map(({ name }) => name);
  if (names.length === 0) {
    await addOperator(context, ACTOR, { name: OWNER, role: 'admin', password: null });
  }
  await unlessTaken(() =>
    addProbe(context, ACTOR, {
      mac,
      name: PROBE_NAME,
      hardware: 'generic',
      note: 'The probe that flint up runs beside the control.',
    }),
  );
  for (const set of [FIRST_TARGETS, THIS_MACHINE]) await saveSet(context, ACTOR, set);
  await context.store.write((db) =>
    db
      .insertInto('meta')
      .values({ key: SEEDED_KEY, value: JSON.stringify({ atMs: context.nowMs() }) })
      .execute(),
  );
}

async function isSeeded({ store }: ControlContext): Promise<boolean> {
  const query = store.db.selectFrom('meta').select('key').where('key', '=', SEEDED_KEY);
  return (await query.executeTakeFirst()) !== undefined;
}

async function unlessTaken(add: () => Promise<unknown>): Promise<void> {
  try {
    await add();
  } catch (error) {
    if (!(error instanceof ProbeError) || error.code !== 'ERR_CONFLICT') throw error;
  }
}

async function claimTokenFor(context: ControlContext): Promise<string | null> {
  const query = context.store.db
    .selectFrom('probes')
    .select(['publicKey', 'disabledMs'])
    .where('name', '=', PROBE_NAME);
  const probe = await query.executeTakeFirst();
  if (probe === undefined || probe.publicKey !== null || probe.disabledMs !== null) return null;
  const made = await makeClaimToken(context, ACTOR, {
    label: 'flint up',
    probe: PROBE_NAME,
    uses: 1,
    lifetimeMs: CLAIM_LIFE_MS,
  });
  return made.token;
}

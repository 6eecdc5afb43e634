// A control with one of everything in it, everybody who may come to it, and what each of them must
// never change or be told.
import { createHash } from 'node:crypto';
import { addMaintenance } from '../../src/control/fleet/maintenance.ts';
import { saveSet } from '../../src/control/fleet/sets.ts';
import { claimToken } from './enroll-lab.ts';
import { add, askToBe, askUnknown, macOf, say } from './fleet-lab.ts';
import { type Credentials, type Lab, openLab, SYSTEM } from './lab.ts';
import { eventAt, reportOf } from './report-lab.ts';

export type CallerName = (typeof CALLERS)[number];

export const CALLERS = [
  'anonymous',
  'stranger',
  'ended',
  'no-csrf',
  'viewer-session',
  'viewer-token',
  'weak-token',
  'operator-session',
  'operator-token',
  'admin-session',
  'admin-token',
  'probe',
] as const;

/** What each may be in the eyes of the description. */
export const RANKS: Readonly<
  Record<CallerName, 'nobody' | 'probe' | 'viewer' | 'operator' | 'admin'>
> = {
  anonymous: 'nobody',
  stranger: 'nobody',
  ended: 'nobody',
  'no-csrf': 'nobody',
  'viewer-session': 'viewer',
  'viewer-token': 'viewer',
  'weak-token': 'viewer',
  'operator-session': 'operator',
  'operator-token': 'operator',
  'admin-session': 'admin',
  'admin-token': 'admin',
  probe: 'probe',
};

export interface Fleet {
  lab: Lab;
  callers: Readonly<Record<CallerName, Credentials | undefined>>;
  /** Texts that no answer may hold. */
  secrets: readonly string[];
  /** Names and ids that mean something here. */
  known: readonly string[];
  /** Everything that this caller has no right to change, as a digest. */
  guarded(caller: CallerName): string;
}

const KNOWN = ['probe01', 'probe02', 'probe03', 'basics', 'even', 'viewer-of-the-lab'];
const MORE = ['operator-of-the-lab', 'admin-of-the-lab', '1', '2', '4', '02:00:5e:00:00:09', 'web'];
export const KNOWN_NAMES: readonly string[] = [...KNOWN, ...MORE];

export async function openFleet(): Promise<Fleet> {
  const lab = await openLab({ config: { addressPrefix: 'fd00:1:2:3::/64' } });
  const { context } = lab;
  for (const number of [1, 2, 3]) {
    const tags = ['core'];
    await add(context, { mac: macOf(number), groups: ['even'], tags, location: 'Hanover' });
  }
  await askToBe(context, 'probe01', 1);
  await askUnknown(context, macOf(99), 2);
  const measurements = { smokeping: { targets: ['a.example'] }, path: {} };
  const all = [{ scope: 'all' as const, value: '' as const }];
  const set = { id: 'basics', title: '', note: '', measurements, assignments: all };
  await saveSet(context, SYSTEM, set);
  const times = { fromMs: context.nowMs(), untilMs: context.nowMs() + 3_600_000 };
  await addMaintenance(context, SYSTEM, {
    ...all[0],
    scope: 'all',
    value: '',
    ...times,
    reason: 'x',
  });
  const claim = await claimToken(lab, 'flint_claim_0123456789012345678901234567890123456789012');
  await say(context, 'probe02', reportOf({ events: [eventAt('e1')] }));
  const callers = await comers(lab);
  return {
    lab,
    callers,
    known: KNOWN_NAMES,
    secrets: [claim, ...secretsOf(lab, callers)],
    guarded: (caller) => digest(lab, caller),
  };
}

async function comers(lab: Lab): Promise<Fleet['callers']> {
  const ended = await lab.session('admin', 'ended');
  const disabled = { disabledMs: lab.context.nowMs() };
  await lab.context.store.write((db) =>
    db.updateTable('operators').set(disabled).where('name', '=', 'ended').execute(),
  );
  const admin = await lab.session('admin');
  return {
    anonymous: undefined,
    stranger: { bearer: `flint_pat_${'A'.repeat(43)}` },
    ended,
    'no-csrf': { ...admin, csrf: 'x', token: '' },
    'viewer-session': await lab.session('viewer'),
    'viewer-token': await lab.token('viewer'),
    'weak-token': await weakToken(lab),
    'operator-session': await lab.session('operator'),
    'operator-token': await lab.token('operator'),
    'admin-session': admin,
    'admin-token': await lab.token('admin'),
    probe: await lab.probe('probe09'),
  };
}

/** Of an administrator, to read with. */
async function weakToken(lab: Lab): Promise<{ bearer: string }> {
  const made = await lab.token('admin');
  await lab.context.store.write(async (db) => {
    const { id } = await db
      .selectFrom('api_tokens')
      .select(({ fn }) => fn.max('id').as('id'))
      .executeTakeFirstOrThrow();
    await db.updateTable('api_tokens').set({ role: 'viewer' }).where('id', '=', id).execute();
  });
  return made;
}

function secretsOf({ context }: Lab, callers: Fleet['callers']): string[] {
  const { raw } = context.store;
  const columns = [
    ['api_tokens', 'tokenSha256'],
    ['sessions', 'tokenSha256'],
    ['probe_keys', 'keySha256'],
    ['claim_tokens', 'tokenSha256'],
  ];
  const stored = columns.flatMap(([table, column]) =>
    raw.prepare(`select ${column} from ${table}`).pluck().all(),
  ) as string[];
  const keys = Object.values(context.keys).flatMap((key) =>
    (['hex', 'base64', 'base64url'] as const).map((form) => key.toString(form)),
  );
  const shown = Object.values(callers).map((one) =>
    one === undefined ? '' : 'bearer' in one ? one.bearer : one.token,
  );
  return [...stored, ...keys, ...shown.filter((text) => text !== ''), 'scrypt$'];
}

function digest({ context }: Lab, caller: CallerName): string {
  const { raw } = context.store;
  const hash = createHash('sha256');
  const look = (sql: string, ...values: unknown[]) => {
    for (const row of raw.prepare(sql).iterate(...values)) hash.update(JSON.stringify(row));
  };
  const rank = RANKS[caller];
  if (rank === 'admin') return '';
  const name = caller === 'weak-token' ? 'admin-of-the-lab' : `${rank}-of-the-lab`;
  const own = raw.prepare('select id from operators where name = ?').pluck().get(name) ?? 0;
  look('select operatorId, createdMs from sessions where operatorId <> ?', own);
  look('select operatorId, label, role from api_tokens where operatorId <> ?', own);
  look('select id, name, role, disabledMs from operators');
  look('select id, password from operators where id <> ?', own);
  look('select operatorId from login_links');
  look("select * from meta where key not in ('enrollIgnored', 'nonceFloorMs')");
  // A token to read with ends itself, and nothing else of its owner.
  if (caller === 'weak-token') {
    look("select id from api_tokens where not (operatorId = ? and role = 'viewer')", own);
  }
  if (caller === 'weak-token') look('select operatorId, createdMs from sessions');
  if (rank !== 'operator') fleetDigest(look, rank === 'probe' ? 'probe09' : '');
  return hash.digest('hex');
}

function fleetDigest(look: (sql: string, ...values: unknown[]) => void, own: string): void {
  for (const table of ['probes', 'probe_labels', 'claim_tokens', 'sets', 'assignments']) {
    look(`select * from ${table}`);
  }
  look('select * from maintenance');
  const others = 'probeId not in (select id from probes where name = ?)';
  look(`select keySha256, probeId from probe_keys`);
  look(`select * from probe_states where ${others}`, own);
  look(`select * from probe_events where kind <> 'foreign-key' and ${others}`, own);
}

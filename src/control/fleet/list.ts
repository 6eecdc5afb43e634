// The list of probes: searched, filtered, sorted and cut into pages by the database, so that a
// page of a fleet of thousands costs no more than its rows. Health is a matter of the present
// time, hence an expression here; `judge` (core/fleet-health.ts) says the same of one probe, with
// its reason.
import { type RawBuilder, sql } from 'kysely';
import { type ProbeRow, type ProbesQuery, SILENT_MS } from '../../core/fleet.ts';
import { HEALTHS_WORST_FIRST } from '../../core/fleet-health.ts';
import { TROUBLE } from '../../core/report-judge.ts';
import { parseMac } from '../../core/wire.ts';
import type { ControlContext } from '../request/context.ts';
import { searchText } from './find.ts';
import { type ActiveWindows, activeWindows } from './maintenance.ts';
import { readFacts, toRow } from './rows.ts';

type Fragment = RawBuilder<unknown>;

/** Words of a search; more are left out. */
const WORDS_MAX = 8;

/** One page, and how many there are in all. */
export async function listProbes(
  context: ControlContext,
  query: ProbesQuery,
): Promise<{ probes: ProbeRow[]; total: number }> {
  const nowMs = context.nowMs();
  const { db } = context.store;
  const windows = await activeWindows(db, nowMs);
  const health = healthOf(nowMs, windows);
  const where = conditionOf(query, health);
  const total = await sql<{ total: number }>`
    select count(*) as total from ${FROM} where ${where}`.execute(db);
  const page = await sql<{ id: number }>`
    select p.id from ${FROM} where ${where} order by ${orderOf(query, health)}
    limit ${query.limit} offset ${query.offset}`.execute(db);
  const ids = page.rows.map(({ id }) => id);
  const facts = await readFacts(db, ids, nowMs);
  return {
    probes: facts.map((one) => toRow(one, nowMs)),
    total: total.rows[0]?.total ?? 0,
  };
}

// The index holds what lists need of the states, so that no report is read for it.
const FROM = sql`probes as p
  left join probe_states as s indexed by probeStatesForLists on s.probeId = p.id`;

const HAS_CANDIDATE = sql`exists (select 1 from candidates as c where c.probeId = p.id)`;

// "probe9" before "probe10", and other names where the alphabet has them.
const BY_NAME = sql`rtrim(p.name, '0123456789'), length(p.name), p.name`;

/** What `judge` says, as an expression. */
function healthOf(nowMs: number, windows: ActiveWindows): Fragment {
  return sql`case
    when p.disabledMs is not null then 'disabled'
    when s.probeId is null then 'waiting'
    when ${isInWindow(windows)} then 'maintenance'
    when s.seenMs <= ${nowMs - SILENT_MS} then 'silent'
    when s.badness >= ${TROUBLE} then 'trouble'
    else 'well' end`;
}

function isInWindow({ all, groups, probes }: ActiveWindows): Fragment {
  if (all !== null) return sql`true`;
  const terms: Fragment[] = [];
  if (probes.size > 0) terms.push(sql`p.id in ${listOf([...probes.keys()])}`);
  if (groups.size > 0) {
    terms.push(sql`exists (select 1 from probe_labels as l where l.probeId = p.id
      and l.kind = 'group' and l.value in ${listOf([...groups.keys()])})`);
  }
  return terms.length === 0 ? sql`false` : sql`(${sql.join(terms, sql` or `)})`;
}

function conditionOf(query: ProbesQuery, health: Fragment): Fragment {
  const terms: Fragment[] = [sql`true`];
  const words = query.search.split(/\s+/).filter((word) => word !== '');
  for (const word of words.slice(0, WORDS_MAX)) {
    const text = searchText(word);
    // A MAC in whatever notation is found as the one that is stored.
    const mac = parseMac(word) ?? text;
    terms.push(sql`(instr(p.search, ${text}) > 0 or instr(p.search, ${mac}) > 0)`);
  }
  if (query.group !== undefined) terms.push(hasLabel('group', query.group));
  if (query.tag !== undefined) terms.push(hasLabel('tag', query.tag));
  if (query.health !== undefined) terms.push(sql`${health} = ${query.health}`);
  if (query.state !== undefined) terms.push(isInState(query.state));
  return sql.join(terms, sql` and `);
}

function hasLabel(kind: 'group' | 'tag', value: string): Fragment {
  return sql`exists (select 1 from probe_labels as l
    where l.probeId = p.id and l.kind = ${kind} and l.value = ${value})`;
}

function isInState(state: NonNullable<ProbesQuery['state']>): Fragment {
  if (state === 'disabled') return sql`p.disabledMs is not null`;
  if (state === 'bound') return sql`p.disabledMs is null and p.publicKey is not null`;
  const isFree = sql`p.disabledMs is null and p.publicKey is null`;
  return state === 'pending'
    ? sql`${isFree} and ${HAS_CANDIDATE}`
    : sql`${isFree} and not ${HAS_CANDIDATE}`;
}

// What is not known comes last, whichever way round.
function orderOf({ sort, order }: ProbesQuery, health: Fragment): Fragment {
  switch (sort) {
    case 'worst':
      return worstFirst(health, order ?? 'desc');
    case 'name':
      return order === 'desc'
        ? sql`rtrim(p.name, '0123456789') desc, length(p.name) desc, p.name desc`
        : BY_NAME;
    case 'seen':
      return sql`s.seenMs is null, s.seenMs ${way(order ?? 'desc')}, ${BY_NAME}`;
    case 'created':
      return sql`p.createdMs ${way(order ?? 'desc')}, p.id ${way(order ?? 'desc')}`;
    case 'location':
      return sql`p.location = '', p.location collate nocase ${way(order ?? 'asc')}, ${BY_NAME}`;
    case 'version':
      return sql`s.version is null, s.version ${way(order ?? 'asc')}, ${BY_NAME}`;
  }
}

// Of the silent ones those that fell silent last; of those in trouble the worst; of those that wait
// the ones with a board that asks.
function worstFirst(health: Fragment, order: 'asc' | 'desc'): Fragment {
  const ranks = HEALTHS_WORST_FIRST.map((name, rank) => sql`when ${name} then ${rank}`);
  const rank = sql`case ${health} ${sql.join(ranks, sql` `)} end`;
  if (order === 'asc') return sql`${rank} desc, s.badness, ${BY_NAME}`;
  const late = sql`case when ${rank} = 0 then -s.seenMs end`;
  return sql`${rank}, ${late}, s.badness desc, not ${HAS_CANDIDATE}, ${BY_NAME}`;
}

function way(order: 'asc' | 'desc'): Fragment {
  return order === 'asc' ? sql`asc` : sql`desc`;
}

function listOf(values: readonly (string | number)[]): Fragment {
  return sql`(select value from json_each(${JSON.stringify(values)}))`;
}

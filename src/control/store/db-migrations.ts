// The steps that make the database what this version needs. A step that was released never changes;
// the next one follows it. Each runs in a transaction of its own.
import { type Kysely, type Migration, sql } from 'kysely';
import type { Tables } from './db-tables.ts';

export const MIGRATIONS: Record<string, Migration> = {
  '0001-begin': { up: begin },
};

async function begin(db: Kysely<Tables>): Promise<void> {
  for (const statement of TABLES) await sql.raw(statement).execute(db);
}

const TABLES: readonly string[] = [
  `create table meta (key text primary key, value text not null) strict`,
  `create table operators (
    id integer primary key, name text not null unique, role text not null, password text,
    createdMs integer not null, disabledMs integer, lastLoginMs integer) strict`,
  `create table sessions (
    tokenSha256 text primary key,
    operatorId integer not null references operators (id) on delete cascade,
    createdMs integer not null, usedMs integer not null, untilMs integer not null) strict`,
  `create index sessionsByOperator on sessions (operatorId)`,
  `create table login_links (
    tokenSha256 text primary key,
    operatorId integer not null references operators (id) on delete cascade,
    untilMs integer not null) strict`,
  `create table api_tokens (
    id integer primary key,
    operatorId integer not null references operators (id) on delete cascade,
    label text not null, tokenSha256 text not null unique, role text not null,
    createdMs integer not null, untilMs integer, usedMs integer) strict`,
  `create table audit (
    id integer primary key, atMs integer not null, actor text not null, action text not null,
    subject text not null, before text, after text) strict`,
  `create index auditBySubject on audit (subject, id)`,
  // An id is never given again: what outlives a removed probe elsewhere must not find another one.
  `create table probes (
    id integer primary key autoincrement, name text not null unique, mac text not null unique,
    hardware text not null, address text unique, addressKey text unique,
    location text not null, contact text not null,
    note text not null, search text not null, createdMs integer not null, disabledMs integer,
    publicKey text unique, fingerprint text, boundMs integer, sshHostKey text, model text) strict`,
  // Names of one length sort as their numbers do: finds the highest one without a scan.
  `create index probesByLength on probes (length(name), name)`,
  `create table probe_labels (
    probeId integer not null references probes (id) on delete cascade,
    kind text not null, value text not null, primary key (probeId, kind, value)
  ) strict, without rowid`,
  `create index probeLabelsByValue on probe_labels (kind, value, probeId)`,
  `create table probe_states (
    probeId integer primary key references probes (id) on delete cascade,
    seenMs integer not null, seenFrom text not null, version text not null, bootId text not null,
    badness real not null, report text not null) strict`,
  `create index probeStatesByBadness on probe_states (badness, probeId)`,
  // All that a list is sorted by, without reading the reports that lie between.
  `create index probeStatesForLists on probe_states (probeId, seenMs, badness, version)`,
  `create table probe_events (
    probeId integer not null references probes (id) on delete cascade,
    eventId text not null, kind text not null, target text, family text, fromMs integer not null,
    untilMs integer, scope text, detail text not null, heardMs integer not null,
    primary key (probeId, eventId)) strict, without rowid`,
  `create index probeEventsByTime on probe_events (fromMs)`,
  `create index probeEventsOfProbe on probe_events (probeId, heardMs)`,
  `create table probe_keys (
    keySha256 text primary key,
    probeId integer not null references probes (id) on delete cascade,
    createdMs integer not null, usedMs integer) strict, without rowid`,
  `create index probeKeysByProbe on probe_keys (probeId)`,
  `create table candidates (
    id integer primary key,
    probeId integer not null references probes (id) on delete cascade,
    publicKey text not null, fingerprint text not null, model text, hardware text,
    version text not null, sshHostKey text, seenFrom text not null, firstMs integer not null,
    lastMs integer not null, attempts integer not null, unique (probeId, publicKey)) strict`,
  `create table boards (
    id integer primary key, mac text not null, publicKey text not null, fingerprint text not null,
    model text, hardware text, version text not null, seenFrom text not null,
    sourcePrefix text not null, firstMs integer not null, lastMs integer not null,
    attempts integer not null, unique (mac, publicKey)) strict`,
  `create index boardsBySource on boards (sourcePrefix, lastMs)`,
  `create index boardsByTime on boards (lastMs)`,
  `create table claim_tokens (
    id integer primary key, tokenSha256 text not null unique, label text not null,
    probeId integer references probes (id) on delete cascade, usesMax integer not null,
    uses integer not null, createdMs integer not null, untilMs integer not null,
    revokedMs integer, createdBy text not null) strict`,
  `create table used_nonces (nonce text primary key, untilMs integer not null)
    strict, without rowid`,
  `create index usedNoncesByTime on used_nonces (untilMs)`,
  `create table sets (
    id text primary key, title text not null, note text not null, measurements text not null,
    createdMs integer not null, changedMs integer not null) strict, without rowid`,
  `create table assignments (
    setId text not null references sets (id) on delete cascade,
    scope text not null, value text not null, primary key (setId, scope, value)
  ) strict, without rowid`,
  `create index assignmentsByValue on assignments (scope, value)`,
  `create table maintenance (
    id integer primary key, scope text not null, value text not null, fromMs integer not null,
    untilMs integer not null, reason text not null, createdBy text not null) strict`,
];

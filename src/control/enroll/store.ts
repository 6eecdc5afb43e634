// What an enrolment reads and writes, as statements that are prepared once: ten thousand boards may
// come at the same time. All of it runs inside a transaction of the caller.

import type { Statement } from 'better-sqlite3';
import type { ClaimRow } from '../../core/enroll-decision.ts';
import type { EnrollPayload } from '../../core/enroll-wire.ts';
import type { ControlDb } from '../store/db.ts';

export const CANDIDATES_MAX = 8;
/** Of one probe, from one source: one that floods leaves room for the board itself. */
export const CANDIDATES_OF_SOURCE_MAX = 3;
export const BOARDS_MAX = 1000;
export const BOARDS_OF_SOURCE_MAX = 20;
export const FOREIGN_KEYS_MAX = 20;

/** The board that asks, as far as its payload can be believed. */
export interface Asking {
  payload: EnrollPayload;
  /** Canonical base64url. */
  publicKey: string;
  fingerprint: string;
  from: string;
  sourcePrefix: string;
  nowMs: number;
}

export interface KnownProbe {
  id: number;
  name: string;
  publicKey: string | null;
  disabledMs: number | null;
}

export type KnownClaim = ClaimRow & { id: number; label: string };

export interface EnrollStore {
  probeOf(mac: string): KnownProbe | null;
  /** The probe that the key is bound to. */
  ownerOf(publicKey: string): number | null;
  claimOf(tokenSha256: string): KnownClaim | null;
  candidatesOf(probeId: number): number;
  bind(probe: KnownProbe, asking: Asking, claim: KnownClaim): void;
  renew(probe: KnownProbe, asking: Asking): void;
  keepCandidate(probe: KnownProbe, asking: Asking): void;
  keepForeign(probe: KnownProbe, asking: Asking): void;
  keepBoard(asking: Asking): void;
  countIgnored(): void;
}

type Raw = ControlDb['raw'];

export function enrollStore(raw: Raw, sourceOf: (from: string) => string): EnrollStore {
  const probeOf = raw.prepare('select id, name, publicKey, disabledMs from probes where mac = ?');
  const ownerOf = raw.prepare('select id from probes where publicKey = ?').pluck();
  const claimOf = raw.prepare(
    `select id, label, probeId, usesMax, uses, untilMs, revokedMs
     from claim_tokens where tokenSha256 = ?`,
  );
  const candidatesOf = raw.prepare('select count(*) from candidates where probeId = ?').pluck();
  const countIgnored = raw.prepare(
    `insert into meta (key, value) values ('enrollIgnored', '1')
     on conflict (key) do update set value = cast(value as integer) + 1`,
  );
  return {
    probeOf: (mac) => (probeOf.get(mac) as KnownProbe | undefined) ?? null,
    ownerOf: (publicKey) => (ownerOf.get(publicKey) as number | undefined) ?? null,
    claimOf: (tokenSha256) => (claimOf.get(tokenSha256) as KnownClaim | undefined) ?? null,
    candidatesOf: (probeId) => candidatesOf.get(probeId) as number,
    countIgnored: () => void countIgnored.run(),
    ...binders(raw),
    keepCandidate: candidateKeeper(raw, sourceOf),
    keepForeign: foreignKeeper(raw),
    keepBoard: boardKeeper(raw),
  };
}

function binders(raw: Raw): Pick<EnrollStore, 'bind' | 'renew'> {
  const bind = raw.prepare(
    `update probes set publicKey = @publicKey, fingerprint = @fingerprint, boundMs = @nowMs,
       sshHostKey = @sshHostKey, model = @model where id = @id`,
  );
  const renew = raw.prepare(
    `update probes set sshHostKey = coalesce(@sshHostKey, sshHostKey),
       model = coalesce(@model, model) where id = @id`,
  );
  const spend = raw.prepare('update claim_tokens set uses = uses + 1 where id = ?');
  const forget = raw.prepare('delete from candidates where probeId = ?');
  const register = raw.prepare('delete from boards where mac = ?');
  const audit = raw.prepare(
    `insert into audit (atMs, actor, action, subject, before, after)
     values (?, 'system', 'probe.claim', ?, null, ?)`,
  );
  return {
    bind({ id, name }, { payload, publicKey, fingerprint, nowMs }, claim) {
      const { model, sshHostKey, mac } = payload;
      bind.run({ id, publicKey, fingerprint, nowMs, sshHostKey, model });
      spend.run(claim.id);
      forget.run(id);
      register.run(mac);
      audit.run(nowMs, name, JSON.stringify({ fingerprint, claimToken: claim.label }));
    },
    renew({ id }, { payload: { model, sshHostKey } }) {
      renew.run({ id, sshHostKey, model });
    },
  };
}

interface Seen {
  id: number;
  seenFrom: string;
}

function candidateKeeper(
  raw: Raw,
  sourceOf: (from: string) => string,
): EnrollStore['keepCandidate'] {
  const upsert = raw.prepare(
    `insert into candidates (probeId, publicKey, fingerprint, model, hardware, version,
       sshHostKey, seenFrom, firstMs, lastMs, attempts)
     values (@probeId, @publicKey, @fingerprint, @model, @hardware, @version, @sshHostKey, @from,
       @nowMs, @nowMs, 1)
     on conflict (probeId, publicKey) do update set model = excluded.model,
       hardware = excluded.hardware, version = excluded.version,
       sshHostKey = excluded.sshHostKey, seenFrom = excluded.seenFrom,
       lastMs = excluded.lastMs, attempts = attempts + 1`,
  );
  // The one that was just written is never the one that goes, whatever the clock says.
  const others: Statement = raw.prepare(
    `select id, seenFrom from candidates where probeId = ? and publicKey <> ?
     order by lastMs, id`,
  );
  const remove = raw.prepare('delete from candidates where id = ?');
  return ({ id: probeId }, asking) => {
    upsert.run({ probeId, ...rowOf(asking), sshHostKey: asking.payload.sshHostKey });
    const older = others.all(probeId, asking.publicKey) as Seen[];
    const same = older.filter(({ seenFrom }) => sourceOf(seenFrom) === asking.sourcePrefix);
    const [oldest] = same.length >= CANDIDATES_OF_SOURCE_MAX ? same : older;
    const isFull = same.length >= CANDIDATES_OF_SOURCE_MAX || older.length >= CANDIDATES_MAX;
    if (isFull && oldest !== undefined) remove.run(oldest.id);
  };
}

function boardKeeper(raw: Raw): EnrollStore['keepBoard'] {
  const upsert = raw.prepare(
    `insert into boards (mac, publicKey, fingerprint, model, hardware, version, seenFrom,
       sourcePrefix, firstMs, lastMs, attempts)
     values (@mac, @publicKey, @fingerprint, @model, @hardware, @version, @from, @sourcePrefix,
       @nowMs, @nowMs, 1)
     on conflict (mac, publicKey) do update set model = excluded.model,
       hardware = excluded.hardware, version = excluded.version, seenFrom = excluded.seenFrom,
       sourcePrefix = excluded.sourcePrefix, lastMs = excluded.lastMs, attempts = attempts + 1
     returning id`,
  );
  const ofSource = raw.prepare('select count(*) from boards where sourcePrefix = ?').pluck();
  const all = raw.prepare('select count(*) from boards').pluck();
  const removeOfSource = raw.prepare(
    `delete from boards where id = (select id from boards where sourcePrefix = ? and id <> ?
       order by lastMs, id limit 1)`,
  );
  const removeOldest = raw.prepare(
    `delete from boards where id = (select id from boards where id <> ?
       order by lastMs, id limit 1)`,
  );
  return (asking) => {
    const { mac } = asking.payload;
    const { sourcePrefix } = asking;
    const { id } = upsert.get({ mac, ...rowOf(asking), sourcePrefix }) as { id: number };
    const isSourceFull = (ofSource.get(sourcePrefix) as number) > BOARDS_OF_SOURCE_MAX;
    if (isSourceFull) removeOfSource.run(sourcePrefix, id);
    else if ((all.get() as number) > BOARDS_MAX) removeOldest.run(id);
  };
}

function foreignKeeper(raw: Raw): EnrollStore['keepForeign'] {
  const upsert = raw.prepare(
    `insert into probe_events (probeId, eventId, kind, target, family, fromMs, untilMs, scope,
       detail, heardMs)
     values (@probeId, @eventId, 'foreign-key', null, null, @nowMs, @nowMs, null, @detail, @nowMs)
     on conflict (probeId, eventId) do update set kind = 'foreign-key', target = null,
       family = null, scope = null, untilMs = max(fromMs, excluded.untilMs),
       heardMs = excluded.heardMs,
       detail = json_set(excluded.detail, '$.attempts',
         coalesce(json_extract(probe_events.detail, '$.attempts'), 0) + 1)`,
  );
  const count = raw
    .prepare("select count(*) from probe_events where probeId = ? and kind = 'foreign-key'")
    .pluck();
  const removeOldest = raw.prepare(
    `delete from probe_events where probeId = @probeId and eventId = (
       select eventId from probe_events where probeId = @probeId and kind = 'foreign-key'
         and eventId <> @eventId order by heardMs limit 1)`,
  );
  return ({ id: probeId }, { payload, publicKey, fingerprint, from, nowMs }) => {
    const { model, hardware, version } = payload;
    const eventId = foreignEventId(publicKey);
    const detail = { fingerprint, from, model, hardware, version, attempts: 1 };
    upsert.run({ probeId, eventId, nowMs, detail: JSON.stringify(detail) });
    if ((count.get(probeId) as number) > FOREIGN_KEYS_MAX) removeOldest.run({ probeId, eventId });
  };
}

/** One event a key, however often it comes. */
export function foreignEventId(publicKey: string): string {
  return `foreign-key:${publicKey}`;
}

function rowOf({ payload, publicKey, fingerprint, from, nowMs }: Asking) {
  const { model, hardware, version } = payload;
  return { publicKey, fingerprint, model, hardware, version, from, nowMs };
}

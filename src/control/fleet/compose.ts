// The configuration document of each probe, made from its measurement sets. Every probe asks for
// its ETag once a minute, so it is kept until something changes; probes that run the same share
// the text of their measurements, which is by far the most of it.
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { composeSets, documentText } from '../../core/compose.ts';
import { canonicalJson } from '../../core/compose-targets.ts';
import { ProbeError } from '../../core/error.ts';
import type { ControlContext } from '../request/context.ts';
import { type Assigned, compositionKey, readAssigned, setsOf } from './assigned.ts';

export interface ProbeDocument {
  text: string;
  /** Strong: the quoted SHA-256 of the text (RFC 9110 §8.8.3). */
  etag: string;
}

interface Kept {
  revision: number;
  name: string;
  /** See `compositionKey`; of the revision. */
  key: string;
  etag: string;
}

interface Cache {
  /** What `assigned` and `bodies` are of. */
  revision: number;
  assigned: Promise<Assigned> | null;
  /** Texts of measurements, by the key. */
  bodies: Map<string, string>;
  bodiesLength: number;
  documents: Map<number, Kept>;
}

const DOCUMENTS_MAX = 10_000;
/** Characters of all bodies together. */
const BODIES_LENGTH_MAX = 33_554_432;

const caches = new WeakMap<ControlContext, Cache>();

/** What the probe should run. Throws ERR_NOT_FOUND. */
export async function documentOf(context: ControlContext, probeId: number): Promise<ProbeDocument> {
  const cache = cacheOf(context);
  const revision = context.revision.value;
  const kept = cache.documents.get(probeId);
  if (kept?.revision === revision) {
    const body = cache.bodies.get(kept.key);
    if (body !== undefined && cache.revision === revision) {
      return { text: documentText(kept.name, body), etag: kept.etag };
    }
  }
  return await renew(context, probeId);
}

async function renew(context: ControlContext, probeId: number): Promise<ProbeDocument> {
  const cache = cacheOf(context);
  // Read before the data: what changes meanwhile makes this one old at once.
  const revision = context.revision.value;
  const assigned = await assignedAt(context, cache, revision);
  const { name, groups } = await readProbe(context, probeId);
  const sets = setsOf(assigned, probeId, groups);
  const key = compositionKey(sets);
  const isCurrent = cache.revision === revision;
  const known = isCurrent ? cache.bodies.get(key) : undefined;
  const body = known ?? canonicalJson(composeSets(sets).measurements);
  const text = documentText(name, body);
  const etag = `"${createHash('sha256').update(text).digest('hex')}"`;
  if (isCurrent) {
    keepBody(cache, key, body);
    keepDocument(cache, probeId, { revision, name, key, etag });
  }
  return { text, etag };
}

function cacheOf(context: ControlContext): Cache {
  const known = caches.get(context);
  if (known !== undefined) return known;
  const made: Cache = {
    revision: -1,
    assigned: null,
    bodies: new Map(),
    bodiesLength: 0,
    documents: new Map(),
  };
  caches.set(context, made);
  return made;
}

// Thousands may ask at the same moment after a change: one reads, all wait for it.
async function assignedAt(
  context: ControlContext,
  cache: Cache,
  revision: number,
): Promise<Assigned> {
  if (cache.revision !== revision || cache.assigned === null) {
    cache.revision = revision;
    cache.bodies.clear();
    cache.bodiesLength = 0;
    const reading = readAssigned(context.store.db);
    cache.assigned = reading;
    reading.catch(() => {
      if (cache.assigned === reading) cache.assigned = null;
    });
  }
  return await cache.assigned;
}

async function readProbe(context: ControlContext, probeId: number) {
  const { rows } = await sql<{ name: string; value: string | null }>`
    select p.name, l.value from probes as p
    left join probe_labels as l on l.probeId = p.id and l.kind = 'group'
    where p.id = ${probeId}`.execute(context.store.db);
  const name = rows[0]?.name;
  if (name === undefined) throw new ProbeError('ERR_NOT_FOUND', `there is no probe ${probeId}`);
  return { name, groups: rows.flatMap(({ value }) => (value === null ? [] : [value])) };
}

function keepBody(cache: Cache, key: string, body: string): void {
  if (cache.bodies.has(key)) return;
  cache.bodies.set(key, body);
  cache.bodiesLength += body.length;
  for (const [oldest, text] of cache.bodies) {
    if (cache.bodiesLength <= BODIES_LENGTH_MAX || oldest === key) return;
    cache.bodies.delete(oldest);
    cache.bodiesLength -= text.length;
  }
}

function keepDocument(cache: Cache, probeId: number, kept: Kept): void {
  cache.documents.delete(probeId);
  cache.documents.set(probeId, kept);
  if (cache.documents.size <= DOCUMENTS_MAX) return;
  const oldest = cache.documents.keys().next();
  if (oldest.done !== true) cache.documents.delete(oldest.value);
}

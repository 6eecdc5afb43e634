import * as v from 'valibot';
import { BOARD_STATE } from './board-state.ts';
import { expecting, flag, objectMessage, wholeNumber } from './config-value.ts';
import { REPORTED_EVENT, REPORTED_PATH, REPORTED_SERIES } from './report.ts';
import { IP, line, MAC, PUBLIC_KEY, parseMac, SLUG, TIME_MS } from './wire.ts';

// What operators, pages and `flint fleet` exchange with the control about probes. Inputs are
// strict: an unknown key is an error. Answers are objects, so that nothing leaves that is not
// named here.

export const PROBE_STATES = ['registered', 'pending', 'bound', 'disabled'] as const;
export type ProbeState = (typeof PROBE_STATES)[number];

/**
 * `waiting`: never reported; `silent`: not for three minutes; `trouble`: an outage is open, a
 * series cannot be measured, or its configuration was refused; `maintenance` stands above the
 * last two.
 */
export const PROBE_HEALTHS = [
  'well',
  'trouble',
  'silent',
  'waiting',
  'disabled',
  'maintenance',
] as const;
export type ProbeHealth = (typeof PROBE_HEALTHS)[number];

export const SILENT_MS = 180_000;
export const PROBES_PAGE = 100;
export const PROBES_PAGE_MAX = 1000;

const GROUPS = v.pipe(
  v.array(SLUG, expecting('an array of groups')),
  v.maxLength(32, expecting('at most 32 groups')),
);
const TAGS = v.pipe(
  v.array(v.pipe(line('a tag', 64), v.minLength(1)), expecting('an array of tags')),
  v.maxLength(32, expecting('at most 32 tags')),
);

/** As people write it: colons, dashes, dots or none. */
export const MAC_INPUT = v.pipe(
  v.string(expecting('a MAC address')),
  v.maxLength(32, expecting('a MAC address')),
  v.check(
    (value) => parseMac(value) !== null,
    expecting('the MAC address of one interface, such as 02:00:5e:10:00:01'),
  ),
);

const ABOUT = {
  groups: v.optional(GROUPS),
  tags: v.optional(TAGS),
  location: v.optional(line('a location', 200)),
  contact: v.optional(line('a contact', 200)),
  note: v.optional(line('a note', 1000)),
};

/** POST /api/v1/probes. Without a name the next free `<prefix><number>` is given. */
export const PROBE_INPUT = v.strictObject(
  {
    mac: MAC_INPUT,
    name: v.optional(SLUG),
    hardware: v.optional(SLUG, 'generic'),
    ...ABOUT,
  },
  objectMessage('a probe'),
);

/** PATCH /api/v1/probes/NAME: what is named changes, the rest stays. */
export const PROBE_CHANGE = v.strictObject(
  { name: v.optional(SLUG), hardware: v.optional(SLUG), ...ABOUT },
  objectMessage('the change of a probe'),
);

/** POST /api/v1/probes/NAME/approve and /refuse: by fingerprint, which a person has compared. */
export const CANDIDATE_CHOICE = v.strictObject(
  { fingerprint: line('a fingerprint', 40) },
  objectMessage('a fingerprint'),
);

/** POST /api/v1/probes/NAME/replace: another board in its place; its key is forgotten. */
export const REPLACEMENT = v.strictObject(
  { mac: MAC_INPUT, hardware: v.optional(SLUG) },
  objectMessage('a replacement'),
);

export const PROBE_ROW = v.object({
  name: SLUG,
  mac: MAC,
  hardware: SLUG,
  address: v.nullable(IP),
  groups: GROUPS,
  tags: TAGS,
  location: v.string(),
  contact: v.string(),
  note: v.string(),
  state: v.picklist(PROBE_STATES),
  health: v.picklist(PROBE_HEALTHS),
  /** Why the health is what it is, in a sentence. */
  reason: v.string(),
  createdMs: TIME_MS,
  boundMs: v.nullable(TIME_MS),
  disabledMs: v.nullable(TIME_MS),
  seenMs: v.nullable(TIME_MS),
  seenFrom: v.nullable(v.string()),
  version: v.nullable(v.string()),
  model: v.nullable(v.string()),
  series: wholeNumber(0, 100_000),
  /** Of them, those that are not measured or down. */
  ailing: wholeNumber(0, 100_000),
});

export type ProbeRow = v.InferOutput<typeof PROBE_ROW>;

export const CANDIDATE = v.object({
  fingerprint: v.string(),
  publicKey: PUBLIC_KEY,
  model: v.nullable(v.string()),
  hardware: v.nullable(v.string()),
  version: v.string(),
  seenFrom: v.string(),
  firstMs: TIME_MS,
  lastMs: TIME_MS,
  attempts: wholeNumber(0, Number.MAX_SAFE_INTEGER),
});

/** What a probe reported, or the control noted about it (kind `foreign-key`). */
export const FLEET_EVENT = v.object({
  ...REPORTED_EVENT.entries,
  kind: line('a kind', 32),
  /** When the control heard of it, by its own clock. */
  heardMs: TIME_MS,
});

export type FleetEvent = v.InferOutput<typeof FLEET_EVENT>;

export const PROBE_DETAIL = v.object({
  ...PROBE_ROW.entries,
  fingerprint: v.nullable(v.string()),
  sshHostKey: v.nullable(v.string()),
  candidates: v.array(CANDIDATE),
  /** Sets that it runs, most general first. */
  sets: v.array(SLUG),
  config: v.object({
    /** What it should run, and what it last said to run. */
    wantedEtag: v.string(),
    etag: v.nullable(v.string()),
    error: v.nullable(v.string()),
    unsupported: v.array(v.string()),
    capped: v.array(v.string()),
  }),
  clock: v.nullable(v.object({ state: v.string(), offsetNs: v.nullable(v.number()) })),
  /** Mesh, lockdown and push; null while nothing is known of them, and from older controls. */
  board: v.optional(v.nullable(BOARD_STATE), null),
  measured: v.array(REPORTED_SERIES),
  paths: v.array(REPORTED_PATH),
  /** Newest first. */
  events: v.array(FLEET_EVENT),
});

export type ProbeDetail = v.InferOutput<typeof PROBE_DETAIL>;

export const PROBE_SORTS = ['worst', 'name', 'seen', 'created', 'location', 'version'] as const;

/** GET /api/v1/probes?…: `search` looks through all that an operator says of a probe. */
export const PROBES_QUERY = v.strictObject({
  search: v.optional(line('words to look for', 200), ''),
  group: v.optional(SLUG),
  tag: v.optional(line('a tag', 64)),
  health: v.optional(v.picklist(PROBE_HEALTHS)),
  state: v.optional(v.picklist(PROBE_STATES)),
  sort: v.optional(v.picklist(PROBE_SORTS), 'worst'),
  order: v.optional(v.picklist(['asc', 'desc'])),
  limit: v.optional(queryNumber(1, PROBES_PAGE_MAX), String(PROBES_PAGE)),
  offset: v.optional(queryNumber(0, 10_000_000), '0'),
});

export type ProbesQuery = v.InferOutput<typeof PROBES_QUERY>;

export const PROBES_ANSWER = v.object({
  probes: v.array(PROBE_ROW),
  total: wholeNumber(0, Number.MAX_SAFE_INTEGER),
});

/** A board whose MAC nobody registered. */
export const UNKNOWN_BOARD = v.object({
  id: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  mac: MAC,
  ...CANDIDATE.entries,
});

/** POST /api/v1/boards/ID/register: makes a probe of it and approves the key that asked. */
export const BOARD_REGISTRATION = v.strictObject(
  { name: v.optional(SLUG), hardware: v.optional(SLUG), ...ABOUT },
  objectMessage('a probe'),
);

export const SCOPES = ['all', 'group', 'probe'] as const;

/** `value` is the name of the group or probe, and empty for `all`. */
export const ASSIGNMENT = v.strictObject(
  {
    scope: v.picklist(SCOPES, expecting('"all", "group" or "probe"')),
    value: v.optional(v.union([v.literal(''), SLUG]), ''),
  },
  objectMessage('an assignment'),
);

export type Assignment = v.InferOutput<typeof ASSIGNMENT>;

/**
 * A measurement set: `measurements` as in a probe's configuration, and who runs it. Its kinds are
 * judged by the schema of the probe's configuration, so they are any object here.
 */
export const SET_INPUT = v.strictObject(
  {
    id: SLUG,
    title: v.optional(line('a title', 100), ''),
    note: v.optional(line('a note', 1000), ''),
    measurements: v.record(v.pipe(v.string(), v.maxLength(64)), v.unknown()),
    assignments: v.optional(
      v.pipe(v.array(ASSIGNMENT), v.maxLength(1000, expecting('at most 1000 assignments'))),
      [],
    ),
    /** As it was read: whoever names it is refused when somebody else has changed the set since. */
    changedMs: v.optional(TIME_MS),
  },
  objectMessage('a measurement set'),
);

export type SetInput = v.InferOutput<typeof SET_INPUT>;

export const SET_ANSWER = v.object({
  id: SLUG,
  title: v.string(),
  note: v.string(),
  measurements: v.record(v.string(), v.unknown()),
  assignments: v.array(v.object({ scope: v.picklist(SCOPES), value: v.string() })),
  /** How many probes run it. */
  probes: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  createdMs: TIME_MS,
  changedMs: TIME_MS,
});

export type MeasurementSet = v.InferOutput<typeof SET_ANSWER>;

/** What something costs one probe, on the wire and both ways together. */
export const COST = v.object({
  packetsPerSecond: v.number(),
  packetsPerDay: v.number(),
  bytesPerDay: v.number(),
});

export type Cost = v.InferOutput<typeof COST>;

/** POST /api/v1/sets/preview, with the set as it would be saved: nothing is changed. */
export const SET_PREVIEW = v.object({
  probes: wholeNumber(0, Number.MAX_SAFE_INTEGER),
  /** Of one probe that would run it, all its sets together; null without a probe. */
  example: v.nullable(v.object({ probe: SLUG, document: v.unknown(), before: COST, after: COST })),
  /** The dearest probe, and the whole fleet. */
  most: COST,
  fleet: COST,
  /** The destinations that get most from all probes together, at most ten. */
  destinations: v.array(v.object({ host: v.string(), packetsPerSecond: v.number() })),
  warnings: v.array(v.string()),
});

export type SetPreview = v.InferOutput<typeof SET_PREVIEW>;

export const CLAIM_TOKEN_INPUT = v.strictObject(
  {
    label: line('a label', 100),
    /** Name of the one probe that it is for; any registered and free one without. */
    probe: v.optional(v.nullable(SLUG), null),
    uses: v.optional(wholeNumber(1, 10_000), 1),
    lifetimeMs: v.optional(wholeNumber(60_000, 366 * 86_400_000), 30 * 86_400_000),
  },
  objectMessage('a claim token'),
);

export const CLAIM_TOKEN = v.object({
  id: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  label: v.string(),
  probe: v.nullable(SLUG),
  usesMax: wholeNumber(1, 10_000),
  uses: wholeNumber(0, 10_000),
  createdMs: TIME_MS,
  untilMs: TIME_MS,
  revokedMs: v.nullable(TIME_MS),
  createdBy: v.string(),
});

/** The only time that the token itself is told. */
export const CLAIM_TOKEN_MADE = v.object({ ...CLAIM_TOKEN.entries, token: v.string() });

export const MAINTENANCE_INPUT = v.strictObject(
  {
    ...ASSIGNMENT.entries,
    fromMs: TIME_MS,
    untilMs: TIME_MS,
    reason: v.optional(line('a reason', 200), ''),
  },
  objectMessage('a maintenance window'),
);

export const MAINTENANCE = v.object({
  id: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  scope: v.picklist(SCOPES),
  value: v.string(),
  fromMs: TIME_MS,
  untilMs: TIME_MS,
  reason: v.string(),
  createdBy: v.string(),
});

export const AUDIT_ENTRY = v.object({
  id: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  atMs: TIME_MS,
  actor: v.string(),
  action: v.string(),
  subject: v.string(),
  before: v.unknown(),
  after: v.unknown(),
});

export const FLAG = flag();

/** A whole number as a query has it. */
export function queryNumber(min: number, max: number) {
  const message = expecting(`a whole number from ${min} to ${max}`);
  return v.pipe(
    v.string(message),
    v.regex(/^[0-9]{1,16}$/, message),
    v.transform(Number),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

import * as v from 'valibot';
import { AGENT_TROUBLE } from './agent-trouble.ts';
import { BOARD_STATE } from './board-state.ts';
import { expecting, objectMessage, wholeNumber } from './config-value.ts';
import { CANDIDATE } from './fleet-boards.ts';
import { FLEET_EVENT } from './fleet-journal.ts';
import { REPORTED_PATH, REPORTED_SERIES } from './report.ts';
import { IP, line, MAC, parseMac, queryNumber, SLUG, TIME_MS } from './wire.ts';

// What operators, pages and `flint fleet` exchange with the control about probes; `fleet-*.ts`
// beside it have the rest of a fleet. Inputs are strict: an unknown key is an error. Answers are
// objects, so that nothing leaves that is not named here.

export const PROBE_STATES = ['registered', 'pending', 'bound', 'disabled'] as const;
export type ProbeState = (typeof PROBE_STATES)[number];

/**
 * `waiting`: never reported; `silent`: not for three minutes; `trouble`: an outage is open, a
 * series cannot be measured, its configuration was refused, or its board is in trouble;
 * `maintenance` stands above the last two.
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

/** POST /api/v1/boards/ID/register: makes a probe of it and approves the key that asked. */
export const BOARD_REGISTRATION = v.strictObject(
  { name: v.optional(SLUG), hardware: v.optional(SLUG), ...ABOUT },
  objectMessage('a probe'),
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
  /** What its agent fails at; null while that is nothing, and from older controls. */
  agent: v.optional(v.nullable(AGENT_TROUBLE), null),
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

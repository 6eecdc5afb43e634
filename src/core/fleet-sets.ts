import * as v from 'valibot';
import { expecting, objectMessage, wholeNumber } from './config-value.ts';
import { line, SLUG, TIME_MS } from './wire.ts';

// Sets of measurements: who runs them, and what that costs.

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

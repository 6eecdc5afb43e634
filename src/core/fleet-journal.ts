import * as v from 'valibot';
import { wholeNumber } from './config-value.ts';
import { REPORTED_EVENT } from './report.ts';
import { line, TIME_MS } from './wire.ts';

// What happened to probes, and what operators did.

/** What a probe reported, or the control noted about it (kind `foreign-key`). */
export const FLEET_EVENT = v.object({
  ...REPORTED_EVENT.entries,
  kind: line('a kind', 32),
  /** When the control heard of it, by its own clock. */
  heardMs: TIME_MS,
});

export type FleetEvent = v.InferOutput<typeof FLEET_EVENT>;

export const AUDIT_ENTRY = v.object({
  id: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  atMs: TIME_MS,
  actor: v.string(),
  action: v.string(),
  subject: v.string(),
  before: v.unknown(),
  after: v.unknown(),
});

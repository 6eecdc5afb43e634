import * as v from 'valibot';
import { objectMessage, wholeNumber } from './config-value.ts';
import { ASSIGNMENT, SCOPES } from './fleet-sets.ts';
import { line, TIME_MS } from './wire.ts';

// Windows in which nobody is troubled by what a probe does.

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

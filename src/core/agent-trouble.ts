import * as v from 'valibot';
import type { Report } from './report.ts';
import { line, TIME_MS } from './wire.ts';

// What the agent of a board fails at while it reports. It says each failure once, with its next
// report, and what keeps it from its newest configuration it tries more and more seldom: so the
// control remembers the one until the other is there.

export const AGENT_TROUBLE = v.object({
  /** In the words of the agent. */
  message: line('a text', 500),
  /** When the control heard of it first. */
  sinceMs: TIME_MS,
  /** It goes on with another configuration than it should, and has had time to fetch that one. */
  isBehind: v.boolean(),
});

export type AgentTrouble = v.InferOutput<typeof AGENT_TROUBLE>;

/** What the control keeps beside a report; never what a report says of itself. */
export interface Heard {
  /** Since when the agent has another configuration than it should; null while it has that one. */
  behindSinceMs: number | null;
  trouble: AgentTrouble | null;
}

/** Without rounds; those of a control before this one have nothing beside them. */
export type KeptReport = Report & { heard?: Heard };

/** The answer to a report names the newest; an agent that can has fetched it long before. */
const LATE_MS = 30_000;

export const NOTHING_HEARD: Heard = { behindSinceMs: null, trouble: null };

export interface AgentSaid {
  lastError: string | null;
  isBehind: boolean;
  nowMs: number;
}

export function hearAgent(before: Heard, { lastError, isBehind, nowMs }: AgentSaid): Heard {
  const behindSinceMs = isBehind ? (before.behindSinceMs ?? nowMs) : null;
  const message = lastError ?? (isBehind ? (before.trouble?.message ?? null) : null);
  if (message === null) return { behindSinceMs, trouble: null };
  const isLate = behindSinceMs !== null && nowMs - behindSinceMs >= LATE_MS;
  const sinceMs = before.trouble?.sinceMs ?? nowMs;
  return { behindSinceMs, trouble: { message, sinceMs, isBehind: isLate } };
}

// How often one person may do what he may do to his own account, and what the audit log keeps:
// as often as people do. The log is bounded, so who could fill it could also make it forget.
import type { ControlContext } from './context.ts';
import { throttled } from './problem.ts';
import { type Buckets, createBuckets } from './rate-limit.ts';

const PACE = { burst: 150, refillMs: 30_000, entriesMax: 2_000 } as const;

const PACES = new WeakMap<ControlContext, Buckets>();

/** Counts one; throws ERR_THROTTLED when that was too many. */
export function keepOwnPace(context: ControlContext, operatorId: number): void {
  const pace = PACES.get(context) ?? createBuckets({ ...PACE, nowMs: context.nowMs });
  PACES.set(context, pace);
  const key = String(operatorId);
  const waitMs = pace.waitMs(key);
  if (waitMs > 0) {
    const seconds = Math.ceil(waitMs / 1000);
    throw throttled(`too many changes of this account; wait ${seconds} s`, seconds);
  }
  pace.take(key);
}

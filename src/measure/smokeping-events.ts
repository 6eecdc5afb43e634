// What the smokeping measurement tells beside rounds and outages.
import type { ProbeEvent } from '../core/round.ts';
import type { EngineEvent } from '../engine/readers.ts';
import type { Measured } from './series.ts';

export type ToldEvent = Omit<ProbeEvent, 'id'>;

/** A name has another address now. */
export function addressEvent(
  { target, family }: Pick<Measured, 'target' | 'family'>,
  { from, to, atMs }: { from: string; to: string; atMs: number },
): ToldEvent {
  const place = { target: target.id, family, scope: null };
  return { kind: 'address', ...place, fromMs: atMs, untilMs: atMs, detail: { from, to } };
}

/** The wall clock jumped. */
export function stepEvent({ atMs, stepNs }: EngineEvent & { kind: 'clock-step' }): ToldEvent {
  const fromMs = Math.round(atMs);
  const place = { target: null, family: null, scope: null };
  return { kind: 'clock-step', fromMs, untilMs: fromMs, ...place, detail: { stepNs } };
}

import type { PushState } from '../../core/board-state.ts';
import type { Pushing } from './pushing.ts';

// What people are told of the push.

export function tellState(
  self: Pushing,
  { state, reason }: Pick<PushState, 'state' | 'reason'>,
): void {
  const { voice } = self.options.context;
  if (state === 'pushing') {
    // Only what the server took since then says so.
    if (self.acceptedAtMs > self.troubleAtMs) voice.well('push', 'the push works');
    return;
  }
  self.troubleAtMs = performance.now();
  if (state === 'waiting') voice.remind('push', `the push waits: ${reason}`);
  else voice.trouble('push', `the push is ${state}: ${reason}`);
}

export function tellDropped({ options, totals }: Pushing, before: number): void {
  const blocks = totals.droppedBlocks - before;
  options.context.log.error('samples were given up: refused as bad, or no room in the queue', {
    blocks,
  });
}

export function tellWay({ options, isRelayed: before }: Pushing, isRelayed: boolean): void {
  if (before === null && !isRelayed) return;
  options.context.log.info(
    isRelayed
      ? 'pushing through the relay: the server is an old vmauth, or not known yet'
      : 'pushing without the relay: the server answers 401 to a bearer that it does not know',
  );
}

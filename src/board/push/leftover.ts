import type { PushState } from '../../core/board-state.ts';
import { findProgram } from '../../host/command.ts';
import type { BoardPart, PartContext, PartStep } from '../part.ts';
import { reasonOf } from '../places.ts';
import { keepUnits } from './keep-units.ts';
import { hasUnitFiles, type PushPlaces } from './places.ts';
import { noPush } from './push-state.ts';

// What is left of a push that the settings want no more: vmagent as a unit of systemd outlives us.

export interface LeftoverOptions {
  context: PartContext;
  places: PushPlaces;
}

const AGAIN_MS = 60_000;
const DONE_MS = 3_600_000;

/** The part of a board without a push: tells for a while what became of the former one. */
export function openLeftover(options: LeftoverOptions): BoardPart<'push'> {
  return {
    name: 'push',
    async step(): Promise<PartStep<'push'>> {
      const state = await clear(options);
      return { state, nextMs: state === null ? DONE_MS : AGAIN_MS, isNews: false };
    },
    async close() {
      options.context.voice.forget('push leftover');
    },
  };
}

async function clear({ context, places }: LeftoverOptions): Promise<PushState | null> {
  try {
    await stopUnits({ context, places });
    context.voice.forget('push leftover');
    return null;
  } catch (error) {
    const reason = `the former push goes on: ${reasonOf(error)}`;
    context.voice.trouble('push leftover', reason);
    return noPush('down', reason);
  }
}

/** Ends vmagent and the relay where systemd runs them. Throws what stands in the way. */
export async function stopUnits({ context, places }: LeftoverOptions): Promise<void> {
  if (!hasUnitFiles(places)) return;
  const systemctl = findProgram('systemctl', context.env);
  if (systemctl === null) throw new Error('there is no systemctl here to stop it');
  const keeper = keepUnits({
    ...{ places, systemctl, signal: context.signal },
    // Nothing is written.
    owner: { uid: 0, gid: 0 },
    awaitQuiet: async () => undefined,
  });
  await keeper.stop();
  context.log.info('the units of the former push were stopped');
}

import { spawnSync } from 'node:child_process';
import { equal, ok } from 'uvu/assert';
import { openRunDirectory } from '../../../src/board/push/files.ts';
import type { Keeper, Wanted } from '../../../src/board/push/keeper.ts';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { openPushing } from '../../../src/board/push/pushing.ts';
import { keepRunning } from '../../../src/board/push/running.ts';
import { suite } from '../../helper.ts';
import { type BoardPlace, inPlace } from '../place.ts';
import { makeContext } from './context.ts';
import { pushSettings } from './settings.ts';

const own = String(process.getuid?.() ?? 0);
const isRoot = own === '0';
const nobody = spawnSync('id', ['nobody']).status === 0 ? null : 'there is no user nobody here';

/** A push whose server and programs are what the test says. */
function open({ state, run, directory, log }: BoardPlace) {
  const [told, fault]: [Wanted[], { now: string | null }] = [[], { now: null }];
  const keeper: Keeper = {
    keep: async (wanted) => void told.push(wanted),
    stop: async () => undefined,
    close: async () => undefined,
    state: () => ({ restarts: 0, fault: fault.now }),
  };
  const stop = new AbortController();
  // Nobody waits for a pause between two scrapes.
  stop.abort();
  const places = pushPlaces(state, run);
  const self = openPushing({
    settings: pushSettings({ supervise: 'child', user: isRoot ? 'nobody' : own, port: 1 }),
    context: makeContext(log, { signal: stop.signal }),
    ...{ places, configDirectory: directory },
  });
  const server = { isRelayed: true };
  self.watch.isRelayed = () => server.isRelayed;
  openRunDirectory(places, self.owner);
  const step = async (): Promise<boolean> => {
    await keepRunning(self, keeper);
    return told.at(-1)?.relay !== null;
  };
  return { self, step, server, fault, told };
}

suite('push-running', ({ testIf }) => {
  testIf(nobody, 'the relay is left out once samples flow, and no sooner', async () => {
    await inPlace(async (place) => {
      const { self, step, server } = open(place);
      equal(await step(), true);
      server.isRelayed = false;
      equal([await step(), await step()], [true, true]);
      self.acceptedAtMs = performance.now();
      equal(await step(), false);
      // Back at once, whatever flows.
      self.acceptedAtMs = Number.NEGATIVE_INFINITY;
      server.isRelayed = true;
      equal(await step(), true);
    });
  });

  testIf(nobody, 'nor for ever, or behind a relay that does not run', async () => {
    await inPlace(async (place) => {
      const { self, step, server, fault } = open(place);
      await step();
      server.isRelayed = false;
      equal(await step(), true);
      self.directSinceMs = performance.now() - 200_000;
      equal(await step(), false);
      server.isRelayed = true;
      equal(await step(), true);
      server.isRelayed = false;
      fault.now = 'it ended';
      equal(await step(), false);
    });
  });

  testIf(nobody, 'vmagent is told of the keys of its page, the same each time', async () => {
    await inPlace(async (place) => {
      const { step, told } = open(place);
      await step();
      await step();
      const [first, second] = told.map(({ vmagent }) => vmagent['VMAGENT_httpAuth_password']);
      ok((first ?? '').length > 40);
      equal(first, second);
    });
  });
});

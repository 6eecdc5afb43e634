import { equal } from 'uvu/assert';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { tellState } from '../../../src/board/push/push-voice.ts';
import { openPushing } from '../../../src/board/push/pushing.ts';
import { suite } from '../../helper.ts';
import { type BoardPlace, inPlace } from '../place.ts';
import { makeContext } from './context.ts';
import { pushSettings } from './settings.ts';

function open({ state, run, directory, log }: BoardPlace) {
  const told: string[] = [];
  const settings = pushSettings({ supervise: 'child', user: 'nobody', port: 1 });
  const voice = {
    trouble: (_: string, message: string) => void told.push(message),
    remind: (_: string, message: string) => void told.push(message),
    well: (_: string, message: string) => void told.push(message),
    forget: () => undefined,
  };
  const self = openPushing({
    ...{ settings, places: pushPlaces(state, run), configDirectory: directory },
    context: makeContext(log, { voice }),
  });
  return { self, told };
}

suite('push-voice', ({ test }) => {
  test('the push works once the server took something since it did not', async () => {
    await inPlace((place) => {
      const { self, told } = open(place);
      tellState(self, { state: 'waiting', reason: 'there is no bearer' });
      tellState(self, { state: 'pushing', reason: 'nobody there' });
      equal(told.splice(0), ['the push waits: there is no bearer']);
      self.acceptedAtMs = performance.now() + 1;
      tellState(self, { state: 'pushing', reason: null });
      equal(told.splice(0), ['the push works']);

      self.acceptedAtMs = performance.now() - 1;
      tellState(self, { state: 'down', reason: 'the disk is full' });
      tellState(self, { state: 'pushing', reason: null });
      // What was taken before says nothing.
      equal(told.splice(0), ['the push is down: the disk is full']);
      self.acceptedAtMs = performance.now() + 1;
      tellState(self, { state: 'pushing', reason: null });
      equal(told.splice(0), ['the push works']);
    });
  });
});

import { equal } from 'uvu/assert';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { suite } from '../../helper.ts';

suite('push-places', ({ test }) => {
  test('vmagent reads below the run directory, and keeps its queue below the state', () => {
    const places = pushPlaces('/var/lib/flint', '/run/flint');
    equal(places.bearer, '/run/flint/push/bearer');
    equal(places.queue, '/var/lib/flint/push/queue');
    equal(places.givenBearer, '/var/lib/flint/agent/push-bearer');
  });
});

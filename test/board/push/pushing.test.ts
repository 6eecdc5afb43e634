import { equal, throws } from 'uvu/assert';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { openPushing } from '../../../src/board/push/pushing.ts';
import { suite } from '../../helper.ts';
import { type BoardPlace, inPlace } from '../place.ts';
import { makeContext } from './context.ts';
import { pushSettings } from './settings.ts';

const isRoot = process.getuid?.() === 0;

function open(place: BoardPlace, said: object, env: Record<string, string> = {}) {
  const settings = pushSettings({ user: 'nobody', ...said });
  const places = pushPlaces(place.state, place.run);
  const context = makeContext(place.log, { env });
  return openPushing({ settings, context, places, configDirectory: place.directory });
}

suite('pushing', ({ test, testIf }) => {
  testIf(
    isRoot ? null : 'only root has units',
    'an agent that is a unit has vmagent as a unit',
    async () => {
      await inPlace((place) => {
        equal(open(place, {}, { INVOCATION_ID: 'x' }).isUnit, true);
        equal(open(place, {}).isUnit, false);
        equal(open(place, { supervise: 'child' }, { INVOCATION_ID: 'x' }).isUnit, false);
        equal(open(place, { supervise: 'unit' }).keeper, null);
      });
    },
  );

  testIf(
    isRoot ? null : 'only root chooses a user',
    'a user that is not there is told at once',
    async () => {
      await inPlace((place) => {
        throws(() => open(place, { user: 'nobody-here' }), 'there is no user');
      });
    },
  );

  test('nothing is known at the start', async () => {
    await inPlace((place) => {
      const { hasStarted, figures, marks, lock } = open(place, {});
      equal([hasStarted, figures, marks, lock], [false, null, null, null]);
    });
  });
});

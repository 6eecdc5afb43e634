import { equal, ok } from 'uvu/assert';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { planPush } from '../../../src/board/push/plan.ts';
import { suite } from '../../helper.ts';
import { pushSettings } from './settings.ts';

const places = pushPlaces('/var/lib/flint', '/run/flint');
const context = { probeName: () => 'probe01' };

suite('push-plan', ({ test }) => {
  test('every file and command is named', () => {
    const settings = pushSettings({ supervise: 'child' });
    const { lines, command, user } = planPush({ settings, places, context });
    equal([user, command[0]], ['flint-push', 'vmagent']);
    for (const file of [places.pageKey, places.bearer, places.scrape]) {
      ok(lines.includes(`write ${file}`), lines.join('\n'));
    }
  });

  test('a unit reads its flags from a file', () => {
    const settings = pushSettings({ supervise: 'unit' });
    const { files, command } = planPush({ settings, places, context });
    equal(command, ['systemctl', 'restart', 'flint-vmagent.service']);
    ok(files[places.vmagentEnv]?.includes('VMAGENT_remoteWrite_url='));
  });
});

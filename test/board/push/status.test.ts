import { equal, ok } from 'uvu/assert';
import { openRunDirectory } from '../../../src/board/push/files.ts';
import { keepPageKeys } from '../../../src/board/push/page-keys.ts';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { readStatus } from '../../../src/board/push/status.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';
import { answer } from './http-lab.ts';
import { pushSettings } from './settings.ts';

const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

suite('push-status', ({ test }) => {
  test('what vmagent says is shown; that it says nothing, too', async () => {
    await inPlace(async ({ state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, own);
      const keys = keepPageKeys(places);
      const text = 'vmagent_remotewrite_pending_data_bytes{} 512\n';
      const server = await answer(({ url }) => ({
        status: url === `/metrics?authKey=${keys.metrics}` ? 200 : 401,
        text,
      }));
      const settings = pushSettings({ port: server.port });
      const status = await readStatus(settings, places);
      equal([status.isRunning, status.figures?.pendingBytes], [true, 512]);
      equal([status.waitsSinceMs, status.lines[0]], [null, 'server    http://[fd00::1]']);
      await server.close();
      equal((await readStatus(settings, places)).isRunning, false);
    });
  });

  test('who may not read the key is told so', async () => {
    const { isRunning, lines } = await readStatus(pushSettings(), pushPlaces('/n', '/n'));
    equal(isRunning, false);
    ok(lines[1]?.includes('only root may ask'), lines[1]);
  });
});

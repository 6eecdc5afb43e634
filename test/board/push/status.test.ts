import { equal } from 'uvu/assert';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { readStatus } from '../../../src/board/push/status.ts';
import { suite } from '../../helper.ts';
import { answer } from './http-lab.ts';
import { pushSettings } from './settings.ts';

const places = pushPlaces('/nowhere', '/nowhere');

suite('push-status', ({ test }) => {
  test('what vmagent says is shown; that it says nothing, too', async () => {
    const text = 'vmagent_remotewrite_pending_data_bytes{} 512\n';
    const server = await answer(() => ({ status: 200, text }));
    const settings = pushSettings({ port: server.port });
    const status = await readStatus(settings, places);
    equal([status.isRunning, status.figures?.pendingBytes, status.waitsSinceMs], [true, 512, null]);
    equal(status.lines[0], 'server    http://[fd00::1]');
    await server.close();
    equal((await readStatus(settings, places)).isRunning, false);
  });
});

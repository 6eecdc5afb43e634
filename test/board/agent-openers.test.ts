import { join } from 'node:path';
import { equal, is } from 'uvu/assert';
import * as v from 'valibot';
import { NO_PARTS, partOpeners } from '../../src/board/agent-openers.ts';
import { LOCKDOWN_SETTINGS } from '../../src/board/lockdown/settings.ts';
import { MESH_SETTINGS } from '../../src/board/mesh/settings.ts';
import type { BoardPart, PartContext, PartName } from '../../src/board/part.ts';
import { PUSH_SETTINGS } from '../../src/board/push/settings.ts';
import { openVoice } from '../../src/board/voice.ts';
import { fakeBoard } from '../fake/board.ts';
import { suite } from '../helper.ts';
import { settingsFor } from './agents.ts';
import { type BoardPlace, inPlace } from './place.ts';

const NAMES: readonly PartName[] = ['mesh', 'lockdown', 'push'];

function contextOf({ log }: BoardPlace): PartContext {
  return {
    log,
    voice: openVoice({ log, monotonicMs: () => performance.now() }),
    env: {},
    signal: new AbortController().signal,
    board: () => fakeBoard(),
    nowMs: Date.now,
    isClockSynced: () => false,
    probeName: () => null,
    askControl: async () => ({ ok: true, value: null }),
  };
}

suite('board/agent-openers', ({ test }) => {
  test('what the settings do not ask for, or switch off, is not opened', () =>
    inPlace((place) => {
      const openers = partOpeners({ ...place, configDirectory: place.directory });
      const bare = settingsFor('https://control.example');
      const off = {
        ...bare,
        tailnet: v.parse(MESH_SETTINGS, {
          ...{ kind: 'tailscale', enable: false, loginServer: 'https://headscale.example' },
        }),
        lockdown: v.parse(LOCKDOWN_SETTINGS, { enable: false }),
        push: v.parse(PUSH_SETTINGS, { enable: false, url: 'http://127.0.0.1:9/' }),
      };
      for (const name of NAMES) {
        for (const settings of [bare, off]) is(openers[name](settings, contextOf(place)), null);
        is(NO_PARTS[name](off, contextOf(place)), null);
      }
    }));

  test('a WireGuard that is switched off is opened, to be taken down', () =>
    inPlace((place) => {
      const openers = partOpeners({ ...place, configDirectory: place.directory });
      const peer = {
        ...{ name: 'monitor', publicKey: `${'A'.repeat(42)}A=`, endpoint: null },
        allowedAddresses: ['fd00::1/128'],
      };
      const tailnet = v.parse(MESH_SETTINGS, {
        ...{ kind: 'wireguard', enable: false, address: 'fd00::2', peers: [peer] },
      });
      const settings = settingsFor('https://control.example', { tailnet });
      is(typeof openers.mesh(settings, contextOf(place)), 'function');
    }));

  test('what they ask for is opened by its name, and closes without having done anything', () =>
    inPlace(async (place) => {
      const openers = partOpeners({ ...place, configDirectory: place.directory });
      const settings = {
        ...settingsFor('https://control.example'),
        tailnet: v.parse(MESH_SETTINGS, {
          ...{ kind: 'tailscale', loginServer: 'https://headscale.example' },
          socket: join(place.directory, 'none.sock'),
        }),
        lockdown: v.parse(LOCKDOWN_SETTINGS, {}),
        push: v.parse(PUSH_SETTINGS, { url: 'http://127.0.0.1:9/', user: 'nobody' }),
      };
      const names: string[] = [];
      for (const name of NAMES) {
        const part = (await openers[name](settings, contextOf(place))?.()) as BoardPart<PartName>;
        names.push(part.name);
        await part.close();
      }
      equal(names, NAMES);
    }));
});

import { equal, match } from 'node:assert/strict';
import * as v from 'valibot';
import { openMeshPart } from '../../../src/board/mesh/part.ts';
import { MESH_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { suite } from '../../helper.ts';
import { fakeContext } from './fake-tailscale.ts';

const PLACES = { state: '/dev/null/mesh', configDirectory: '/dev/null' };
const PEER = { name: 'm', publicKey: `${'A'.repeat(42)}A=`, allowedAddresses: ['fd00::2/128'] };

suite('the part of a mesh', (s) => {
  for (const [kind, more] of [
    ['tailscale', { loginServer: 'https://headscale.example' }],
    ['wireguard', { address: 'fd00::1', peers: [PEER], interface: 'flint-none0' }],
  ] as const) {
    s.test(`is of the kind that the settings name: ${kind}`, async () => {
      const settings = v.parse(MESH_SETTINGS, { kind, enable: false, ...more });
      const context = fakeContext({ env: { PATH: '/nowhere' } });
      const part = openMeshPart({ settings, context, places: PLACES });

      const { state } = await part.step();
      await part.close();

      equal(part.name, 'mesh');
      equal(state?.kind, kind);
      match(state?.state ?? '', /^(absent|stopped)$/);
    });
  }
});

import { deepEqual } from 'node:assert/strict';
import { desiredSets, namesOf } from '../../../src/board/lockdown/desired.ts';
import { NOTHING_LEARNED } from '../../../src/board/lockdown/learned.ts';
import { wantedOf } from '../../../src/board/lockdown/wanted.ts';
import { suite } from '../../helper.ts';
import { agentSettings, lockdownSettings, TAILNET, WIREGUARD_KEY } from './settings-samples.ts';

const PUSH = { url: 'http://[fd12:3:4::9]:8427/remote_write' };
const WANTED = wantedOf(agentSettings({ tailnet: TAILNET, push: PUSH }));

suite('the sets as they should be', (s) => {
  s.test('names are looked up, addresses and ranges are not', () => {
    const settings = lockdownSettings({ infra: ['cache.example', '10.0.0.0/8', 'fd00::1'] });

    deepEqual(namesOf(settings, WANTED), ['control.example', 'headscale.example', 'cache.example']);
  });

  s.test('an endpoint on the mesh is a service there, and no way out in the clear', () => {
    const sets = desiredSets(lockdownSettings(), WANTED, NOTHING_LEARNED);

    deepEqual(sets.services6, ['fd12:3:4::9 . tcp . 8427']);
    deepEqual(sets.infra6, []);
  });

  s.test('without a mesh the same address is one of the network', () => {
    const wanted = wantedOf(agentSettings({ push: PUSH }));

    deepEqual(desiredSets(lockdownSettings(), wanted, NOTHING_LEARNED).infra6, ['fd12:3:4::9']);
  });

  s.test(
    'a network that names the mesh’s addresses as its own is not sent what is meant for it',
    () => {
      const push = { url: 'http://100.64.0.9:8427/' };
      const wanted = wantedOf(agentSettings({ tailnet: TAILNET, push }));
      const learned = {
        ...NOTHING_LEARNED,
        // A router can announce any prefix.
        near: ['fd12:3:4::1/64', '100.64.0.1/24', '192.168.1.7/24'],
        gateways: ['100.64.0.9', '192.168.1.1'],
        resolvers: ['fd12:3:4::9', 'fd12:3:4::8', '100.64.0.1', 'fd7a:115c:a1e0::53'],
      };
      const sets = desiredSets(lockdownSettings({ jumpHosts: ['fd12:3:4::8'] }), wanted, learned);

      deepEqual([sets.infra4, sets.infra6], [['100.64.0.1', '192.168.1.1'], []]);
    },
  );

  s.test('a home network of the same range as the mesh keeps its router and resolver', () => {
    const peer = { name: 'hub', publicKey: WIREGUARD_KEY, allowedAddresses: ['10.0.0.0/24'] };
    const tailnet = { kind: 'wireguard', address: '10.0.0.77', peers: [peer] };
    const wanted = wantedOf(agentSettings({ tailnet }));
    const there = { ...NOTHING_LEARNED, gateways: ['10.0.0.1'], near: ['10.0.0.9/24'] };
    const elsewhere = { ...there, near: ['192.168.1.9/24'] };

    deepEqual(desiredSets(lockdownSettings(), wanted, there).infra4, ['10.0.0.1']);
    deepEqual(desiredSets(lockdownSettings(), wanted, elsewhere).infra4, []);
  });

  s.test('a carrier’s gateway is one of the network, also in the range of the mesh', () => {
    const learned = { ...NOTHING_LEARNED, gateways: ['100.64.0.1'], near: ['100.64.0.9/24'] };
    const sets = desiredSets(lockdownSettings(), WANTED, learned);

    deepEqual([sets.infra4, sets.near4], [['100.64.0.1'], ['100.64.0.0/24']]);
  });
});

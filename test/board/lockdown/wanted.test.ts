import { deepEqual, equal } from 'node:assert/strict';
import { meshRanges, wantedOf } from '../../../src/board/lockdown/wanted.ts';
import { suite } from '../../helper.ts';
import { agentSettings, TAILNET, WIREGUARD_KEY } from './settings-samples.ts';

suite('what the lockdown wants of the other settings', (s) => {
  s.test('control, login server and push are called; the readers are let in', () => {
    const push = { url: 'http://[fd12:3:4::9]/remote_write' };
    const wanted = wantedOf(agentSettings({ tailnet: TAILNET, push, lockdown: {} }));

    deepEqual(wanted.endpoints, [
      { host: 'control.example', port: 443, protocol: 'tcp' },
      { host: 'headscale.example', port: 8443, protocol: 'tcp' },
      { host: 'fd12:3:4::9', port: 80, protocol: 'tcp' },
    ]);
    deepEqual(wanted.readers, ['fd12:3:4::9']);
    equal(wanted.mesh?.interface, 'tailscale0');
    equal(wanted.mesh?.port, null);
    deepEqual(wanted.mesh?.ranges, ['fd12:3:4::7/48', 'fd7a:115c:a1e0::/48']);
    equal(meshRanges(wanted).includes('100.64.0.0/10'), true);
  });

  s.test('without a mesh, or with one that is off, there is none', () => {
    equal(wantedOf(agentSettings({})).mesh, null);
    const off = wantedOf(agentSettings({ tailnet: { ...TAILNET, enable: false } }));
    deepEqual([off.mesh, off.readers, meshRanges(off)], [null, [], []]);
  });

  s.test('WireGuard opens its port, calls its peers, and knows whose addresses are whose', () => {
    const peer = { publicKey: WIREGUARD_KEY };
    const tailnet = {
      kind: 'wireguard',
      address: '10.66.0.7',
      listenPort: 51_820,
      peers: [
        { ...peer, name: 'a', endpoint: '[2001:db8::1]:51820', allowedAddresses: ['10.66.0.0/24'] },
        { ...peer, name: 'b', endpoint: 'monitor.example:5000', allowedAddresses: ['0.0.0.0/0'] },
        { ...peer, name: 'c', allowedAddresses: ['fd00::1/128'] },
      ],
    };
    const wanted = wantedOf(agentSettings({ tailnet }));

    equal(wanted.mesh?.port, 51_820);
    deepEqual(wanted.mesh?.ranges, ['10.66.0.7', '10.66.0.0/24', 'fd00::1/128']);
    deepEqual(wanted.endpoints.slice(1), [
      { host: '2001:db8::1', port: 51_820, protocol: 'udp' },
      { host: 'monitor.example', port: 5000, protocol: 'udp' },
    ]);
    equal(wantedOf(agentSettings({ tailnet: { ...tailnet, listenPort: 0 } })).mesh?.port, null);
    const own = agentSettings({ tailnet, lockdown: { meshPort: 7 } });
    equal(wantedOf(own).mesh?.port, 7);
  });
});

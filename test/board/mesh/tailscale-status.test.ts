import { deepEqual, equal } from 'node:assert/strict';
import {
  isOlder,
  parsePrefs,
  parseStatus,
  parseVersion,
} from '../../../src/board/mesh/tailscale-status.ts';
import { suite } from '../../helper.ts';
import { PREFS, STATUS } from './fake-tailscale.ts';

const PEER = {
  HostName: 'metrics',
  DNSName: 'metrics.mesh.lab.',
  TailscaleIPs: ['fd7a:115c:a1e0::2'],
  CurAddr: '10.99.0.3:41641',
  RxBytes: 42,
  LastHandshake: '2026-11-22T11:12:22.5Z',
  Active: true,
};

suite('what tailscale says', (s) => {
  s.test('is read whatever else is in it, and whatever of it is missing', () => {
    const status = parseStatus(
      JSON.stringify({ ...STATUS, New: { of: 1 }, Peer: { 'nodekey:1': PEER, 'nodekey:2': 7 } }),
    );
    const least = parseStatus('{"BackendState":"NoState"}');

    deepEqual(
      [status?.backend, status?.version, status?.needsLogin],
      ['Running', '1.98.4-tabcdef012', false],
    );
    equal(status?.self.LastHandshake, null);
    equal(status?.peers.length, 1);
    equal(status?.peers[0]?.LastHandshake, Date.parse('2026-11-22T11:12:22.5Z'));
    deepEqual(
      [least?.backend, least?.addresses, least?.peers, least?.hasTun],
      ['NoState', [], [], true],
    );
    equal(least?.self.Online, false);
  });

  s.test('is nothing where it is no JSON, or of another kind', () => {
    for (const text of [
      '',
      'null',
      '[]',
      '7',
      '{}',
      '{"BackendState":1}',
      '{"BackendState":',
      'x',
    ]) {
      equal(parseStatus(text), null);
      equal(parsePrefs(text), null);
      equal(parseVersion(text), null);
    }
  });

  s.test('wants a login where it shows a URL and the server does not see the node', () => {
    const AuthURL = 'https://headscale.example/register/1';
    const offline = { ...STATUS, AuthURL, Self: { ...STATUS.Self, Online: false } };

    equal(parseStatus(JSON.stringify(offline))?.needsLogin, true);
    equal(parseStatus(JSON.stringify({ ...STATUS, AuthURL }))?.needsLogin, false);
  });

  s.test('keeps what steers a terminal out, and cuts what is long', () => {
    const hostile = { ...PEER, HostName: '\u001b[2J\u202Ename', DNSName: 'x'.repeat(1000) };
    const status = parseStatus(
      JSON.stringify({
        ...STATUS,
        Health: ['a\nb', 7, ...Array(100).fill('more')],
        Peer: { a: { ...hostile, TailscaleIPs: Array(1000).fill('fd00::1'), RxBytes: -5 } },
      }),
    );

    equal(status?.health[0], 'a?b');
    equal(status?.health.length, 16);
    const [peer] = status?.peers ?? [];
    equal(peer?.HostName, '?[2J?name');
    deepEqual([peer?.DNSName.length, peer?.TailscaleIPs.length, peer?.RxBytes], [300, 64, 0]);
  });

  s.test('reads its settings, old ones without a field and new ones with more', () => {
    const { RunSSH: _, ExitNodeID: __, ...old } = PREFS;

    equal(parsePrefs(JSON.stringify({ ...old, AdvertiseRoutes: null }))?.RunSSH, false);
    deepEqual(parsePrefs(JSON.stringify({ ...PREFS, Sync: null }))?.AdvertiseRoutes, [
      'fd8f:89ae:ca73:3::1/128',
    ]);
    equal(parsePrefs(JSON.stringify({ ...PREFS, CorpDNS: 'yes' })), null);
  });

  s.test('compares versions by their numbers', () => {
    equal(parseVersion('{"majorMinorPatch":"1.103.0","isDev":true}'), '1.103.0');
    deepEqual(
      [
        ['1.80.0', '1.80'],
        ['1.103.0-dev2026-t0', '1.80'],
        ['1.79.9-t1', '1.80'],
        ['1.80.0', '1.80.1'],
        ['2.0.0', '1.80'],
        ['nonsense', '1.80'],
      ].map(([has = '', wants = '']) => isOlder(has, wants)),
      [false, false, true, true, false, false],
    );
  });
});

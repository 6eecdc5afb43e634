import { equal, is, match, not } from 'uvu/assert';
import * as v from 'valibot';
import { WIREGUARD_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { configText, driftOf, parseDump } from '../../../src/board/mesh/wireguard-dump.ts';
import { planWireguard, type WireguardPlan } from '../../../src/board/mesh/wireguard-plan.ts';
import { suite } from '../../helper.ts';

const PRIVATE = `${'P'.repeat(42)}E=`;
const OWN = `${'A'.repeat(42)}E=`;
const THEIRS = `${'B'.repeat(42)}E=`;
const PRESHARED = `${'D'.repeat(42)}E=`;

function planOf(change: Record<string, unknown> = {}): WireguardPlan {
  const allowedAddresses = ['fd57::1', '10.9.0.0/24'];
  const peers = [{ name: 'monitor', publicKey: THEIRS, presharedKey: 'psk', allowedAddresses }];
  const given = { kind: 'wireguard', address: 'fd57::a', peers, ...change };
  const planned = planWireguard(v.parse(WIREGUARD_SETTINGS, given), OWN, () => PRESHARED);
  if (!planned.ok) throw new Error(planned.reason);
  return planned.plan;
}

const FIRST = [PRIVATE, OWN, '51820', 'off'];
const PEER = [THEIRS, PRESHARED, '192.0.2.1:51820', '10.9.0.0/24,fd57::1/128', '1795305600'];

function dumpText(first = FIRST, ...peers: string[][]): string {
  return `${[first, ...peers].map((fields) => fields.join('\t')).join('\n')}\n`;
}

function dumpOf(peer: string[] = [...PEER, '10', '20', '25'], first = FIRST) {
  const dump = parseDump(dumpText(first, peer));
  if (dump === null) throw new Error('no dump');
  return dump;
}

suite('board/mesh/wireguard-dump', (s) => {
  s.test('reads keys, endpoint, ranges, handshake and transfer', () => {
    equal(dumpOf(), {
      publicKey: OWN,
      listenPort: 51_820,
      peers: [
        {
          publicKey: THEIRS,
          presharedKey: PRESHARED,
          endpoint: '192.0.2.1:51820',
          allowed: ['10.9.0.0/24', 'fd57::1/128'],
          handshakeS: 1_795_305_600,
          receivedBytes: 10,
          sentBytes: 20,
          keepaliveS: 25,
        },
      ],
    });
  });

  s.test('an interface that was just made has nothing yet', () => {
    const bare = parseDump('(none)\t(none)\t0\toff\n');
    equal(bare, { publicKey: null, listenPort: 0, peers: [] });
    const peer = [THEIRS, '(none)', '(none)', '(none)', '0', '0', '0', 'off'];
    const [one] = dumpOf(peer).peers;
    equal([one?.endpoint, one?.allowed, one?.keepaliveS, one?.handshakeS], [null, [], 0, 0]);
  });

  s.test('what is no dump is none', () => {
    const short = dumpText(FIRST, PEER);
    const wrong = dumpText(FIRST, [...PEER, 'x', '20', '25']);
    for (const text of [
      '',
      'Unable to access',
      short,
      wrong,
      dumpText(['a', 'b', 'c', 'd', 'e']),
    ]) {
      is(parseDump(text), null, text);
    }
  });

  s.test('an interface as planned has no drift, in whatever order it tells its ranges', () => {
    equal(driftOf(planOf(), dumpOf(), OWN), []);
    const roamed = [...PEER, '10', '20', '25'].with(2, '198.51.100.7:1');
    equal(driftOf(planOf(), dumpOf(roamed), OWN), []);
  });

  s.test('each difference is told, and no secret', () => {
    const drifts = [
      driftOf(planOf(), dumpOf(undefined, FIRST.with(1, THEIRS)), OWN),
      driftOf(planOf({ listenPort: 7 }), dumpOf(), OWN),
      driftOf(planOf(), dumpOf([...PEER, '1', '2', 'off']), OWN),
      driftOf(planOf(), dumpOf([...PEER.with(1, '(none)'), '1', '2', '25']), OWN),
      driftOf(planOf(), dumpOf([...PEER.with(3, 'fd57::1/128'), '1', '2', '25']), OWN),
      driftOf(planOf(), dumpOf([...PEER.with(0, OWN), '1', '2', '25']), OWN),
    ];
    equal(
      drifts.map((one) => one.length),
      [1, 1, 1, 1, 1, 2],
    );
    not.match(drifts.join(), PRESHARED);
    not.match(drifts.join(), PRIVATE);
  });

  s.test('the file has all of it, keeps a free port and names only new endpoints', () => {
    const parts = { plan: planOf(), privateKey: PRIVATE, listenPort: 40_000 };
    const text = configText({ ...parts, endpoints: new Map() });
    is(
      text,
      `[Interface]\nPrivateKey = ${PRIVATE}\nListenPort = 40000\n[Peer]\nPublicKey = ${THEIRS}\n` +
        `PresharedKey = ${PRESHARED}\nAllowedIPs = fd57::1/128, 10.9.0.0/24\n` +
        'PersistentKeepalive = 25\n',
    );
    const endpoints = new Map([[THEIRS, '[2001:db8::1]:51820']]);
    match(configText({ ...parts, endpoints }), 'Endpoint = [2001:db8::1]:51820\n');
    match(configText({ ...parts, plan: planOf({ listenPort: 7 }), endpoints }), 'ListenPort = 7\n');
  });
});

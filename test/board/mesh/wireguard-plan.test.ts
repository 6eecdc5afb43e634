import { equal, is, match } from 'uvu/assert';
import * as v from 'valibot';
import {
  WIREGUARD_PEER,
  WIREGUARD_SETTINGS,
  type WireguardSettings,
} from '../../../src/board/mesh/settings.ts';
import { planWireguard } from '../../../src/board/mesh/wireguard-plan.ts';
import { formatRange } from '../../../src/core/address-range.ts';
import { suite } from '../../helper.ts';

const OWN = `${'A'.repeat(42)}E=`;
const THEIRS = `${'B'.repeat(42)}E=`;
const OTHERS = `${'C'.repeat(42)}E=`;
const PRESHARED = `${'D'.repeat(42)}E=`;

const PEER = v.parse(WIREGUARD_PEER, {
  ...{ name: 'monitor', publicKey: THEIRS, allowedAddresses: ['fd57::1'] },
});

const GOOD = v.parse(WIREGUARD_SETTINGS, {
  ...{ kind: 'wireguard', address: 'fd57::a', peers: [PEER] },
});

function planOf(change: Record<string, unknown> = {}, secrets: Record<string, string> = {}) {
  // Of whoever does not ask the schema, which refuses some of it with words of its own.
  const settings = { ...GOOD, ...change } as WireguardSettings;
  return planWireguard(settings, OWN, (name) => secrets[name] ?? null);
}

function good(...given: Parameters<typeof planOf>) {
  const planned = planOf(...given);
  if (!planned.ok) throw new Error(planned.reason);
  return planned.plan;
}

function reason(...given: Parameters<typeof planOf>): string {
  const planned = planOf(...given);
  return planned.ok ? 'it is planned' : planned.reason;
}

const peer = (change: Record<string, unknown>) => ({ peers: [{ ...PEER, ...change }] });

suite('board/mesh/wireguard-plan', (s) => {
  s.test('one address, the peers with their ranges, and nothing more', () => {
    const plan = good(peer({ endpoint: 'monitor.example:51820' }));
    is(formatRange(plan.address.range), 'fd57::a/128');
    equal([plan.interface, plan.mtu, plan.listenPort], ['flint0', 1420, 0]);
    const [one] = plan.peers;
    equal(one?.allowed.map(formatRange), ['fd57::1/128']);
    equal(one?.endpoint, { host: 'monitor.example', port: 51_820 });
    equal([one?.keepaliveS, one?.presharedKey], [25, null]);
  });

  s.test('addresses are written as the kernel writes them', () => {
    const ranges = ['FD57:0:0::/64', '10.0.0.0/8', '192.0.2.1'];
    const plan = good({ address: 'FD57:0::000A', ...peer({ allowedAddresses: ranges }) });
    is(plan.address.text, 'fd57::a');
    equal(plan.peers[0]?.allowed.map(formatRange), ['fd57::/64', '10.0.0.0/8', '192.0.2.1/32']);
    const named = good(peer({ endpoint: '[2001:DB8::1]:1' }));
    equal(named.peers[0]?.endpoint, { host: '2001:DB8::1', port: 1 });
  });

  s.test('no peer becomes the way to everywhere, not even in pieces', () => {
    for (const range of ['0.0.0.0/0', '::/0', '0.0.0.0/1', '128.0.0.0/1', '2000::/3', '8000::/1']) {
      match(reason(peer({ allowedAddresses: ['fd57::1', range] })), 'would take the whole network');
    }
    is(planOf(peer({ allowedAddresses: ['10.0.0.0/8', 'fc00::/7'] })).ok, true);
  });

  s.test('what is no range, or has bits behind its prefix, is refused', () => {
    for (const range of ['10.0.0.1/8', 'fd57::1/64', '1.2.3', '10.0.0.0/33', ':::/64']) {
      match(reason(peer({ allowedAddresses: [range] })), /is no range|no bits/);
    }
  });

  s.test('an address of its own that no mesh can have is refused', () => {
    for (const address of [
      '127.0.0.1',
      '::1',
      '::',
      '0.0.0.0',
      'ff02::1',
      '224.0.0.1',
      'fe80::1',
    ]) {
      match(reason({ address }), /cannot be the board's address/);
    }
  });

  s.test('an endpoint needs a port and an address that is one', () => {
    for (const endpoint of ['a.example:0', 'a.example:65536', '[::1::2]:5']) {
      match(reason(peer({ endpoint })), /port|IPv6/);
    }
  });

  s.test('two peers share neither name, key nor range, and none has our key', () => {
    const two = (change: object) => ({
      peers: [
        PEER,
        { ...PEER, name: 'b', publicKey: OTHERS, allowedAddresses: ['fd57::2'], ...change },
      ],
    });
    is(planOf(two({})).ok, true);
    match(reason(two({ name: 'monitor' })), 'the name monitor is there twice');
    match(reason(two({ publicKey: THEIRS })), 'the public key');
    match(reason(two({ publicKey: OWN })), 'the public key');
    match(reason(two({ allowedAddresses: ['fd57::1/128'] })), 'the range fd57::1/128');
  });

  s.test('a preshared key that is not there is no reason to go on without', () => {
    const wanted = peer({ presharedKey: 'wg-psk' });
    match(reason(wanted), 'there is no secret wg-psk');
    const wrong = reason(wanted, { 'wg-psk': 'not a key' });
    match(wrong, 'is no WireGuard key');
    is(wrong.includes('not a key'), false);
    is(good(wanted, { 'wg-psk': PRESHARED }).peers[0]?.presharedKey, PRESHARED);
  });

  s.test('a reader who is behind no peer is none', () => {
    const plan = good({
      readers: ['fd57::1', '192.0.2.1', 'fd57:1::9'],
      ...peer({ allowedAddresses: ['fd57::/64'] }),
    });
    equal(plan.readers, ['fd57::1']);
    equal(plan.strangers, ['192.0.2.1', 'fd57:1::9']);
  });
});

import { equal, is, match } from 'uvu/assert';
import * as v from 'valibot';
import { WIREGUARD_SETTINGS } from '../../../src/board/mesh/settings.ts';
import { linkWork, type Machine, parseMachine } from '../../../src/board/mesh/wireguard-link.ts';
import { planWireguard, type WireguardPlan } from '../../../src/board/mesh/wireguard-plan.ts';
import { formatRange } from '../../../src/core/address-range.ts';
import { suite } from '../../helper.ts';

const THEIRS = `${'B'.repeat(42)}E=`;

function planOf(...allowedAddresses: string[]): WireguardPlan {
  const peers = [{ name: 'monitor', publicKey: THEIRS, allowedAddresses }];
  const given = { kind: 'wireguard', interface: 'wg9', address: 'fd57::a', peers };
  const planned = planWireguard(v.parse(WIREGUARD_SETTINGS, given), 'own', () => null);
  if (!planned.ok) throw new Error(planned.reason);
  return planned.plan;
}

const address = (local: string, prefixlen: number, scope = 'global') => ({
  ...{ local, prefixlen, scope },
});
const ETH = {
  ...{ ifname: 'eth0', flags: ['UP', 'LOWER_UP'], mtu: 1500 },
  addr_info: [address('192.0.2.7', 24), address('fe80::1', 64, 'link')],
};
const WG = {
  ...{ ifname: 'wg9', flags: ['POINTOPOINT', 'NOARP', 'UP', 'LOWER_UP'], mtu: 1420 },
  addr_info: [address('fd57::a', 128)],
};
const ROUTES = [
  { dst: 'fd57::1', protocol: 'static' },
  { dst: 'fd57::a', protocol: 'kernel' },
];

function machineOf(links: unknown[], routes6: unknown[] = [], routes4: unknown[] = []): Machine {
  const [addresses, four, six] = [links, routes4, routes6].map((one) => JSON.stringify(one));
  const texts = { addresses: addresses ?? '', routes4: four ?? '', routes6: six ?? '' };
  const machine = parseMachine('wg9', texts);
  if (machine === null) throw new Error('no machine');
  return machine;
}

const wordsOf = (machine: Machine, plan = planOf('fd57::1')): string[] =>
  linkWork(plan, machine).commands.map((words) => words.join(' '));

suite('board/mesh/wireguard-link', (s) => {
  s.test('an interface that is as it should be needs nothing', () => {
    equal(wordsOf(machineOf([ETH, WG], ROUTES)), []);
  });

  s.test('a new one is sized, addressed, raised and routed, in this order', () => {
    equal(wordsOf(machineOf([ETH])), [
      'link set dev wg9 mtu 1420',
      'link set dev wg9 addrgenmode none',
      'address add fd57::a/128 dev wg9 nodad',
      'link set dev wg9 up',
      '-6 route add fd57::1/128 dev wg9 proto static',
    ]);
  });

  s.test('what is too much is taken away, a default route first of all', () => {
    const more = { ...WG, addr_info: [...WG.addr_info, address('fd57::bad', 64)] };
    const routes = [...ROUTES, { dst: 'default' }, { dst: 'fd57:1::/64', protocol: 'static' }];
    equal(wordsOf(machineOf([ETH, more], routes, [{ dst: 'default' }])), [
      'address del fd57::bad/64 dev wg9',
      '-4 route del 0.0.0.0/0 dev wg9',
      '-6 route del ::/0 dev wg9',
      '-6 route del fd57:1::/64 dev wg9',
    ]);
  });

  s.test('an interface that is down has lost its routes', () => {
    const down = { ...WG, flags: [], addr_info: [] };
    const words = wordsOf(machineOf([ETH, down], ROUTES));
    is(words.at(-1), '-6 route add fd57::1/128 dev wg9 proto static');
  });

  s.test('networks that the board stands in are not taken away from it', () => {
    const plan = planOf('fd57::1', '192.0.2.0/25', '10.0.0.0/24');
    const { commands, conflicts } = linkWork(plan, machineOf([ETH, WG], ROUTES));
    equal(
      commands.map((words) => words.join(' ')),
      ['-4 route add 10.0.0.0/24 dev wg9 proto static'],
    );
    is(conflicts.length, 1);
    match(conflicts[0] ?? '', '192.0.2.0/25 is not routed to its peer: this board stands in');
    // Nor the other way round: the gateway alone.
    is(linkWork(planOf('192.0.2.1'), machineOf([ETH, WG])).conflicts.length, 1);
    is(linkWork(planOf('192.0.0.0/8'), machineOf([ETH, WG])).conflicts.length, 1);
  });

  s.test('another place is noticed by the addresses of the other interfaces alone', () => {
    const place = (links: unknown[]) => machineOf(links).place;
    is(place([ETH, WG]), place([ETH, { ...WG, addr_info: [] }]));
    const moved = { ...ETH, addr_info: [address('192.0.2.8', 24)] };
    is(place([ETH]) === place([moved]), false);
    is(place([ETH]) === place([{ ...ETH, flags: ['UP'] }]), false);
  });

  s.test('reads what ip prints, and nothing else', () => {
    const machine = machineOf([ETH, WG], ROUTES);
    equal(machine.link?.addresses.map(formatRange), ['fd57::a/128']);
    equal(
      machine.networks.map(({ device, range }) => `${device} ${formatRange(range)}`),
      ['eth0 192.0.2.0/24'],
    );
    is(machineOf([ETH]).link, null);
    const none = { addresses: '[]', routes4: '', routes6: '' };
    is(parseMachine('wg9', none)?.link, null);
    is(parseMachine('wg9', { ...none, addresses: 'Usage: ip' }), null);
    is(parseMachine('wg9', { ...none, routes6: '{}' }), null);
  });
});

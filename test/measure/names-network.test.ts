import { endianness } from 'node:os';
import * as assert from 'uvu/assert';
import { type Address, formatAddress } from '../../src/core/address.ts';
import { isStub, parseGateways, parseResolvers } from '../../src/measure/names-network.ts';
import { suite } from '../helper.ts';

const HEAD4 =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT     \n';
const NOWHERE = '0'.repeat(32);
const REJECTED = `${NOWHERE} 00 ${NOWHERE} 00 ${NOWHERE} ffffffff 00000001 00000000 00200200 lo`;
// As the kernel of a little-endian machine prints it; the order of bytes is that of the machine.
const GATEWAY = endianness() === 'LE' ? '010200C0' : 'C0000201';
const OTHER = endianness() === 'LE' ? '020200C0' : 'C0000202';

suite('measure/names-network', ({ test }) => {
  test('the gateway of IPv4 is that of the default route with the lowest metric', () => {
    const text = [
      `wlan0\t00000000\t${OTHER}\t0003\t0\t0\t600\t00000000\t0\t0\t0`,
      `eth0\t00000000\t${GATEWAY}\t0003\t0\t0\t100\t00000000\t0\t0\t0`,
      `eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0`,
    ].join('\n');

    assert.equal(gateways(text, 'v4'), ['192.0.2.1']);
    assert.equal(gateways(`${HEAD4}${text}\n`, 'v4'), ['192.0.2.1']);
  });

  test('routes that are down, reject, or lead to a part only are no default route', () => {
    const lines = [
      `eth0\t00000000\t${GATEWAY}\t0002\t0\t0\t0\t00000000`,
      `*\t00000000\t00000000\t0201\t0\t0\t0\t00000000`,
      `tun0\t00000000\t${GATEWAY}\t0003\t0\t0\t0\t00000080`,
      `eth0\t0000000A\t${GATEWAY}\t0003\t0\t0\t0\t000000FF`,
      `eth0\t00000000\tnonsense\t0003\t0\t0\t0\t00000000`,
      `eth0\t00000000\t${GATEWAY}`,
    ];
    for (const line of lines) assert.is(gateways(line, 'v4'), null, line);
    assert.is(gateways('', 'v4'), null);
    assert.is(gateways(HEAD4, 'v4'), null);
  });

  test('a tunnel that takes everything has no gateway, even beside a route that has one', () => {
    const text = [
      'tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0',
      `eth0\t00000000\t${GATEWAY}\t0003\t0\t0\t100\t00000000\t0\t0\t0`,
    ].join('\n');

    assert.equal(gateways(text, 'v4'), []);
  });

  test('a gateway of IPv6 that is link-local comes with its interface', () => {
    const global = '20010db8000000000000000000000001';
    const local = 'fe800000000000000000000000000001';

    assert.equal(gateways(route6({ gateway: local }), 'v6'), ['fe80::1%eth0']);
    assert.equal(gateways(`${route6({ gateway: global })}\n${REJECTED}`, 'v6'), ['2001:db8::1']);
    assert.is(gateways(REJECTED, 'v6'), null);
    assert.is(gateways(route6({ gateway: local, length: '40' }), 'v6'), null);
  });

  test('gateways of IPv6 with equal metric are all given; metrics are hexadecimal', () => {
    const [a, b] = [`fe80${'0'.repeat(27)}a`, `fe80${'0'.repeat(27)}b`];
    const text = [
      route6({ gateway: a, metric: '00000400' }),
      route6({ gateway: b, metric: '00000400' }),
      route6({ gateway: b, metric: '00000400' }),
      route6({ gateway: `fe80${'0'.repeat(27)}c`, metric: '00001000' }),
    ].join('\n');

    assert.equal(gateways(text, 'v6'), ['fe80::a%eth0', 'fe80::b%eth0']);
  });

  test('a default route for one prefix alone counts: home routers announce such', () => {
    const gateway = `fe80${'0'.repeat(27)}1`;
    const source = `20010db8${'0'.repeat(24)} 38`;

    assert.equal(gateways(route6({ gateway, source }), 'v6'), ['fe80::1%eth0']);
  });

  test('resolvers are at most three, in their order, each once', () => {
    const text = `# nameserver 192.0.2.9
; nameserver 192.0.2.8
search example.test
nameserver 192.0.2.1\r
  nameserver\tfe80::53%eth0
nameserver 192.0.2.1
nameserver
nameserver nonsense
nameservers 192.0.2.7
nameserver 2001:db8::53 # trailing
nameserver 192.0.2.4
`;
    assert.equal(texts(parseResolvers(text)), ['192.0.2.1', 'fe80::53%eth0', '2001:db8::53']);
    assert.equal(parseResolvers(''), []);
  });

  test('the stub is one only when nothing else is named', () => {
    assert.is(isStub(parseResolvers('nameserver 127.0.0.53')), true);
    assert.is(isStub(parseResolvers('nameserver 127.0.0.54')), true);
    assert.is(isStub(parseResolvers('nameserver 127.0.0.1')), false);
    assert.is(isStub(parseResolvers('nameserver 127.0.0.53\nnameserver 192.0.2.1')), false);
    assert.is(isStub(parseResolvers('nameserver ::1')), false);
    assert.is(isStub([]), false);
  });
});

interface Route6 {
  gateway: string;
  length?: string;
  source?: string;
  metric?: string;
}

function route6({
  gateway,
  length = '00',
  source = `${NOWHERE} 00`,
  metric = '400',
}: Route6): string {
  return `${NOWHERE} ${length} ${source} ${gateway} ${metric} 00000001 00000000 00000003     eth0`;
}

function gateways(text: string, family: 'v4' | 'v6'): string[] | null {
  const found = parseGateways(text, family);
  return found === null ? null : texts(found);
}

function texts(addresses: readonly Address[]): string[] {
  return addresses.map((one) => formatAddress(one.family, one.bytes, one.zone));
}

import { is, match, ok } from 'uvu/assert';
import { parseAddress } from '../../src/core/address.ts';
import { type AddressRange, parseRange } from '../../src/core/address-range.ts';
import { faultOfDestination, isForbiddenAddress } from '../../src/core/policy-address.ts';
import { suite } from '../helper.ts';

interface Ranges {
  own?: string[];
  allowed?: string[];
}

function ranges(texts: string[] = []): AddressRange[] {
  return texts.flatMap((text) => parseRange(text) ?? []);
}

function faultOf(text: string, { own, allowed }: Ranges = {}): string | null {
  const address = parseAddress(text);
  if (address === null) throw new Error(`${text} is no address`);
  const rules = { ownRanges: ranges(own), privateRanges: ranges(allowed) };
  const fault = faultOfDestination(address, rules);
  is(isForbiddenAddress(address, rules), fault !== null);
  return fault;
}

/** First and last forbidden address, and the ones beside them where those are public. */
const EDGES: readonly [string, string, string | null, string | null][] = [
  ['0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
  ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0', '192.0.0.8', '191.255.255.255', '192.0.0.9'],
  ['192.0.0.11', '192.0.0.255', '192.0.0.10', '192.0.1.0'],
  ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0', '239.255.255.255', '223.255.255.255', null],
  ['240.0.0.0', '255.255.255.255', null, null],
  ['::', '::', null, null],
  ['::1', '::1', null, null],
  ['::8.8.8.8', '::8.8.8.8', null, null],
  ['::ffff:0.0.0.0', '::ffff:255.255.255.255', null, null],
  ['::ffff:8.8.8.8', '::ffff:8.8.8.8', null, null],
  ['64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff', null, null],
  ['100::', '100::ffff:ffff:ffff:ffff', null, null],
  ['1fff:ffff::', '1fff:ffff::ffff', null, '2000::'],
  ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff::', '2001:200::'],
  ['2001:db8::', '2001:db8:ffff::', '2001:db7:ffff::', '2001:db9::'],
  ['3fff::', '3fff:fff:ffff::', '3ffe:ffff::', '3fff:1000::'],
  ['4000::', 'fbff::', '3fff:ffff::', null],
  ['5f00::', '5f00:ffff::', null, null],
  ['fc00::', 'fdff:ffff::', null, null],
  ['fe80::1%eth0', 'febf::ffff%eth0', null, null],
  ['fec0::', 'feff::', null, null],
  ['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
];

suite('core/policy-address', (s) => {
  s.test(
    'every special range is forbidden from its first address to its last, and no further',
    () => {
      for (const [first, last, before, after] of EDGES) {
        ok(faultOf(first) !== null, first);
        ok(faultOf(last) !== null, last);
        for (const outside of [before, after]) if (outside !== null) is(faultOf(outside), null);
      }
    },
  );

  s.test('public unicast may be measured', () => {
    for (const text of ['1.1.1.1', '9.9.9.9', '2606:4700:4700::1111', '2620:fe::fe']) {
      is(faultOf(text), null, text);
    }
  });

  s.test('an embedded IPv4 address is judged as what it is', () => {
    is(faultOf('64:ff9b::1.1.1.1'), null);
    is(faultOf('2002:101:101::1'), null);
    match(faultOf('64:ff9b::192.168.1.1') ?? '', 'for 192.168.1.1, which is private');
    match(faultOf('2002:c0a8:101::1') ?? '', 'for 192.168.1.1, which is private');
    match(faultOf('2002:7f00:1::') ?? '', 'loopback');
    const own = ['1.1.1.0/24'];
    match(faultOf('64:ff9b::1.1.1.9', { own }) ?? '', 'on a link of this machine');
    is(faultOf('64:ff9b::10.1.2.3', { allowed: ['10.0.0.0/8'] }), null);
  });

  s.test('what is on a link of this machine is forbidden, also where it is public', () => {
    const own = ['93.184.216.0/24', '2a02:8108:1:2::/64'];
    match(faultOf('93.184.216.34', { own }) ?? '', /on a link of this machine \(93\.184\.216\.0/);
    match(faultOf('2a02:8108:1:2:3:4:5:6', { own }) ?? '', 'on a link of this machine');
    is(faultOf('93.184.217.1', { own }), null);
    is(faultOf('2a02:8108:1:3::1', { own }), null);
  });

  s.test('the private ranges of a policy may be measured, and nothing beside them', () => {
    const allowed = ['10.20.0.0/16', '2a02:8108:1:2::/64'];
    const own = ['10.20.0.0/24', '2a02:8108:1:2::/64'];
    is(faultOf('10.20.0.7', { own, allowed }), null);
    is(faultOf('2a02:8108:1:2::7', { own, allowed }), null);
    ok(faultOf('10.21.0.0', { own, allowed }) !== null);
    ok(faultOf('10.19.255.255', { own, allowed }) !== null);
  });

  s.test('no policy makes one host of a group', () => {
    const allowed = ['0.0.0.0/0', '::/0'];
    is(faultOf('127.0.0.1', { allowed }), null);
    match(faultOf('239.1.1.1', { allowed }) ?? '', 'multicast');
    match(faultOf('ff02::1', { allowed }) ?? '', 'multicast');
  });
});

import { equal, is, ok } from 'uvu/assert';
import { formatRange } from '../../src/core/address-range.ts';
import { openOwnRanges, rangesOf } from '../../src/measure/own-ranges.ts';
import { suite } from '../helper.ts';

function info(address: string, cidr: string | null) {
  const common = { address, netmask: '', mac: '', internal: false, cidr };
  return address.includes(':')
    ? { ...common, family: 'IPv6' as const, scopeid: 0 }
    : { ...common, family: 'IPv4' as const };
}

suite('measure/own-ranges', (s) => {
  s.test('takes the prefix of every interface, once', () => {
    const ranges = rangesOf({
      eth0: [info('192.168.1.7', '192.168.1.7/24'), info('2a02:1:2:3::7', '2a02:1:2:3::7/64')],
      wlan0: [info('192.168.1.8', '192.168.1.8/24')],
      ppp0: [info('100.70.0.1', '100.70.0.1/32')],
    });
    equal(ranges.map(formatRange), ['192.168.1.0/24', '2a02:1:2:3::/64', '100.70.0.1/32']);
  });

  s.test('an address that DHCPv6 gave alone has neighbours all the same', () => {
    const ranges = rangesOf({ eth0: [info('2a02:1:2:3::7', '2a02:1:2:3::7/128')] });
    equal(ranges.map(formatRange), ['2a02:1:2:3::/64']);
  });

  s.test('a tunnel that calls everything its link, and what has no prefix, say nothing', () => {
    const ranges = rangesOf({ tun0: [info('10.0.0.1', '10.0.0.1/0'), info('1.2.3.4', null)] });
    equal(ranges, []);
  });

  s.test('asks the kernel once a second at most', () => {
    let asked = 0;
    let nowMs = 0;
    const own = openOwnRanges(
      () => nowMs,
      () => {
        asked++;
        return {};
      },
    );
    for (nowMs = 0; nowMs < 3000; nowMs += 10) own.read();
    is(asked, 3);
  });

  s.test('the machine that runs this has links', () => {
    ok(openOwnRanges(() => 0).read().length > 0);
  });
});

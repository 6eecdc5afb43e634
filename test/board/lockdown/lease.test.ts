import { deepEqual } from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readLease } from '../../../src/board/lockdown/lease.ts';
import { suite } from '../../helper.ts';

type Interfaces = ReturnType<typeof import('node:os').networkInterfaces>;

function leaseOf(files: Record<string, string>, interfaces: Interfaces = {}) {
  const root = mkdtempSync(join(tmpdir(), 'flint-lease-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return readLease({ meshInterface: 'tailscale0', root, interfaces: () => interfaces });
  } finally {
    rmSync(root, { recursive: true });
  }
}

function hex4(...bytes: number[]): string {
  const ordered = endianness() === 'LE' ? bytes.reverse() : bytes;
  return Buffer.from(ordered).toString('hex').toUpperCase();
}

const ROUTES4 = [
  'Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT',
  `eth0 00000000 ${hex4(192, 168, 1, 1)} 0003 0 0 100 00000000 0 0 0`,
  `wwan0 00000000 ${hex4(100, 64, 0, 1)} 0003 0 0 700 00000000 0 0 0`,
  `tailscale0 00000000 ${hex4(100, 100, 0, 1)} 0003 0 0 5 00000000 0 0 0`,
  `eth0 ${hex4(192, 168, 1, 0)} 00000000 0001 0 0 100 ${hex4(255, 255, 255, 0)} 0 0 0`,
].join('\n');
const ZERO = '0'.repeat(32);
const GATEWAY6 = 'fe800000000000000000000000000001';
const ROUTES6 =
  `${ZERO} 00 ${ZERO} 00 ${GATEWAY6} 00000400 00000003 00000000 00000003 eth0\n` +
  `${ZERO} 00 ${ZERO} 00 ${ZERO} ffffffff 00000001 00000000 00200200 lo\n`;

suite('the lease', (s) => {
  s.test('gateways of all default routes but the mesh’s are found', () => {
    const lease = leaseOf({ 'proc/net/route': ROUTES4, 'proc/net/ipv6_route': ROUTES6 });

    deepEqual(lease.gateways, ['100.64.0.1', '192.168.1.1', 'fe80::1']);
  });

  s.test('resolvers behind a stub are found, the stub is not one', () => {
    const lease = leaseOf({
      'etc/resolv.conf': '# by hand\nnameserver 127.0.0.53\noptions edns0\n',
      'run/systemd/resolve/resolv.conf': 'nameserver 192.168.1.1\nnameserver fe80::1%2\n',
    });

    deepEqual(lease.resolvers, ['192.168.1.1', 'fe80::1']);
  });

  s.test('leases of networkd and dhclient name servers of time and of leases', () => {
    const lease = leaseOf({
      'run/systemd/netif/leases/2':
        'ADDRESS=192.168.1.9\nSERVER_ADDRESS=192.168.1.2\n' +
        'DNS=192.168.1.3 192.168.1.4\nNTP=192.168.1.5\n',
      'var/lib/dhcp/dhclient.eth0.leases':
        'lease {\n  option domain-name-servers 10.0.0.1;\n}\nlease {\n' +
        '  option dhcp-server-identifier 10.0.0.2;\n  option ntp-servers 10.0.0.3, 10.0.0.4;\n' +
        '  option domain-name-servers 10.0.0.5,10.0.0.6;\n}\n',
    });

    deepEqual(lease.leaseServers, ['10.0.0.2', '192.168.1.2']);
    deepEqual(lease.timeServers, ['10.0.0.3', '10.0.0.4', '192.168.1.5']);
    deepEqual(lease.resolvers, ['10.0.0.5', '10.0.0.6', '192.168.1.3', '192.168.1.4']);
  });

  s.test('what a hostile network says is read as addresses of single hosts, and not many', () => {
    const many = Array.from({ length: 99 }, (_, at) => `10.0.0.${at}`).join(' ');
    const lease = leaseOf({
      'etc/resolv.conf':
        'nameserver 10.0.0.0/8\nnameserver 224.0.0.1\nnameserver 0.0.0.0\nnameserver ff02::1\n' +
        'nameserver 255.255.255.255\nnameserver ::\nnameserver x }; flush ruleset\n',
      'run/systemd/netif/leases/3': `NTP=${many}\n`,
      'proc/net/route': 'eth0 00000000 ZZZZZZZZ 0003 0 0 0 00000000\n\n\0',
    });

    deepEqual([lease.resolvers, lease.gateways, lease.timeServers.length], [[], [], 16]);
  });

  s.test('the links of the board are near, the mesh and half of the world are not', () => {
    const of = (address: string, cidr: string) =>
      [{ address, cidr, family: 'IPv4', netmask: '', mac: '', internal: false }] as never;
    const lease = leaseOf(
      {},
      {
        eth0: of('192.168.1.9', '192.168.1.9/24'),
        eth1: of('2001:db8::9', '2001:db8::9/128'),
        tun0: of('1.2.3.4', '1.2.3.4/1'),
        tailscale0: of('100.100.0.7', '100.100.0.7/32'),
      },
    );

    deepEqual(lease.near, ['192.168.1.9/24', '2001:db8::9/64']);
  });

  s.test('a kernel that does not tell its addresses does not keep a board open', () => {
    const interfaces = () => {
      throw new Error('uv_interface_addresses returned Unknown system error 97');
    };

    deepEqual(readLease({ meshInterface: null, root: '/nonexistent', interfaces }).near, []);
  });

  s.test('a machine without any of it has no lease, which is no error', () => {
    deepEqual(leaseOf({}), {
      ...{ gateways: [], resolvers: [], timeServers: [], leaseServers: [], near: [] },
    });
  });
});

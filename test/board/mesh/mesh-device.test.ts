import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, match } from 'uvu/assert';
import { meshFault } from '../../../src/board/mesh/mesh-device.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
const ALL = '0'.repeat(32);

/** Tables as the kernel prints them. */
function root(directory: string, routes4: string[], routes6: string[] = []): string {
  mkdirSync(join(directory, 'proc/net'), { recursive: true });
  writeFileSync(join(directory, 'proc/net/route'), [HEAD, ...routes4, ''].join('\n'));
  writeFileSync(join(directory, 'proc/net/ipv6_route'), [...routes6, ''].join('\n'));
  return directory;
}

suite('board/mesh/mesh-device', ({ test }) => {
  test('an interface of the mesh, or one that is not there yet, is well', async () => {
    await inPlace(({ directory }) => {
      const link = 'tailscale0\t00005464\t00000000\t0001\t0\t0\t0\t0000C0FF\t0\t0\t0';
      const off = `${ALL} 00 ${ALL} 00 ${ALL} ffffffff 00000001 00000000 00200200       lo`;
      const unreachable = off.replace('00200200       lo', '00200200 tailscale0');
      equal(meshFault('tailscale0', root(directory, [link], [off, unreachable])), null);
      equal(meshFault('none0', join(directory, 'nowhere')), null);
    });
  });

  test('the way to the Internet is no mesh, with or without a gateway', async () => {
    await inPlace(({ directory }) => {
      const by = 'eth0\t00000000\t0109A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0';
      const direct = 'ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0';
      const router = `${ALL} 00 ${ALL} 00 fe80${'0'.repeat(27)}1 00000400 1 0 00450003     eth1`;
      const place = root(directory, [by, direct], [router]);
      for (const device of ['eth0', 'ppp0', 'eth1']) {
        match(meshFault(device, place) ?? '', `${device} is the way to the Internet`);
      }
      equal(meshFault('eth2', place), null);
    });
  });

  test('a network card is no mesh, also before the network is up', async () => {
    await inPlace(({ directory }) => {
      mkdirSync(join(directory, 'sys/class/net/eth0/device'), { recursive: true });
      mkdirSync(join(directory, 'sys/class/net/flint0'), { recursive: true });
      match(meshFault('eth0', root(directory, [])) ?? '', 'eth0 is a network card');
      equal(meshFault('flint0', directory), null);
    });
  });
});

// What a locked probe still does, on three networks: with both families, behind a carrier's NAT
// with a shared address of its own (RFC 6598), and with IPv6 alone, whose gateway is link-local.
import { deepEqual, equal, match } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { suite } from '../helper.ts';
import { requireLab, scratchFile } from '../lab/namespace.ts';
import type { Namespace } from '../lab/net.ts';
import { NIXOS_FW } from './foreign-rules.ts';
import {
  FAR,
  type House,
  type HouseKind,
  MESH,
  openHouse,
  readCounters,
  SCAN,
  scan,
} from './house.ts';
import { openSession } from './session.ts';

async function withHouse(kind: HouseKind, use: (house: House) => Promise<void>): Promise<void> {
  const house = await openHouse(kind);
  try {
    await use(house);
  } finally {
    await house.close();
  }
}

/** Echoes, and traces by three protocols, to the Internet. */
async function measure(house: House, targets: readonly string[]): Promise<void> {
  const words = targets.flatMap((target) => [
    `ping -c 2 -i 100ms -W 1s --json ${target}`,
    ...['icmp', 'udp', 'tcp'].map((one) => `trace --protocol ${one} -c 1 --json ${target}`),
  ]);
  const results = await Promise.all(words.map((one) => house.flint(one)));
  for (const [at, { code, stdout, stderr }] of results.entries()) {
    equal(code, 0, `${words[at]}: ${stdout}${stderr}`);
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    if (words[at]?.startsWith('ping') === true) equal(last.received, 2);
    else deepEqual([last.reached, last.hops.length], [true, 2], `${words[at]}: ${stdout}`);
  }
}

async function apply(house: House, resolvConf = '', words = 'lockdown apply'): Promise<void> {
  const { code, stderr } = await house.flint(words, { resolvConf });
  equal(code, 0, stderr);
}

/** `reached` also when nobody listens there: the refusal came back. */
async function dial(from: Namespace, address: string, port: number): Promise<string> {
  const script = `const s = require('net').connect({ host: '${address}', port: ${port} });
    s.setTimeout(700, () => s.destroy(Object.assign(new Error(), { code: 'TIMEOUT' })));
    s.on('connect', () => end('reached')); s.on('error', (e) => end(e.code));
    function end(word) { console.log(word); process.exit(0); }`;
  const word = (await from.run(process.execPath, ['-e', script])).trim();
  return word === 'ECONNREFUSED' ? 'reached' : word;
}

async function send(from: Namespace, address: string, port: number): Promise<string> {
  const six = address.includes(':') ? 6 : 4;
  const script = `const s = require('dgram').createSocket('udp${six}');
    s.on('error', (e) => end(e.code));
    s.send('x', ${port}, '${address}', (e) => end(e ? e.code : 'sent'));
    function end(word) { console.log(word); process.exit(0); }`;
  return (await from.run(process.execPath, ['-e', script])).trim();
}

suite('a locked probe at work', (s) => {
  const missing = requireLab('nft', 'ip');
  let house: House;

  s.before(async () => {
    if (missing !== null) return;
    house = await openHouse();
    // NixOS' own firewall beside it: what passes must be accepted by both.
    await house.probe.run('nft', [NIXOS_FW]);
  });
  s.after(() => house?.close());

  s.testIf(
    missing,
    'measures on a network of both families, and keeps no connections',
    async () => {
      await apply(house, 'nameserver 192.168.7.1\n');

      await measure(house, [FAR.v4, FAR.v6]);

      const file = '/proc/sys/net/netfilter/nf_conntrack_count';
      equal((await house.probe.run('cat', [file])).trim(), '0');
      await house.probe.ip('-6 neigh flush dev eth0');
      await house.probe.ip('neigh flush dev eth0');
      for (const target of [FAR.v6, FAR.v4]) {
        const { code, stdout } = await house.flint(`ping -c 2 -i 100ms -W 1s --json ${target}`);
        equal(code, 0, stdout);
      }
      equal(((await readCounters(house.probe)).get('in-neighbour') ?? 0) > 0, true);
    },
  );

  s.testIf(missing, 'reaches of its network what it needs, and no neighbour', async () => {
    const { probe, addresses } = house;
    const link = await house.neighbour.run('ip', ['-j', '-6', 'address', 'show', 'eth0']);
    const local = JSON.parse(link)[0].addr_info.find(
      (one: { scope: string }) => one.scope === 'link',
    ).local;

    const refused = [
      [`${local}%eth0`, 5353],
      ['ff02::fb%eth0', 5353],
      ['239.255.255.250', 1900],
      ['10.11.12.13', 53],
      ['64:ff9b::a0b:c0d', 53],
      [addresses.neighbour.v4 ?? '', 5353],
      [addresses.neighbour.v6, 5353],
    ] as const;
    const words = await Promise.all(refused.map(([to, port]) => send(probe, to, port)));
    deepEqual(
      words,
      refused.map(() => 'EPERM'),
    );

    const neighbour = [addresses.neighbour.v4 ?? '', addresses.neighbour.v6];
    const dialled = await Promise.all(neighbour.map((to) => dial(probe, to, 80)));
    deepEqual(
      dialled.map((word) => /^(EPERM|TIMEOUT)$/.test(word)),
      [true, true],
    );
    const { stdout } = await house.flint(`ping -c 1 -W 1s --json ${neighbour.join(' ')}`);
    equal(stdout.match(/blocked by a filter/g)?.length, 2, stdout);

    const needed = [addresses.router.v4 ?? '', addresses.router.v6, FAR.v4, FAR.v6];
    const sent = await Promise.all(needed.map((to) => send(probe, to, 53)));
    deepEqual(
      sent,
      needed.map(() => 'sent'),
    );
    const reached = await Promise.all(needed.map((to) => dial(probe, to, 53)));
    deepEqual(
      reached,
      needed.map(() => 'reached'),
    );
  });

  s.testIf(missing, 'sends in nobody else’s name', async () => {
    await house.probe.sysctl({ 'net/ipv6/ip_nonlocal_bind': '1' });
    const spoofed = async () => (await readCounters(house.probe)).get('drop-spoofed-output') ?? 0;

    const source = ['--source', '2001:db8:77::77', '--last', '50'];
    const found = await scan(house.probe, FAR.v6, source);
    deepEqual([found.sent, found.refused], [0, 2 * 50 + 256 + 1]);
    const before = await spoofed();
    equal(before, found.refused);
    // It writes the header of IPv4 itself, as every owner of a raw socket may.
    if (requireLab('hping3') === null) {
      await house.probe.exec('hping3', ['-c', '2', '-i', 'u1000', '-a', '198.51.100.77', FAR.v4]);
      const other = await spoofed();
      equal(other > before, true);
      await house.probe.exec('hping3', ['-c', '2', '-i', 'u1000', '-a', '127.0.0.9', FAR.v4]);
      equal((await spoofed()) > other, true);
    }

    // A daemon that was taken over has raw sockets: solicitations and advertisements of neighbours,
    // by which it could pass for the router, are the kernel's alone, and nobody's are the router's
    // own and ICMP errors, by which it could cut off the connections of others.
    const daemon = 'setpriv --reuid=65534 --inh-caps=+net_raw --ambient-caps=+net_raw';
    const words = [...daemon.split(' ').slice(1), SCAN, FAR.v6, '--last', '50'];
    const text = await house.probe.run('setpriv', words);
    equal(JSON.parse(text).refused, 2 + 2 + 4);
  });

  s.testIf(missing, 'on the mesh calls what it is to call, and nobody else', async () => {
    const { probe } = house;
    const others = [
      [MESH.metrics.v6, 8429],
      [MESH.metrics.v4, 80],
      [MESH.other.v6, 80],
      [MESH.jump.v4, 22],
    ] as const;

    equal(await dial(probe, MESH.metrics.v6, 80), 'reached');
    const words = await Promise.all(others.map(([to, port]) => dial(probe, to, port)));
    deepEqual(
      words.map((word) => /^(EPERM|TIMEOUT)$/.test(word)),
      others.map(() => true),
    );
  });

  s.testIf(requireLab('nft', 'dnsmasq', 'dhclient'), 'gets its lease, and asks its resolver', () =>
    withHouse('dual', async (house) => {
      const { probe, router } = house;
      // In a room where it never was: nothing is known but how to ask.
      await probe.ip('address flush dev eth0 scope global');
      await apply(house, '', 'lockdown apply --boot');
      const served = router.spawn('dnsmasq', [
        ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts'],
        ...['--interface=br0', '--bind-interfaces', '--dhcp-leasefile=/dev/null', '--user=root'],
        ...[
          '--dhcp-range=192.168.7.50,192.168.7.60,1h',
          '--dhcp-option=option:ntp-server,192.168.7.3',
        ],
        ...['--address=/far.example/203.0.113.2', '--log-dhcp', '--log-facility=-'],
      ]);
      await served.waitFor('DHCP');
      const leases = scratchFile('leases');
      const config = scratchFile('conf');
      writeFileSync(config, 'request subnet-mask, routers, domain-name-servers, ntp-servers;\n');
      const files = ['-cf', config, '-lf', leases, '-pf', scratchFile('pid')];
      await probe.run('dhclient', ['-4', '-1', '-sf', '/bin/true', ...files, 'eth0']);

      const text = await probe.run('cat', [leases]);
      const address = /fixed-address (\S+);/.exec(text)?.[1] ?? '';
      match(address, /^192\.168\.7\.(5\d|60)$/);
      await probe.ip(`address add ${address}/24 dev eth0`);
      await probe.ip('route replace default via 192.168.7.1');
      const resolvConf = 'nameserver 192.168.7.1\n';
      await apply(house, resolvConf);
      const { code, stdout, stderr } = await house.flint('ping -4 -c 1 --json far.example', {
        resolvConf,
      });
      equal(code, 0, `${stdout}${stderr}`);
      match(text, /ntp-servers 192\.168\.7\.3/);
    }),
  );

  s.testIf(missing, 'answers nobody on the Internet who came before it was locked', () =>
    withHouse('dual', async (house) => {
      // Nothing made the kernel follow connections until now.
      const session = await openSession(house, house.far);

      await apply(house);

      equal(await session.replies(), 0);
    }),
  );

  s.testIf(missing, 'measures where its own address is one of a carrier’s', () =>
    withHouse('cgnat', async (house) => {
      await apply(house);

      await measure(house, [FAR.v4]);
      equal(await send(house.probe, house.addresses.router.v4 ?? '', 53), 'sent');
      equal(await send(house.probe, house.addresses.neighbour.v4 ?? '', 53), 'EPERM');
      // An address of the mesh in the same range is the mesh's still.
      equal(await dial(house.probe, MESH.metrics.v6, 80), 'reached');
    }),
  );

  s.testIf(requireLab('nft', 'dnsmasq'), 'starts and measures on a network of IPv6 alone', () =>
    withHouse('v6', async (house) => {
      const { probe, router } = house;
      await probe.ip('link set eth0 down');
      await probe.sysctl({
        'net/ipv6/conf/eth0/accept_ra': '1',
        'net/ipv6/conf/eth0/router_solicitations': '3',
        'net/ipv6/conf/eth0/router_solicitation_delay': '0',
      });
      await apply(house, '', 'lockdown apply --boot');
      const served = router.spawn('dnsmasq', [
        ...['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--user=root'],
        ...['--interface=br0', '--enable-ra', '--dhcp-range=2001:db8:7::,ra-only,64'],
        ...['--dhcp-leasefile=/dev/null', '--log-facility=-', '--log-dhcp'],
      ]);
      await served.waitFor('router advertisement');
      await probe.ip('link set eth0 up');
      await until(async () => /default via fe80/.test(await probe.ip('-6 route')));

      await measure(house, [FAR.v6]);
      await apply(house);
      const gateway = /default via (fe80\S+)/.exec(await probe.ip('-6 route'))?.[1];
      equal(await send(probe, `${gateway}%eth0`, 53), 'sent');
      const { code, stdout } = await house.flint(`ping -c 1 --json ${gateway}%eth0`);
      equal(code, 0, stdout);
    }),
  );
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not come true');
}

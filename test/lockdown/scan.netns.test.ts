// timeout: 120 s
// A locked probe as it looks from its home network, from the mesh and from the Internet. With
// FLINT_LOCKDOWN_FULL=1 all ports from everywhere, in both families and with every trick; without,
// all ports from the home network and the mesh, and from elsewhere the first ten thousand.
import { deepEqual, equal } from 'node:assert/strict';
import { suite } from '../helper.ts';
import { requireLab } from '../lab/namespace.ts';
import type { LabProcess, Namespace } from '../lab/net.ts';
import { TAILSCALE_ON } from './foreign-rules.ts';
import {
  arrivedPackets,
  type House,
  MESH,
  MESH_PORT,
  openHouse,
  PEERS,
  type Peer,
  readCounters,
  type Scan,
  scan,
  startServices,
} from './house.ts';
import { datagram, headed, inject, redirect } from './inject.ts';
import { TCP_PORTS, UDP_PORTS } from './services.ts';
import { openSession } from './session.ts';

const IS_FULL = process.env['FLINT_LOCKDOWN_FULL'] === '1';
const SYN_ACK = ['--flags', '18'];
const ACK = ['--flags', '16'];
/** All ports, or those below 10 000, where the services of a probe are. */
const REACH = IS_FULL ? [] : ['--last', '10000'];
const REACH_PORTS = IS_FULL ? 65_535 : 10_000;

const TRACKING = `
table inet other {
  chain in { type filter hook input priority 10; policy accept; ct state established accept; }
}
`;
interface Answers {
  tcp?: number[];
  udp?: number[];
  /** ICMP types. */
  icmp?: number[];
}

function equalAnswers(found: Scan, { tcp = [], udp = [], icmp = [] }: Answers): void {
  equal(found.refused, 0, `${found.refused} packets were not sent`);
  const icmpTypes = Object.keys(found.icmp).map(Number);
  deepEqual(
    { tcp: found.open.ports, closed: found.closed.count, udp: found.answered.ports },
    { tcp, closed: 0, udp },
  );
  deepEqual(
    { unreachable: found.unreachable.count, icmpTypes },
    { unreachable: 0, icmpTypes: icmp },
  );
}

suite('scans of a locked probe', (s) => {
  const missing = requireLab('nft', 'ip');
  let house: House;
  let services: LabProcess;
  const probeAddress = (family: 'v4' | 'v6'): string => house.addresses.probe[family] ?? '';

  /** Scans, and makes sure that the probe saw every packet of it. */
  async function seen(places: readonly Namespace[], target: string, words: string[] = []) {
    const before = await arrivedPackets(house.probe);
    const found = await Promise.all(places.map((from) => scan(from, target, words)));
    const arrived = (await arrivedPackets(house.probe)) - before;
    const sent = found.reduce((sum, one) => sum + one.sent, 0);
    equal(arrived >= sent, true, `of ${sent} packets ${arrived} arrived`);
    return found;
  }

  async function expectFrom(from: Namespace, target: string, answers: Answers, words?: string[]) {
    const [found] = await seen([from], target, words);
    if (found !== undefined) equalAnswers(found, answers);
  }

  s.before(async () => {
    if (missing !== null) return;
    house = await openHouse();
    // The control below counts every error that the kernel sends.
    await house.probe.sysctl({
      'net/ipv4/icmp_msgs_per_sec': '1000000',
      'net/ipv4/icmp_msgs_burst': '1000000',
    });
    services = await startServices(house.probe);
  });

  s.after(async () => {
    await services?.stop('SIGKILL');
    await house?.close();
  });

  s.testIf(missing, 'without it every port of TCP and UDP answers the neighbour', async () => {
    const found = await scan(house.neighbour, probeAddress('v6'));

    deepEqual(found.open.ports, TCP_PORTS);
    equal(found.open.count + found.closed.count, 65_535);
    deepEqual(found.answered.ports, UDP_PORTS);
    equal(found.answered.count + found.unreachable.count, 65_535);
    equal(Object.keys(found.icmp).includes('129'), true, 'echoes are answered');
  });

  s.testIf(
    missing,
    'the rules are loaded, beside those of a tailscaled that lets all in',
    async () => {
      // Another firewall has had the kernel follow connections since long.
      await house.probe.run('nft', [`${TAILSCALE_ON}${TRACKING}`]);
      const session = await openSession(house, house.neighbour);

      const { code, stderr } = await house.flint('lockdown apply --boot');

      equal(code, 0, stderr);
      equal(await session.replies(), 0, 'who came before goes on');
    },
  );

  s.testIf(missing, 'the neighbour finds the port of the mesh alone, in IPv4', async () => {
    await expectFrom(house.neighbour, probeAddress('v4'), { udp: [MESH_PORT] });
  });

  s.testIf(missing, 'and in IPv6 that there is a neighbour, too', async () => {
    // A neighbour advertisement answers the solicitation among the ICMP types.
    await expectFrom(house.neighbour, probeAddress('v6'), { udp: [MESH_PORT], icmp: [136] });
  });

  s.testIf(missing, 'an address of the mesh is not reached from the home network', async () => {
    for (const family of ['v4', 'v6'] as const) {
      const via = house.addresses.probe[family];
      const six = family === 'v6' ? '-6 ' : '';
      await house.neighbour.ip(`${six}route replace ${MESH.probe[family]} via ${via}`);
    }

    await expectFrom(house.neighbour, MESH.probe.v4, {}, REACH);
    if (IS_FULL) await expectFrom(house.neighbour, MESH.probe.v6, {});
  });

  s.testIf(missing, 'a neighbour who calls himself the jump host is nobody', async () => {
    for (const address of [`${MESH.jump.v4}/32`, `${MESH.jump.v6}/128`]) {
      await house.neighbour.ip(
        `address add ${address} dev eth0${address.includes(':') ? ' nodad' : ''}`,
      );
    }
    // His answers would come back to him if the probe sent any by this link.
    const spoofed = async () => (await readCounters(house.probe)).get('drop-spoofed') ?? 0;
    const before = await spoofed();

    const sources = ['--source', MESH.jump.v6, ...REACH];
    await expectFrom(house.neighbour, probeAddress('v6'), {}, sources);

    equal((await spoofed()) - before >= 2 * REACH_PORTS, true);
  });

  const expected: Readonly<Record<Peer, Omit<Answers, 'icmp'>>> = {
    jump: { tcp: [22] },
    metrics: { tcp: [9740] },
    other: {},
  };
  s.testIf(missing, 'each of the mesh finds what is meant for it, and echoes', async () => {
    const families = IS_FULL ? (['v4', 'v6'] as const) : (['v6'] as const);
    for (const family of families) {
      const places = PEERS.map((peer) => house.peers[peer]);
      const found = await seen(places, MESH.probe[family]);

      for (const [at, peer] of PEERS.entries()) {
        const icmp = family === 'v4' ? [0] : [129];
        equalAnswers(found[at] as Scan, { ...expected[peer], icmp });
      }
    }
  });

  s.testIf(missing, 'the Internet finds the port of the mesh alone', async () => {
    const from = IS_FULL ? (['v4', 'v6'] as const) : (['v4'] as const);
    for (const family of from) {
      // A service in the ports of the probes would be seen; nothing is bound there by itself.
      const open = [MESH_PORT, ...UDP_PORTS.filter((port) => port >= 61_440)];
      const udp = open.filter((port) => port <= REACH_PORTS);
      await expectFrom(house.far, probeAddress(family), { udp }, REACH);
    }
  });

  s.testIf(
    missing ?? requireLab('python3'),
    'a packet that is wrong in itself is answered by silence, and so is one to be routed',
    async () => {
      const [from, to] = [house.addresses.neighbour.v4 ?? '', probeAddress('v4')];
      const count = async (name: string) => (await readCounters(house.probe)).get(name) ?? 0;
      await house.probe.sysctl({ 'net/ipv4/ip_forward': '1' });
      // With the probe as the router to an address that its own route leads back to the link.
      await house.neighbour.ip(`route replace 198.51.100.7 via ${to}`);
      const before = await count('drop-own-error');

      const payload = datagram(5, 22);
      const options = [Buffer.from('ff010000', 'hex'), Buffer.from('0727ff00', 'hex')];
      const heard = await inject(house.neighbour, to, [
        ...options.map((one) => ({ from, to, protocol: 'udp' as const, payload, options: one })),
        { from, to: '198.51.100.7', protocol: 'udp', payload },
        { from, to: '198.51.100.7', protocol: 'udp', payload, ttl: 1 },
      ]);

      deepEqual(heard, []);
      equal((await count('drop-own-error')) - before >= 3, true);
    },
  );

  s.testIf(
    missing ?? requireLab('python3'),
    'nobody leads elsewhere what the probe sends, though he quotes it',
    async () => {
      const [from, gateway] = [house.addresses.router.v4 ?? '', house.addresses.neighbour.v4 ?? ''];
      const to = probeAddress('v4');
      const script = `const s = require('dgram').createSocket('udp4');
        s.bind(40000, '${to}', () => s.send('x', 53, '203.0.113.2', () => s.close()));`;
      await house.probe.run(process.execPath, ['-e', script]);
      const quoted = headed({
        ...{ from: to, to: '203.0.113.2', protocol: 'udp', payload: datagram(40_000, 53) },
      });
      const answers = async () => (await readCounters(house.probe)).get('in-answer') ?? 0;
      const dropped = async () => (await readCounters(house.probe)).get('drop-input') ?? 0;
      const [answered, before] = [await answers(), await dropped()];

      const payload = redirect(gateway, quoted);
      await inject(house.neighbour, to, [{ from, to, protocol: 'icmp', payload }], 50);

      deepEqual([(await answers()) - answered, (await dropped()) - before >= 1], [0, true]);
    },
  );

  s.testIf(
    IS_FULL ? missing : 'FLINT_LOCKDOWN_FULL is not set',
    'no trick finds more',
    async () => {
      const six = probeAddress('v6');
      const link = JSON.parse(await house.probe.run('ip', ['-j', '-6', 'address', 'show', 'eth0']));
      const local = link[0].addr_info.find((one: { scope: string }) => one.scope === 'link').local;
      const tricks: [Namespace, string, string[], Answers][] = [
        [house.neighbour, six, SYN_ACK, { udp: [MESH_PORT], icmp: [136] }],
        [house.neighbour, six, ACK, { udp: [MESH_PORT], icmp: [136] }],
        [house.neighbour, six, ['--source-port', '53'], { udp: [MESH_PORT], icmp: [136] }],
        [house.neighbour, six, ['--source-port', '67'], { udp: [MESH_PORT], icmp: [136] }],
        [house.neighbour, six, ['--source-port', '547'], { udp: [MESH_PORT], icmp: [136] }],
        [house.neighbour, `${local}%eth0`, [], { udp: [MESH_PORT], icmp: [136] }],
        [house.peers.other, MESH.probe.v6, SYN_ACK, { icmp: [129] }],
        [house.peers.other, MESH.probe.v6, ACK, { icmp: [129] }],
        [house.peers.other, MESH.probe.v6, ['--source-port', '53'], { icmp: [129] }],
      ];
      for (const [from, target, words, answers] of tricks) {
        await expectFrom(from, target, answers, words);
      }
    },
    120_000,
  );
});

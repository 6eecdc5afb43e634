// `flint trace --json` through networks that misbehave as their scenario says.
import { equal, is, match, ok } from 'uvu/assert';
import { FAMILIES, type Family } from '../../../src/core/round.ts';
import { suite } from '../../helper.ts';
import {
  type Namespace,
  openNamespace,
  openNetwork,
  type RoutedNetwork,
  requireLab,
} from '../../lab/net.ts';
import { flint } from '../flint.ts';
import { type TraceOutput, trace } from '../trace-output.ts';

const PROTOCOLS = ['icmp', 'udp', 'tcp'] as const;

const missing = requireLab();
let namespace: Namespace;

async function withNetwork(
  scenario: unknown,
  use: (network: RoutedNetwork) => Promise<void>,
): Promise<void> {
  const network = await openNetwork(namespace, scenario);
  try {
    await use(network);
  } finally {
    await network.close();
  }
}

/** The hosts of both families at once, or of the one that is given. */
function run(
  network: RoutedNetwork,
  words: string,
  families: readonly Family[] = FAMILIES,
): Promise<TraceOutput> {
  const hosts = families.map((family) => network.host[family]);
  return trace(namespace, `-W 150ms ${words} ${hosts.join(' ')}`);
}

/** All protocols at once: most of the time passes in waiting. */
async function withEach(use: (protocol: string) => Promise<void>): Promise<void> {
  await Promise.all(PROTOCOLS.map(use));
}

/** The hops of each family, and the host, as the scenario has them. */
function expected(network: RoutedNetwork): Record<Family, (string | null)[]> {
  const main = network.paths.get('main');
  const of = (family: Family) => [
    ...(main?.[family] ?? []).map(([ip]) => ip ?? null),
    network.host[family],
  ];
  return { v4: of('v4'), v6: of('v6') };
}

function seen({ hops }: TraceOutput): Record<Family, (string | null)[]> {
  const of = (family: Family) => hops.filter((hop) => hop.family === family).map(({ ip }) => ip);
  return { v4: of('v4'), v6: of('v6') };
}

suite('flint trace through trouble', (s) => {
  s.before(async () => {
    if (missing === null) namespace = await openNamespace();
  });
  s.after(() => namespace?.close());

  s.testIf(missing, 'short quotes, copies and disorder, 2 ms a hop', async () => {
    for (const scenario of ['short-quotes', 'copies-and-disorder']) {
      await withNetwork(scenario, async (network) => {
        for (const protocol of PROTOCOLS) {
          const found = await run(network, `--protocol ${protocol} -c 5`);

          equal(seen(found), expected(network), `${scenario} ${protocol}`);
          for (const { ttl, rttNs, sent, received, lossKind } of found.hops) {
            equal([sent, received, lossKind], [5, 5, 'none'], `${scenario} ${protocol} ${ttl}`);
            const ms = (rttNs?.best ?? 0) / 1e6 - 2 * ttl;
            ok(ms >= 0 && ms < 1.5, `${scenario} ${protocol} ${ttl}: ${ms}`);
          }
        }
      });
    }
  });

  s.testIf(missing, 'a silent router is silent, not lossy', async () => {
    await withNetwork('silent-hop', async (network) => {
      await withEach(async (protocol) => {
        const found = await run(network, `--protocol ${protocol}`);
        const { v4, v6 } = expected(network);

        equal(seen(found), { v4: v4.with(4, null), v6: v6.with(4, null) }, protocol);
        const silent = found.hops.filter(({ ttl }) => ttl === 5);
        equal(
          silent.map(({ lossKind, lossPercent }) => [lossKind, lossPercent]),
          [
            ['silent', 100],
            ['silent', 100],
          ],
        );
        ok(found.hops.every(({ ttl, lossKind }) => ttl === 5 || lossKind === 'none'));
      });
    });
  });

  s.testIf(missing, 'a silent tail, an unreachable host and a circle end it', async () => {
    for (const [scenario, length, end] of [
      ['silent-tail', 4, 'silence'],
      ['unreachable', 6, 'unreachable'],
      ['loop', 6, 'loop'],
    ] as const) {
      await withNetwork(scenario, async (network) => {
        await withEach(async (protocol) => {
          const found = await run(network, `--protocol ${protocol}`);

          equal(
            found.paths.map((path) => [path.end, path.reached, path.hops.length]),
            [
              [end, false, length],
              [end, false, length],
            ],
          );
          is(found.code, 1);
          const before = Math.min(length, 5);
          equal(seen(found).v6.slice(0, before), expected(network).v6.slice(0, before));
        });
      });
    }
    await withNetwork('unreachable', async (network) => {
      const text = await flint(namespace, `trace ${network.host.v4}`);
      match(text.stdout, /^ 6\. 10\.70\.0\.5 .* unreachable$/m);
      match(text.stdout, '10.70.0.5 says: host unreachable');
    });
  });

  s.testIf(missing, 'real loss is blamed from the hop on where it is, and not before', async () => {
    await withNetwork('loss', async (network) => {
      const found = await run(network, '-c 100 --no-pace');

      equal(seen(found), expected(network));
      for (const { ttl, lossKind, lossPercent } of found.hops) {
        is(lossKind, ttl < 4 ? 'none' : 'forwarding', `TTL ${ttl}`);
        ok(ttl < 4 ? lossPercent === 0 : (lossPercent ?? 0) > 1 && (lossPercent ?? 0) < 25);
      }
    });
  });

  s.testIf(missing, 'a router that is slow, or limits its answers, is not blamed', async () => {
    await withNetwork('slow-router', async (network) => {
      const found = await run(network, '-c 20');
      const slow = found.hops.filter(({ ttl }) => ttl === 4);

      ok(slow.every(({ lossPercent }) => (lossPercent ?? 0) > 5));
      ok(slow.every(({ rttNs }) => (rttNs?.best ?? 0) > 50e6));
      ok(found.hops.every(({ lossKind }) => lossKind === 'none'));
    });
    await withNetwork('rate-limited', async (network) => {
      const found = await run(network, '-c 20 --no-pace --protocol udp');
      const text = await flint(namespace, `trace -c 20 -W 150ms --no-pace ${network.host.v4}`);

      equal(seen(found), expected(network));
      ok(found.hops.some(({ ttl, lossPercent }) => ttl === 3 && (lossPercent ?? 0) > 20));
      ok(found.hops.every(({ lossKind }) => lossKind === 'none'));
      match(text.stdout, /^ 3\. .*answers some, passes all on$/m);
    });
  });

  s.testIf(missing, 'shows MPLS labels', async () => {
    await withNetwork('mpls', async (network) => {
      await withEach(async (protocol) => {
        const found = await run(network, `--protocol ${protocol}`);
        const labels = found.hops.map(({ mpls }) => mpls.map(({ label }) => label));

        const one = [[], [], [16_003], [16_004, 24_004], [16_005], [], [], [], []];
        equal(labels, [...one, ...one]);
        equal(found.hops[3]?.mpls[0], { label: 16_004, trafficClass: 3, ttl: 1 });
      });
    });
  });

  s.testIf(missing, 'quotes that a NAT changed are matched, and the length is right', async () => {
    // Hops behind the NAT quote its address; the inner ports were changed back, as NATs do.
    const source = ['192.0.2.7', '2001:db8::7'];
    const hops = [
      {},
      {},
      {},
      ...[4, 5, 6, 7, 8].map(() => ({ rewrite: { source, checksum: 48879 } })),
    ];
    const scenario = { about: 'a NAT', hops: hops.map((hop) => ({ delayMs: 1, ...hop })) };
    await withNetwork(scenario, async (network) => {
      for (const protocol of ['icmp', 'tcp'] as const) {
        equal(seen(await run(network, `--protocol ${protocol}`)), expected(network), protocol);
      }
    });
    await withNetwork('nat', async (network) => {
      await withEach(async (protocol) => {
        const found = await run(network, `--protocol ${protocol}`);
        const all = expected(network);
        // Of TCP a NAT leaves nothing as it was but the sequence number, and the filter in the
        // kernel knows it by its port.
        if (protocol !== 'tcp') return equal(seen(found), all, protocol);
        for (const family of FAMILIES) {
          const ips = seen(found)[family];
          equal([ips.length, ips.at(-1)], [9, network.host[family]]);
          ok(
            ips.every((ip, i) => ip === null || ip === all[family][i]),
            ips.join(),
          );
        }
      });
    });
  });

  s.testIf(missing, 'a router that spreads single packets shows all its addresses', async () => {
    await withNetwork('diamond-per-packet', async (network) => {
      const found = await run(network, '-c 20', ['v4']);
      const third = found.hops.find(({ ttl }) => ttl === 3);

      const all = [...(third?.others ?? []), third?.ip].sort();
      equal(all, network.paths.get('main')?.v4[2]);
      equal(
        found.hops.map(({ others }) => others.length),
        [0, 0, 3, 0, 0, 0, 0],
      );
      is(found.paths[0]?.reached, true);
    });
  });

  s.testIf(missing, 'TCP behind a filter of echoes, also where a port is prohibited', async () => {
    await withNetwork('echo-filter', async (network) => {
      for (const [port, end] of [
        [80, 'target'],
        [443, 'target'],
        [25, 'silence'],
      ] as const) {
        const found = await run(network, `--protocol tcp --port ${port} -c 4`);

        is(found.paths[0]?.end, end, `${port}`);
        equal(seen(found).v6.slice(0, 6), expected(network).v6.slice(0, 6));
        equal(found.hops.filter(({ received }) => received !== 4).length, 0, `${port}`);
      }
      const prohibited = await run(network, '--protocol tcp --port 22', ['v4']);
      is(prohibited.hops.length, 7);
    });
  });

  s.testIf(missing, 'the path MTU, and who said so; also where nobody says it', async () => {
    await withNetwork('mtu', async (network) => {
      await withEach(async (protocol) => {
        const found = await run(network, `--protocol ${protocol} --mtu`);

        equal(
          found.paths.map(({ mtu, mtuIp, mtuBlackHole }) => [mtu, mtuIp, mtuBlackHole]),
          [
            [1400, '10.70.0.5', false],
            [1400, 'fd70::5', false],
          ],
        );
      });
      const text = await flint(namespace, `trace --mtu ${network.host.v4}`);
      match(text.stdout, 'path MTU 1400 bytes, says 10.70.0.5');
    });
    const hops = [{}, {}, { mtu: 1400, silence: 'always' }, {}];
    const scenario = { about: 'a black hole', hops: hops.map((hop) => ({ delayMs: 1, ...hop })) };
    await withNetwork(scenario, async (network) => {
      const found = await run(network, '--mtu');

      equal(
        found.paths.map(({ mtu, mtuIp, mtuBlackHole }) => [mtu, mtuIp, mtuBlackHole]),
        [
          [1400, null, true],
          [1400, null, true],
        ],
      );
    });
  });
});

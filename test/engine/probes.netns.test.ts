// Probes through a chain of eight routers: every hop in order, by every protocol and family, on raw
// and on ping sockets, and what routers tell of a link that is too small.
import { equal, is, ok } from 'uvu/assert';
import type { PathProtocol } from '../../src/core/path.ts';
import { suite } from '../helper.ts';
import { type Chain, openChain, requireLab } from '../lab/net.ts';
import { keepStamping, NATIVE } from '../native/places.ts';
import { type Driver, NOBODY, openDriver, type ProbesWish, type Traced } from '../native/remote.ts';

const ROUTERS = 8;
const FLOWS = 4;
/** The link behind the fourth router. */
const NARROW = { router: 4, device: 'near4', mtu: 1300 };

const missing = requireLab();
const absent = missing ?? NATIVE[0]?.missing ?? null;
let chain: Chain;
let keeper: Driver;

/** An engine on this kind of sockets, of which nothing may be alien in the end. */
async function withEngine(kind: 'raw' | 'ping', run: (driver: Driver) => Promise<void>) {
  const driver = await openDriver(chain.prober);
  try {
    if (kind === 'ping') await driver.ask('drop', NOBODY);
    const engine = { kind, identifier: 0x3340, timeoutMs: 1000, probeTimeoutMs: 1000, series: [] };
    await driver.ask('engine', engine);
    await run(driver);
    const { figures } = await driver.ask('observe', null);
    equal(Object.values(figures.alien), [0, 0, 0, 0, 0, 0], 'nothing is alien');
    equal(Object.values(figures.drops), [0, 0, 0, 0, 0, 0, 0, 0], 'nothing was dropped');
  } finally {
    await driver.close();
  }
}

function targetOf(family: 4 | 6): string {
  return chain.path[family === 4 ? 'v4' : 'v6'].at(-1) ?? '';
}

/** Addresses by TTL, and the answers that are no error. */
async function trace(driver: Driver, wish: Omit<ProbesWish, 'ms' | 'ttls'>): Promise<Traced[]> {
  const ttls = Array.from({ length: ROUTERS + 3 }, (_, i) => i + 1);
  const traced = await driver.ask('probes', { ...wish, ttls, ms: 3000 });
  return traced.sort((a, b) => a.path - b.path || a.ttl - b.ttl);
}

const END: Record<PathProtocol, Record<4 | 6, readonly [string, number]>> = {
  icmp: { 4: ['echo', 0], 6: ['echo', 129 * 256] },
  udp: { 4: ['error', 0x303], 6: ['error', 0x104] },
  tcp: { 4: ['tcp', 0x14], 6: ['tcp', 0x14] },
};

function judge(one: Traced, protocol: PathProtocol, family: 4 | 6): void {
  const hops = chain.path[family === 4 ? 'v4' : 'v6'];
  const says = `${protocol} over IPv${family}, TTL ${one.ttl}`;
  const isEnd = one.ttl > ROUTERS;
  const exceeded = ['error', family === 4 ? 0xb00 : 0x300] as const;
  const [kind, info] = isEnd ? END[protocol][family] : exceeded;
  equal([one.kind, one.info], [kind, info], says);
  is(one.address, hops[Math.min(one.ttl, ROUTERS + 1) - 1], says);
  is(one.quality, 'kernel', says);
  ok((one.rttNs ?? -1) > 0 && (one.rttNs ?? 1e12) < 100e6, `${says}: ${one.rttNs} ns`);
}

suite('probes through a chain', (s) => {
  s.before(async () => {
    if (absent !== null) return;
    chain = await openChain({ routers: ROUTERS });
    keeper = await keepStamping(chain.target);
    await chain.prober.sysctl({ 'net/ipv4/ping_group_range': '0 2147483647' });
  });
  s.after(async () => {
    if (absent !== null) return;
    await keeper.close();
    await chain.close();
  });

  for (const kind of ['raw', 'ping'] as const) {
    for (const protocol of kind === 'raw' ? (['icmp', 'udp', 'tcp'] as const) : ['icmp' as const]) {
      for (const family of [4, 6] as const) {
        const name = `${protocol} over IPv${family} on ${kind} sockets`;

        s.testIf(absent, `${name}: eight hops and the target, in order`, () =>
          withEngine(kind, async (driver) => {
            const paths = [{ to: targetOf(family), protocol }];
            const traced = await trace(driver, { paths });

            equal(
              traced.map(({ ttl }) => ttl),
              Array.from({ length: ROUTERS + 3 }, (_, i) => i + 1),
            );
            for (const one of traced) judge(one, protocol, family);
            equal(
              traced.slice(0, ROUTERS + 1).map(({ address }) => address),
              chain.path[family === 4 ? 'v4' : 'v6'],
            );
          }),
        );
      }
    }

    s.testIf(absent, `${kind} sockets: all at once, and several flows of each`, () =>
      withEngine(kind, async (driver) => {
        const protocols = kind === 'raw' ? (['icmp', 'udp', 'tcp'] as const) : (['icmp'] as const);
        const paths = protocols.flatMap((protocol) =>
          ([4, 6] as const).flatMap((family) =>
            Array.from({ length: FLOWS }, (_, flow) => ({
              to: targetOf(family),
              protocol,
              flow: flow * 21,
              family,
            })),
          ),
        );
        const traced = await trace(driver, { paths });

        is(traced.length, paths.length * (ROUTERS + 3));
        for (const one of traced) {
          const path = paths[one.path];
          if (path === undefined) throw new Error('there is no such path');
          is(one.flow, path.flow);
          judge(one, path.protocol, path.family);
        }
      }),
    );

    s.testIf(
      absent,
      `${kind} sockets: who says that a link is too small, and how small`,
      async () => {
        const router = chain.routers[NARROW.router - 1]?.[0];
        await router?.ip(`link set ${NARROW.device} mtu ${NARROW.mtu}`);
        try {
          await withEngine(kind, async (driver) => {
            for (const family of [4, 6] as const) {
              const protocol = kind === 'raw' ? 'udp' : 'icmp';
              const paths = [{ to: targetOf(family), protocol } as const];
              const wish = { paths, ttls: [40], ms: 2000, payloadBytes: 1400, dontFragment: true };
              const [large] = await driver.ask('probes', wish);
              const info = family === 4 ? 0x304 : 0x200;

              equal([large?.kind, large?.info, large?.mtu], ['error', info, NARROW.mtu]);
              const hops = chain.path[family === 4 ? 'v4' : 'v6'];
              is(large?.address, hops[NARROW.router - 1]);
              const [small] = await driver.ask('probes', { ...wish, payloadBytes: 1200 });
              equal([small?.kind, small?.info], [...END[protocol][family]]);
            }
          });
        } finally {
          await router?.ip(`link set ${NARROW.device} mtu 1500`);
        }
      },
    );
  }
});

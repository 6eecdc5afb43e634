import { equal, ok } from 'uvu/assert';
import { FAMILIES, type Family } from '../../src/core/round.ts';
import { suite } from '../helper.ts';
import {
  type Namespace,
  openChain,
  openDiamond,
  openStar,
  openSwitch,
  requireLab,
  type Topology,
} from './net.ts';
import { parseTraceroute, SILENT } from './traceroute.ts';

const missing = requireLab('traceroute', 'nft');
const missingScamper = missing ?? requireLab('scamper');
const METHODS = ['-I', '-U', '-T'];

/** The first answer at each TTL. */
async function trace(
  namespace: Namespace,
  host: string | undefined,
  ...words: string[]
): Promise<string[]> {
  const args = ['-n', '-q', '1', '-w', '0.5', '-N', '32', ...words, host ?? ''];
  const hops = parseTraceroute(await namespace.run('traceroute', args));
  return hops.map(([first]) => first ?? SILENT);
}

suite('a chain of routers', (s) => {
  s.testIf(missing, 'answers hop by hop, by three protocols and two families', async () => {
    const startMs = Date.now();
    const chain = await openChain({ routers: 8 });
    const openMs = Date.now() - startMs;
    try {
      for (const family of FAMILIES) {
        for (const method of METHODS) {
          const seen = await trace(chain.prober, chain.path[family].at(-1), method);
          equal(seen, chain.path[family], `${family} ${method}`);
        }
      }
      equal(chain.path.v4.length, 9);
      ok(openMs < 2_000, `opened in ${openMs} ms`);
    } finally {
      await chain.close();
    }
  });

  s.testIf(missing, 'lets one router fall silent, and speak again', async () => {
    const chain = await openChain({ routers: 3 });
    try {
      for (const family of FAMILIES) {
        await chain.setSilent({ ttl: 2 });
        const without = await trace(chain.prober, chain.path[family].at(-1), '-U');
        await chain.setSilent({ ttl: 2 }, false);
        const again = await trace(chain.prober, chain.path[family].at(-1), '-U');

        equal(without, chain.path[family].with(1, SILENT));
        equal(again, chain.path[family]);
      }
    } finally {
      await chain.close();
    }
  });

  s.testIf(missing, 'drops echo requests at a router and nothing else', async () => {
    const chain = await openChain({ routers: 3 });
    try {
      await chain.filterEcho({ ttl: 2 });
      for (const family of FAMILIES) {
        const [one, two] = chain.path[family];
        const target = chain.path[family].at(-1);
        equal(await trace(chain.prober, target, '-I', '-m', '4'), [one, two, SILENT, SILENT]);
        equal(await trace(chain.prober, target, '-T'), chain.path[family]);
        equal(await trace(chain.prober, target, '-U'), chain.path[family]);
      }
    } finally {
      await chain.close();
    }
  });

  s.testIf(missing, 'opens, closes and filters ports of the target', async () => {
    const chain = await openChain({ routers: 1 });
    const flags = async (family: Family) => {
      const args = ['-n', '-q', '1', '-w', '0.3', '-f', '2', '-m', '2', '-T', '-p', '8080'];
      const host = chain.targets[family][0] ?? '';
      const text = await chain.prober.run('traceroute', [...args, '-O', 'info', host]);
      return /<.*?>|\*/.exec(text)?.[0];
    };
    try {
      for (const family of FAMILIES) equal(await flags(family), '<rst,ack>');
      const listener = await chain.openPort(8080);
      for (const family of FAMILIES) ok((await flags(family))?.startsWith('<syn,ack'));
      await chain.filterPort(8080);
      for (const family of FAMILIES) equal(await flags(family), '*');
      await chain.filterPort(8080, false);
      await listener.stop();
      for (const family of FAMILIES) equal(await flags(family), '<rst,ack>');
    } finally {
      await chain.close();
    }
  });

  s.testIf(missing, 'says what it takes where a link takes less', async () => {
    const chain = await openChain({ routers: 4 });
    try {
      await chain.setMtu({ ttl: 3 }, 1_400);
      for (const family of FAMILIES) {
        const args = ['-n', '-q', '1', '-w', '0.5', '--mtu', chain.targets[family][0] ?? ''];
        const text = await chain.prober.run('traceroute', args);
        const told = text.split('\n').find((line) => line.includes('F=1400'));
        equal(told?.trim().split(/\s+/).slice(0, 2), ['3', chain.path[family][2]], text);
      }
    } finally {
      await chain.close();
    }
  });

  s.testIf(missing, 'keeps to the limit of errors that it was given', async () => {
    const chain = await openChain({ routers: 2 });
    try {
      await chain.limitErrors({ ttl: 1 }, { intervalMs: 1_000 });
      for (const family of FAMILIES) {
        const args = ['-n', '-q', '10', '-N', '10', '-w', '0.3', '-m', '2', '-U'];
        const text = await chain.prober.run('traceroute', [
          ...args,
          chain.targets[family][0] ?? '',
        ]);
        const [limited = [], free = []] = parseTraceroute(text);
        const answered = (hop: string[]) => hop.filter((one) => one !== SILENT).length;
        ok(answered(limited) >= 1 && answered(limited) <= 7, `${answered(limited)} of ten`);
        equal(answered(free), 10);
      }
    } finally {
      await chain.close();
    }
  });
});

suite('routers with a choice', (s) => {
  for (const width of [4, 16]) {
    s.testIf(missing, `spread flows over all ${width}, and keep each on its path`, async () => {
      const diamond = await openDiamond({ width });
      try {
        for (const family of FAMILIES) {
          const seen = await manyFlows(diamond, family);
          equal(
            seen,
            diamond.hops[family].map((hop) => hop.toSorted()),
          );
        }
        for (const family of FAMILIES) {
          const words = ['-T', '--sport=40000', '-q', '3']; // from a raw socket: see hashPolicy
          const args = [...words, '-n', '-w', '0.5', diamond.targets[family][0] ?? ''];
          const hops = parseTraceroute(await diamond.prober.run('traceroute', args));
          for (const hop of hops) equal(new Set(hop).size, 1, `${family}: ${hop}`);
        }
      } finally {
        await diamond.close();
      }
    });
  }

  s.testIf(missing, 'spread flows again at a second split', async () => {
    const nested = await openDiamond({ width: 4, widths: [2, 4, 2], before: 0, hashPolicy: 3 });
    try {
      for (const family of FAMILIES) {
        const seen = await manyFlows(nested, family);
        equal(
          seen,
          nested.hops[family].map((hop) => hop.toSorted()),
        );
      }
    } finally {
      await nested.close();
    }
  });

  s.testIf(missingScamper, 'are what tracelb finds', async () => {
    const diamond = await openDiamond({ width: 4, before: 0, after: 0 });
    const [split, middle, joined, last] = diamond.hops.v4;
    try {
      const trace = 'tracelb -W 15 -w 1 -P udp-sport';
      const args = ['-p', '1000', '-c', trace, '-i', diamond.targets.v4[0] ?? ''];
      const text = await diamond.prober.run('scamper', args, { timeoutMs: 18_000 });
      const found = text
        .split('\n')
        .filter((line) => line.includes(' -> '))
        .sort();
      equal(found, [`${split} -> (${middle?.join(', ')}) -> ${joined}`, `${joined} -> ${last}`]);
    } finally {
      await diamond.close();
    }
  });

  s.testIf(missing, 'change the path on cue, in one hop', async () => {
    const network = await openSwitch();
    try {
      for (const to of [0, 1, 0] as const) {
        await network.switchRoute(to);
        for (const family of FAMILIES) {
          const seen = await trace(network.prober, network.targets[family][0], '-I');
          equal(seen, network.paths[to]?.[family]);
        }
      }
      const differs = (hop: string, i: number) => hop !== network.paths[1]?.v4[i];
      equal(network.paths[0]?.v4.findIndex(differs), network.ttl - 1);
    } finally {
      await network.close();
    }
  });
});

suite('a star', (s) => {
  s.testIf(missing, 'has a hundred targets, each nine hops away', async () => {
    const star = await openStar();
    try {
      for (const family of FAMILIES) {
        equal(new Set(star.targets[family]).size, 100);
        const last = star.targets[family].at(-1) ?? '';
        equal(await trace(star.prober, last, '-U'), star.path[family].with(8, last));
      }
    } finally {
      await star.close();
    }
  });
});

/** What answered at each TTL, sorted, over ten flows for each router of the widest. */
async function manyFlows(topology: Topology, family: Family): Promise<string[][]> {
  const { prober, hops: known, targets } = topology;
  const host = targets[family][0] ?? '';
  const runs = Array.from(
    { length: 2 + Math.max(...known[family].map((hop) => hop.length)) },
    () => {
      const args = ['-n', '-q', '10', '-N', '100', '-w', '0.5', `-${family.slice(1)}`, host];
      return prober.run('traceroute', args);
    },
  );
  const seen: Set<string>[] = [];
  for (const hops of (await Promise.all(runs)).map(parseTraceroute)) {
    for (const [i, hop] of hops.entries()) {
      seen[i] ??= new Set();
      for (const address of hop) if (address !== SILENT) seen[i].add(address);
    }
  }
  return seen.map((hop) => [...hop].sort());
}

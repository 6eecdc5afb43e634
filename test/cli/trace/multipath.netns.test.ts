// `flint trace --flows` through diamonds of kernels that spread flows by their ports.
import { equal, is, match, ok } from 'uvu/assert';
import type { Family } from '../../../src/core/round.ts';
import { FLOWS_MAX } from '../../../src/engine/limits.ts';
import { suite } from '../../helper.ts';
import { openDiamond, requireLab, type Topology } from '../../lab/net.ts';
import { flint } from '../flint.ts';
import { trace } from '../trace-output.ts';

const missing = requireLab();

async function withDiamond(
  options: Parameters<typeof openDiamond>[0],
  use: (diamond: Topology) => Promise<void>,
): Promise<void> {
  const diamond = await openDiamond(options);
  try {
    await use(diamond);
  } finally {
    await diamond.close();
  }
}

suite('flint trace --flows', (s) => {
  for (const [width, hashPolicy, protocol] of [
    [4, 1, 'udp'],
    [4, 3, 'tcp'],
    [16, 3, 'udp'],
    [16, 1, 'tcp'],
  ] as const) {
    s.testIf(missing, `${protocol}: finds ${width} routers, policy ${hashPolicy}`, async () => {
      await withDiamond({ width, hashPolicy, seed: 11 }, async ({ prober, targets, hops }) => {
        const words = `--protocol ${protocol} --flows ${FLOWS_MAX} --no-pace -c 1`;
        const found = await trace(prober, `${words} ${targets.v4[0]} ${targets.v6[0]}`);

        is(found.code, 0);
        for (const path of found.paths) {
          const family = path.family as Family;
          const nodes = path.multipath?.nodes ?? [];
          for (const [i, ips] of hops[family].entries()) {
            const ttl = i + 1;
            const there = nodes.filter((node) => node.ttl === ttl).map(({ ip }) => ip);
            equal(there.sort(), [...ips].sort(), `${family} TTL ${ttl}`);
            const line = found.hops.find((hop) => hop.family === family && hop.ttl === ttl);
            equal([line?.ip, ...(line?.others ?? [])].sort(), [...ips].sort());
            is(line?.sent, 1);
          }
          equal(Object.keys(path.multipath ?? {}), [
            ...['nodes', 'links', 'sent', 'isComplete', 'nodeMissMax', 'pathMissMax'],
          ]);
          is(path.multipath?.links.length, 2 * width + 3);
          ok((path.multipath?.nodeMissMax ?? 1) <= 0.05);
        }
      });
    });
  }

  s.testIf(
    missing,
    'says in words what it saw and how sure it is, and what ICMP hides',
    async () => {
      await withDiamond({ width: 4, families: ['v4'] }, async ({ prober, targets, hops }) => {
        const words = `trace -c 1 --no-pace --flows ${FLOWS_MAX} ${targets.v4[0]}`;
        const udp = await flint(prober, `${words} --protocol udp`);
        const icmp = await flint(prober, words);
        const few = await flint(prober, `${words} --protocol udp --flows 5`);

        const text = udp.stdout.replaceAll('\u202f', ' ');
        for (const ip of hops.v4[2] ?? []) {
          match(text, new RegExp(`^ +3\\. ${ip.replaceAll('.', '\\.')}  \\d+ %  from `, 'm'));
        }
        match(text, / +4\. \S+ {2}from all 4\n/);
        match(text, /\d+ more probes\n.* missed in at most 3\.13 % of searches,\n/);
        match(icmp.stdout, 'one path: no router was seen to share the load');
        match(icmp.stdout, 'show one path only to ICMP');
        match(few.stdout, /not enough: there may be more routers/);
      });
    },
  );
});

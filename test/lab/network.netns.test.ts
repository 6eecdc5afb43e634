import { equal, is, match, ok, throws } from 'uvu/assert';
import { FAMILIES, type Family } from '../../src/core/round.ts';
import { suite } from '../helper.ts';
import { capture, type Namespace, openNamespace, requireLab, sleep } from './net.ts';
import { openNetwork, type RoutedNetwork, scenarioNames } from './network.ts';
import { parseScenario } from './network-scenario.ts';
import { parseTraceroute, SILENT } from './traceroute.ts';

const missing = requireLab('traceroute');
const METHODS = ['-I', '-U', '-T'];

let namespace: Namespace;

async function withNetwork(
  scenario: unknown,
  use: (network: RoutedNetwork) => Promise<void>,
): Promise<void> {
  const network = await openNetwork(namespace, scenario, { hasLog: true });
  try {
    await use(network);
  } finally {
    await network.close();
  }
}

function run(host: string, words: string): Promise<string> {
  const args = ['-n', '-q', '1', '-w', '0.3', '-N', '32', ...words.split(' '), host];
  return namespace.run('traceroute', args);
}

/** The first answer at each TTL. */
async function trace(network: RoutedNetwork, family: Family, words = '-I'): Promise<string[]> {
  const hops = parseTraceroute(await run(network.host[family], words));
  return hops.map(([first]) => first ?? SILENT);
}

/** What a trace should see: single addresses, and the host. */
function expected(network: RoutedNetwork, family: Family, path = 'main'): string[] {
  const hops = network.paths.get(path)?.[family] ?? [];
  return [...hops.map(([one]) => one ?? SILENT), network.host[family]];
}

suite('a network behind a TUN device', (s) => {
  s.before(async () => {
    if (missing === null) namespace = await openNamespace();
  });
  s.after(() => namespace?.close());

  s.testIf(
    missing,
    'opens every scenario, and answers hop by hop as the plain ones say',
    async () => {
      ok(scenarioNames().length >= 17, `${scenarioNames().length}`);
      for (const name of scenarioNames()) await withNetwork(name, async () => {});
      for (const name of ['chain', 'short-quotes', 'mpls']) {
        await withNetwork(name, async (network) => {
          for (const family of FAMILIES) {
            const seen = METHODS.map((method) => trace(network, family, method));
            for (const one of await Promise.all(seen)) equal(one, expected(network, family), name);
          }
        });
      }
    },
  );

  s.testIf(missing, 'takes as long as the links and the slow router say', async () => {
    await withNetwork('slow-router', async (network) => {
      const text = await run(network.host.v4, '-I -q 10');
      const timesMs = text.split('\n').map((line) => {
        const found = [...line.matchAll(/(\d+\.\d+) ms/g)].map((one) => Number(one[1]));
        return { least: Math.min(...found), count: found.length };
      });
      const [, , , third, fourth, fifth, , , , host] = timesMs;
      ok(third !== undefined && third.least >= 6 && third.least < 20, text);
      ok(fourth !== undefined && fourth.least >= 58 && fourth.count < 10, text);
      ok(fifth !== undefined && fifth.least >= 10 && fifth.least < 30, text);
      is(host?.count, 10);
    });
  });

  s.testIf(missing, 'is silent where routers are, and ends where nothing answers', async () => {
    await withNetwork('silent-hop', async (network) => {
      equal(await trace(network, 'v4'), expected(network, 'v4').with(4, SILENT));
    });
    await withNetwork('silent-tail', async (network) => {
      const seen = await trace(network, 'v6', '-U -m 12');
      equal(seen.slice(0, 4), expected(network, 'v6').slice(0, 4));
      equal(new Set(seen.slice(4)), new Set([SILENT]));
    });
    await withNetwork('unreachable', async (network) => {
      for (const family of FAMILIES) {
        const text = await run(network.host[family], '-U');
        match(text.trimEnd().split('\n').at(-1) ?? '', /^ 6 .*:?5 .*!H$/);
      }
    });
    await withNetwork('loop', async (network) => {
      const [, , , four, five] = expected(network, 'v4');
      const seen = await trace(network, 'v4', '-T -m 9');
      equal(seen.slice(3), [four, five, four, five, four, five]);
    });
  });

  s.testIf(missing, 'loses packets for all who are behind the loss, and none before', async () => {
    await withNetwork('loss', async (network) => {
      const pings = [3, 4, 64].map((ttl) => {
        const words = `-n -q -i 0.002 -c 200 -W 0.1 -t ${ttl}`;
        return namespace.exec('ping', [...words.split(' '), network.host.v4]);
      });
      await Promise.all(pings);
      const log = await network.log();
      const lostOf = (ttl: number) => log.filter((one) => one.ttl === ttl && one.action === 'lost');
      equal([lostOf(3).length, new Set(lostOf(64).map(({ hop }) => hop))], [0, new Set([4])]);
      for (const ttl of [4, 64]) {
        const { length } = lostOf(ttl);
        ok(length > 5 && length < 45, `${length} of 200 lost`);
      }
    });
  });

  s.testIf(missing, 'limits the answers of a router, not what it passes on', async () => {
    await withNetwork('rate-limited', async (network) => {
      const hops = parseTraceroute(await run(network.host.v6, '-U -q 10 -N 90'));
      const answered = hops.map((hop) => hop.filter((one) => one !== SILENT).length);
      ok((answered[2] ?? 0) >= 5 && (answered[2] ?? 0) < 10, `${answered}`);
      equal(
        answered.toSpliced(2, 1),
        Array.from({ length: 8 }, () => 10),
      );
      is((await network.counters()).limited, 10 - (answered[2] ?? 0));
    });
  });

  s.testIf(missing, 'shows labels, with a length of the quote and without', async () => {
    await withNetwork('mpls', async (network) => {
      for (const family of FAMILIES) {
        const text = await run(network.host[family], '-U -e');
        match(text, /^ 3 .*<MPLS:L=16003,E=0,S=1,T=1>/m);
        match(text, /^ 4 .*<MPLS:L=16004,E=3,S=0,T=1\/L=24004,E=0,S=1,T=255>/m);
        match(text, /^ 5 .*<MPLS:L=16005,E=0,S=1,T=1>/m);
      }
    });
  });

  s.testIf(
    missing ?? requireLab('tcpdump'),
    'quotes as much as it should, and what a NAT made of it',
    async () => {
      const errors = async (network: RoutedNetwork, family: Family) => {
        const captured = await capture(namespace, network.device);
        await run(network.host[family], '-U --sport=40000');
        const packets = await captured.stop();
        const kinds = family === 'v4' ? [11, 3] : [3, 1];
        const found = packets.filter((one) => one.family === family && kinds.includes(one.type));
        ok(found.every(({ isIntact }) => isIntact));
        return new Map(found.map(({ source, payload }) => [source, payload]));
      };
      await withNetwork('short-quotes', async (network) => {
        for (const [family, bytes] of [
          ['v4', 28],
          ['v6', 48],
        ] as const) {
          const quotes = await errors(network, family);
          const [one, two] = expected(network, family);
          is(quotes.get(one ?? '')?.length, bytes);
          is(quotes.get(two ?? '')?.length, family === 'v4' ? 60 : 80); // all there was
          is(quotes.get(network.host[family])?.length, bytes);
        }
      });
      await withNetwork('nat', async (network) => {
        const quotes = await errors(network, 'v4');
        const [, , three = '', four = ''] = expected(network, 'v4');
        is(quotes.get(three)?.readUInt16BE(20), 40_000);
        is(quotes.get(four)?.readUInt16BE(20), 4_242);
        equal([...(quotes.get(four)?.subarray(12, 16) ?? [])], [192, 0, 2, 7]);
        equal(quotes.get(four)?.readUInt16BE(26), 48_879);
      });
    },
  );

  s.testIf(missing, 'spreads flows over routers, and keeps one flow together', async () => {
    await withNetwork('diamond', async (network) => {
      for (const family of FAMILIES) {
        const runs = Array.from({ length: 8 }, () => run(network.host[family], '-q 10 -f 3 -m 3'));
        const seen = (await Promise.all(runs)).flatMap((text) => parseTraceroute(text)[0] ?? []);
        const four = network.paths.get('main')?.[family][2] ?? [];
        equal([...new Set(seen)].sort(), [...four].sort());
        const one = parseTraceroute(
          await run(network.host[family], '-T --sport=40000 -q 5 -f 3 -m 3'),
        );
        is(new Set(one[0]).size, 1);
      }
    });
    await withNetwork('diamond-per-packet', async (network) => {
      const hops = parseTraceroute(await run(network.host.v4, '-T --sport=40000 -q 10 -f 3 -m 3'));
      ok(new Set(hops[0]).size > 1);
    });
  });

  s.testIf(missing, 'changes the path and falls silent on cue and in time', async () => {
    await withNetwork('route-switch', async (network) => {
      for (const [cue, path] of [
        ['switch', 'other'],
        ['back', 'main'],
      ] as const) {
        await network.cue(cue);
        for (const family of FAMILIES) {
          equal(await trace(network, family), expected(network, family, path));
        }
      }
    });
    await withNetwork('falls-silent', async (network) => {
      await network.cue('silence');
      equal(await trace(network, 'v4'), expected(network, 'v4').with(4, SILENT));
      await network.cue('speech');
      equal(await trace(network, 'v4'), expected(network, 'v4'));
    });
    const soon = {
      about: 'another second router after 300 ms',
      hops: [{}, {}],
      variants: { other: { 2: { v4: '10.70.9.2' } } },
      events: [{ atMs: 300, take: 'other' }],
    };
    await withNetwork(soon, async (network) => {
      equal(await trace(network, 'v4'), expected(network, 'v4'));
      await sleep(400);
      equal(await trace(network, 'v4'), expected(network, 'v4', 'other'));
    });
  });

  s.testIf(missing, 'answers twice and out of order', async () => {
    await withNetwork('copies-and-disorder', async (network) => {
      const args = ['-n', '-c', '12', '-i', '0.01', '-W', '0.2', network.host.v4];
      const text = (await namespace.exec('ping', args)).stdout;
      const order = [...text.matchAll(/icmp_seq=(\d+) .*ms$/gm)].map((one) => Number(one[1]));
      match(text, /DUP!/);
      ok(
        order.some((seq, i) => i > 0 && seq < (order[i - 1] ?? 0)),
        text,
      );
      await run(network.host.v4, '-I -f 2 -m 2');
      await sleep(20);
      const log = await network.log();
      equal(
        log.filter(({ hop }) => hop === 2).map(({ marks }) => marks),
        [[], ['copied']],
      );
    });
  });

  s.testIf(missing, 'says where the path takes no more than so many bytes', async () => {
    await withNetwork('mtu', async (network) => {
      for (const family of FAMILIES) {
        const text = await run(network.host[family], '--mtu');
        match(text, /^ 6 .*F=1400/m);
        ok((await network.log()).some((one) => one.action === 'tooBig' && one.hop === 5));
      }
    });
  });

  s.testIf(
    missing,
    'tells open, closed and filtered ports apart behind a filter of echoes',
    async () => {
      await withNetwork('echo-filter', async (network) => {
        for (const family of FAMILIES) {
          const hops = await trace(network, family, '-I -m 5');
          equal(hops, [...expected(network, family).slice(0, 3), SILENT, SILENT]);
          equal(await trace(network, family, '-T -p 80'), expected(network, family));
          const last = (port: number) =>
            run(network.host[family], `-T -O info -p ${port} -f 7 -m 7`);
          match(await last(80), /<syn,ack/);
          match(await last(443), /<rst,ack/);
          match(await last(25), /^ 7 {2}\*$/m);
          match(await last(8080), /!X/);
        }
      });
    },
  );

  s.testIf(missing ?? requireLab('nft'), 'answers a second SYN only with a challenge', async () => {
    const rules = (text: string) => namespace.run('nft', ['-f', '-'], { input: text });
    const noResets = `table inet quiet {
      chain output { type filter hook output priority 0; tcp flags & rst == rst drop; }
    }`;
    const scenario = { about: 'TCP is open', hops: [{ delayMs: 5 }], host: { tcp: 'open' } };
    await withNetwork(scenario, async (network) => {
      for (const family of FAMILIES) {
        const syn = async () => {
          const text = await run(network.host[family], '-T -O info --sport=40001 -f 2 -m 2');
          return /<[a-z,]*/.exec(text)?.[0];
        };
        await rules(noResets);
        match((await syn()) ?? '', '<syn,ack');
        is((await network.counters()).challenged, family === 'v4' ? 0 : 2);
        await syn();
        await rules('flush ruleset');
        await syn(); // another challenge, which the kernel answers with a reset
        is((await network.counters()).challenged, family === 'v4' ? 2 : 4);
        match((await syn()) ?? '', '<syn,ack');
      }
    });
  });

  s.testIf(missing ?? requireLab('scamper'), 'is what scamper finds, by Paris ICMP', async () => {
    await withNetwork('chain', async (network) => {
      for (const family of FAMILIES) {
        const command = 'trace -P icmp-paris -q 1 -w 1';
        const args = ['-p', '1000', '-c', command, '-i', network.host[family]];
        equal(
          parseTraceroute(await namespace.run('scamper', args)).map(([one]) => one),
          expected(network, family),
        );
      }
    });
  });

  s.testIf(missing ?? requireLab('mtr'), 'is what mtr finds', async () => {
    await withNetwork('chain', async (network) => {
      const args = ['-C', '-n', '-c', '1', '-G', '0.2', '-Z', '1', '-i', '0.1', network.host.v4];
      const lines = (await namespace.run('mtr', args)).trim().split('\n').slice(1);
      equal(
        lines.map((line) => line.split(',')[5]),
        expected(network, 'v4'),
      );
    });
  });

  s.test('names the place of what is wrong in a scenario', () => {
    throws(() => parseScenario({ about: 'x', hops: [{ dellayMs: 1 }] }), /hops\.0/);
    throws(() => parseScenario({ about: 'x', hops: [{ loss: 2 }] }), /hops\.0\.loss/);
  });

  s.testIf(missing, 'refuses a line that it does not understand, with the reason', async () => {
    await withNetwork('chain', async (network) => {
      for (const [line, reason] of [
        ['hop main 11 delay 1ms', /not a number from 1 to 9/],
        ['hop main 1 v4 fd70::1', /of the other family/],
        ['route 10.0.0.0/8 nowhere', /there is no path 'nowhere'/],
        ['at 1s hop main 1 loss 2', /not a probability/],
      ] as const) {
        let told = '';
        await network.command(line).catch((error: unknown) => {
          told = String(error);
        });
        match(told, reason);
      }
    });
  });
});

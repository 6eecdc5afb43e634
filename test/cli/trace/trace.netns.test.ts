// `flint trace --json` through a chain of eight routers, which are kernels.
import { equal, is, match, ok } from 'uvu/assert';
import { FAMILIES, type Family } from '../../../src/core/round.ts';
import { suite } from '../../helper.ts';
import { type Chain, type Namespace, openChain, requireLab } from '../../lab/net.ts';
import { parseTraceroute } from '../../lab/traceroute.ts';
import { flint } from '../flint.ts';
import { ipsOf, trace } from '../trace-output.ts';

const HOP_KEYS = [
  ...['type', 'host', 'family', 'protocol', 'ttl', 'ip', 'mpls', 'sent', 'received'],
  ...['lossPercent', 'lossKind', 'rttNs'],
];
const RTT_KEYS = ['last', 'avg', 'best', 'worst', 'stdev', 'jitter'];
const PATH_KEYS = ['type', 'host', 'family', 'protocol', 'reached', 'hops', 'hash'];
const OUTPUT_DROP = 'table inet t { chain o { type filter hook output priority 0; PROTO drop\n}\n}';

const missing = requireLab();
let chain: Chain;

function target(family: Family): string {
  return chain.targets[family][0] ?? '';
}

/** In the order in which they were made. */
async function devicesOf(place: Namespace): Promise<string[]> {
  const text = await place.run('ip', ['-o', 'address', 'show', 'scope', 'global']);
  return text.split('\n').flatMap((line) => /^\d+: (\S+)/.exec(line)?.[1] ?? []);
}

async function block(rule: string | null): Promise<void> {
  const rules = rule === null ? '' : OUTPUT_DROP.replace('PROTO', rule);
  await chain.prober.run('nft', ['-f', '-'], { input: `flush ruleset\n${rules}\n` });
}

suite('flint trace', (s) => {
  s.before(async () => {
    if (missing === null) chain = await openChain({ routers: 8 });
  });
  s.after(async () => {
    if (missing === null) await chain.close();
  });

  for (const protocol of ['icmp', 'udp', 'tcp'] as const) {
    s.testIf(missing, `${protocol}: the hops of both families in order, as promised`, async () => {
      const { code, hops, paths, types, stderr } = await trace(
        chain.prober,
        `--protocol ${protocol} ${target('v4')} ${target('v6')}`,
      );

      equal([code, stderr], [0, '']);
      const one = [...Array.from({ length: 9 }, () => 'hop'), 'path'];
      equal(types, [...one, ...one]);
      for (const [i, family] of FAMILIES.entries()) {
        const lines = hops.slice(9 * i, 9 * i + 9);
        equal(
          lines.map(({ ip }) => ip),
          chain.path[family],
        );
        equal(
          lines.map(({ ttl }) => ttl),
          [1, 2, 3, 4, 5, 6, 7, 8, 9],
        );
        for (const line of lines) {
          equal(Object.keys(line).slice(0, HOP_KEYS.length), HOP_KEYS);
          equal([line.host, line.family, line.protocol], [target(family), family, protocol]);
          equal([line.sent, line.received, line.lossPercent, line.lossKind], [3, 3, 0, 'none']);
          equal([Object.keys(line.rttNs ?? {}), line.mpls], [RTT_KEYS, []]);
          ok((line.rttNs?.best ?? 0) > 0 && (line.rttNs?.worst ?? 1e9) < 50e6);
        }
        const path = paths[i];
        equal(Object.keys(path ?? {}).slice(0, PATH_KEYS.length), PATH_KEYS);
        equal([path?.reached, path?.end, path?.family], [true, 'target', family]);
        equal(
          path?.hops,
          chain.path[family].map((ip, k) => ({ ttl: k + 1, ip })),
        );
        match(path?.hash ?? '', /^[0-9a-f]{16}$/);
      }
    });
  }

  s.testIf(missing, 'TCP: open, closed and dropped ports, and no loss that is none', async () => {
    const listener = await chain.openPort(80);
    await chain.filterPort(81);
    for (const family of FAMILIES) {
      for (const [port, kind, count] of [
        [80, 'syn-ack', 6],
        [443, 'rst', 6],
      ] as const) {
        const words = `--protocol tcp --port ${port} -c ${count} ${target(family)}`;
        const found = await trace(chain.prober, words);

        equal(ipsOf(found), chain.path[family], words);
        const last = found.hops.at(-1);
        equal([last?.kind, last?.sent, last?.received], [kind, count, count], words);
      }
    }
    const dropped = await trace(chain.prober, `--protocol tcp --port 81 -W 300ms ${target('v4')}`);
    await listener.stop();
    await chain.filterPort(81, false);

    equal([dropped.code, dropped.paths[0]?.reached, dropped.paths[0]?.end], [1, false, 'silence']);
    equal(ipsOf(dropped), chain.path.v4.slice(0, 8));
  });

  s.testIf(
    missing,
    'TCP and UDP pass a filter that drops echo requests, ICMP does not',
    async () => {
      await chain.filterEcho({ ttl: 5 });
      for (const family of FAMILIES) {
        for (const protocol of ['udp', 'tcp']) {
          const found = await trace(chain.prober, `--protocol ${protocol} ${target(family)}`);
          equal([ipsOf(found), found.code], [chain.path[family], 0]);
        }
      }
      const icmp = await trace(chain.prober, `-W 300ms ${target('v4')}`);
      await chain.filterEcho({ ttl: 5 }, false);

      equal([ipsOf(icmp), icmp.code], [chain.path.v4.slice(0, 5), 1]);
      is(icmp.hops.at(-1)?.lossKind, 'none');
    },
  );

  s.testIf(missing, 'begins and ends where it is told', async () => {
    const part = await trace(chain.prober, `--first 3 --max 6 ${target('v4')}`);

    equal(
      part.hops.map(({ ttl, ip }) => [ttl, ip]),
      [3, 4, 5, 6].map((ttl) => [ttl, chain.path.v4[ttl - 1]]),
    );
    equal([part.code, part.paths[0]?.end], [1, 'max-ttl']);
    const wide = await trace(chain.prober, `--max 255 --silent 64 --first 9 ${target('v6')}`);
    equal([ipsOf(wide), wide.code], [[target('v6')], 0]);
    const wrong = await trace(chain.prober, `--first 9 --max 8 ${target('v4')}`);
    equal(wrong.code, 2);
    match(wrong.stderr, /option --first: expected at most --max 8, got 9/);
  });

  s.testIf(missing, 'a target that is near: itself, loopback, the gateway', async () => {
    const [gateway = ''] = chain.path.v4;
    for (const protocol of ['icmp', 'udp', 'tcp']) {
      const near = `127.0.0.1 ::1 10.80.0.1 fd80::1 ${gateway} ${chain.path.v6[0]}`;
      const found = await trace(chain.prober, `--protocol ${protocol} -W 500ms ${near}`);

      equal([found.code, found.hops.length], [0, 6], protocol);
      for (const { ip, host, ttl, received } of found.hops) {
        equal([ip, ttl, received], [host, 1, 3], `${protocol} ${host}`);
      }
    }
  });

  s.testIf(missing, 'a link-local target, with its zone', async () => {
    const [device = ''] = await devicesOf(chain.prober);
    const [router] = chain.routers[0] ?? [];
    if (router === undefined) throw new Error('the chain has no router');
    const [near = ''] = await devicesOf(router);
    await chain.prober.ip(`address add fe80::11/64 dev ${device} nodad`);
    await router.ip(`address add fe80::22/64 dev ${near} nodad`);

    for (const protocol of ['icmp', 'udp', 'tcp']) {
      const words = `--protocol ${protocol} -W 500ms --mtu fe80::22%${device}`;
      const found = await trace(chain.prober, words);

      equal([found.code, ipsOf(found), found.paths[0]?.mtu], [0, ['fe80::22'], 1500], words);
    }
  });

  s.testIf(missing, 'hosts that have one address do not disturb each other', async () => {
    const listener = await chain.openPort(80);
    const found = await trace(
      chain.prober,
      `--protocol tcp ${target('v4')} ${target('v4')} ${target('v4')}`,
    );
    await listener.stop();

    equal([found.code, found.paths.length], [0, 3]);
    equal(ipsOf(found), [...chain.path.v4, ...chain.path.v4, ...chain.path.v4]);
    ok(found.hops.every(({ received }) => received === 3));
  });

  s.testIf(missing, 'says why nothing was sent, and goes on with other hosts', async () => {
    await block('ip protocol udp');
    const words = `--protocol udp ${target('v4')} 198.51.100.7 ${target('v6')} nix.invalid`;
    const found = await trace(chain.prober, words, { timeoutMs: 15_000 });
    await block(null);

    is(found.code, 1);
    const reasons = new Map(found.errors.map(({ host, reason }) => [host, reason]));
    match(reasons.get(target('v4')) ?? '', /blocked by a filter on this machine \(EPERM\)/);
    match(reasons.get('198.51.100.7') ?? '', /no route \(ENETUNREACH\)/);
    match(reasons.get('nix.invalid') ?? '', /IPv4: .*; IPv6: /);
    is(found.paths.find(({ host }) => host === target('v4'))?.end, 'refused');
    is(found.paths.find(({ host }) => host === target('v6'))?.reached, true);
  });

  s.testIf(missing, 'a blocked echo and a missing route end it at once', async () => {
    await block('icmp type echo-request');
    const blocked = await trace(chain.prober, target('v4'));
    await block(null);
    const routeless = await trace(chain.prober, '198.51.100.7 2001:db8::7');

    equal([blocked.code, blocked.paths[0]?.end], [1, 'refused']);
    equal(
      blocked.hops.map(({ ip, sent, lossPercent }) => [ip, sent, lossPercent]),
      [[null, 0, null]],
    );
    equal(routeless.errors.length, 2);
    is(routeless.code, 1);
  });

  const noTraceroute = requireLab('traceroute');

  s.testIf(noTraceroute, 'sees what traceroute sees', async () => {
    for (const family of FAMILIES) {
      const words = ['-n', '-q', '1', '-w', '1', target(family)];
      const theirs = parseTraceroute(await chain.prober.run('traceroute', words));
      const ours = await trace(chain.prober, `--protocol udp ${target(family)}`);

      equal(
        ipsOf(ours),
        theirs.map(([ip]) => ip),
      );
    }
  });

  const noScamper = requireLab('scamper');

  s.testIf(noScamper, 'sees what scamper sees', async () => {
    const words = ['-I', `trace -P udp-paris ${target('v4')}`];
    const theirs = await chain.prober.run('scamper', words);
    const ours = await trace(chain.prober, `--protocol udp ${target('v4')}`);

    const ips = theirs.split('\n').flatMap((line) => /^\s*\d+ +([\d.]+) /.exec(line)?.[1] ?? []);
    equal(ipsOf(ours), ips);
  });

  s.testIf(missing, 'as text: a table, and what --help promises', async () => {
    const text = await flint(chain.prober, `trace -c 1 --mtu ${target('v4')}`);
    const help = await flint(chain.prober, 'trace --help');

    const lines = text.stdout.trimEnd().split('\n');
    match(lines[0] ?? '', /^\S+ icmp +Loss% +Snt +Last +Avg +Best +Wrst +StDev$/);
    equal(lines.length, 11);
    match(lines[10] ?? '', 'path MTU 1500 bytes');
    for (const option of [
      '--flows',
      '--mtu',
      '--names',
      '--no-pace',
      '--protocol',
      '-c, --count',
    ]) {
      match(help.stdout, option);
    }
  });
});

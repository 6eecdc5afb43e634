// Many paths at once, beside the tools that trace them (README.md, paths).

import type { Namespace } from '../test/lab/net.ts';
import { type Chain, openStar } from '../test/lab/net.ts';
import { MAIN } from './daemon.ts';
import { missingOf, openChild, requireLab, runTimed } from './inside.ts';
import type { PathsOptions, PathsResult } from './paths-child.ts';
import { absent, judge, type Length, type Row, type RunOptions } from './row.ts';
import { median } from './statistics.ts';
import { figure } from './table.ts';

export const name = 'paths';
export const goal = '100 paths of 9 hops, 3 probes each, faster than traceroute and scamper';

const TARGETS = 100;
const HOPS = 9;
const PROBES = 3;
const TIMEOUT_MS = 120_000;
const SCAMPER_PACKETS_PER_SECOND = 10_000;
const MTR_SHARE = 10;
/** The first rounds warm V8's compiler and the caches of all. */
const ROUNDS: Record<Length, { warm: number; measured: number }> = {
  quick: { warm: 1, measured: 1 },
  normal: { warm: 2, measured: 7 },
  long: { warm: 2, measured: 25 },
};

/** What tracing all targets once cost, and what it found. */
interface Tracing {
  seconds: number;
  cpuSeconds: number;
  /** Sent by the machine meanwhile. */
  packets: number;
  /** Paths with every hop in its place. */
  whole: number;
}

interface Contestant {
  key: string;
  ask: () => Promise<Omit<Tracing, 'packets'>>;
}

export async function run(options: RunOptions): Promise<Row[]> {
  const missing = requireLab();
  if (missing !== null) return [absent(goal, 'faster than both', missing)];
  const star = await openStar({ targets: TARGETS, hops: HOPS, families: ['v4'] });
  try {
    return await compare(star, options);
  } finally {
    await star.close();
  }
}

async function compare(star: Chain, { length, say }: RunOptions): Promise<Row[]> {
  const targets = star.targets.v4;
  const asked: PathsOptions = { targets, probes: PROBES };
  const child = await openChild<PathsResult>(star.prober, 'paths-child.ts', asked);
  const engine: Contestant = {
    key: 'flint',
    ask: async () => {
      const { milliseconds, cpuSeconds, paths } = await child.ask('go', TIMEOUT_MS);
      const whole = paths.filter((path, i) => isWhole(star, i, path)).length;
      return { seconds: milliseconds / 1000, cpuSeconds, whole };
    },
  };
  const { warm, measured } = ROUNDS[length];
  const contestants = [engine, ...peers(star)];
  const results = new Map<string, Tracing[]>(contestants.map(({ key }) => [key, []]));
  for (let round = 0; round < warm + measured; round++) {
    say(`paths: round ${round + 1} of ${warm + measured}`);
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const { key, ask } of order) {
      const before = await sentPackets(star.prober);
      const tracing = await ask();
      const packets = (await sentPackets(star.prober)) - before;
      if (round >= warm) results.get(key)?.push({ ...tracing, packets });
    }
  }
  await child.close();
  say(`paths: mtr, ${MTR_SHARE} at once`);
  return toRows(results, await traceByMtr(star));
}

function peers(star: Chain): Contestant[] {
  const targets = star.targets.v4;
  const near = star.prober;
  const command = { key: 'flint trace', words: [process.execPath, MAIN, 'trace', '--no-pace'] };
  const all: { key: string; needs: string; words: readonly string[] }[] = [
    { ...command, needs: 'node', words: [...command.words, '--json', '-4', ...targets] },
    {
      key: 'traceroute',
      needs: 'traceroute',
      words: ['sh', '-c', `for t; do traceroute -n -q ${PROBES} "$t"; done`, 'sh', ...targets],
    },
    { key: 'scamper', needs: 'scamper', words: scamperWords(targets) },
  ];
  return all
    .filter(({ needs }) => missingOf('bash', needs).length === 0)
    .map(({ key, words }) => ({
      key,
      ask: async () => {
        const timed = await runTimed(near, words, { timeoutMs: TIMEOUT_MS });
        const paths = key === 'flint trace' ? readJson(timed.stdout) : readText(timed.stdout);
        const whole = targets.filter((target, i) => isWhole(star, i, paths.get(target) ?? []));
        return { seconds: timed.seconds, cpuSeconds: timed.cpuSeconds, whole: whole.length };
      },
    }));
}

function scamperWords(targets: readonly string[]): string[] {
  const trace = `trace -P icmp-paris -q ${PROBES} -Q`;
  const pace = ['-p', String(SCAMPER_PACKETS_PER_SECOND), '-w', String(TARGETS)];
  return ['scamper', ...pace, '-c', trace, '-i', ...targets];
}

/** Its interval and grace are what it takes; so few at once are no load. */
async function traceByMtr(star: Chain): Promise<Tracing | null> {
  if (missingOf('mtr', 'bash').length > 0) return null;
  const targets = star.targets.v4.slice(0, MTR_SHARE);
  const script = `for t; do mtr -C -n -c ${PROBES} "$t" & done; wait`;
  const before = await sentPackets(star.prober);
  const words = ['sh', '-c', script, 'sh', ...targets];
  const { stdout, seconds, cpuSeconds } = await runTimed(star.prober, words, {
    timeoutMs: TIMEOUT_MS,
  });
  const packets = (await sentPackets(star.prober)) - before;
  const whole = targets.filter((target, i) => {
    const lines = stdout.split('\n').map((line) => line.split(','));
    const hops = lines.filter((fields) => fields[3] === target).map((fields) => fields[5] ?? null);
    return isWhole(star, i, hops);
  });
  return { seconds, cpuSeconds, packets, whole: whole.length };
}

async function sentPackets(near: Namespace): Promise<number> {
  const { stdout } = await near.exec('cat', ['/proc/net/snmp']);
  const [names = '', values = ''] = stdout.split('\n').filter((line) => line.startsWith('Ip:'));
  return Number(values.split(' ')[names.split(' ').indexOf('OutRequests')]);
}

function isWhole(star: Chain, index: number, path: readonly (string | null)[]): boolean {
  const hops = [...star.path.v4.slice(0, HOPS - 1), star.targets.v4[index]];
  return path.length === hops.length && path.every((ip, i) => ip === hops[i]);
}

/** From what traceroute and scamper print: a heading that ends the address, then hop by hop. */
function readText(text: string): Map<string, (string | null)[]> {
  const paths = new Map<string, (string | null)[]>();
  let path: (string | null)[] = [];
  for (const line of text.split('\n')) {
    const target = /^traceroute (?:from \S+ )?to (\S+)/.exec(line)?.[1];
    if (target !== undefined) {
      path = [];
      paths.set(target, path);
      continue;
    }
    const [, ttl, ip] = /^\s*(\d+)\s+(\S+)/.exec(line) ?? [];
    if (ttl !== undefined) path[Number(ttl) - 1] ??= ip === '*' ? null : (ip ?? null);
  }
  return paths;
}

function readJson(text: string): Map<string, (string | null)[]> {
  const lines = text.split('\n').filter((line) => line.includes('"type":"path"'));
  return new Map(
    lines.map((line) => {
      const { host, hops } = JSON.parse(line) as { host: string; hops: { ip: string | null }[] };
      return [host, hops.map(({ ip }) => ip)];
    }),
  );
}

function toRows(results: ReadonlyMap<string, readonly Tracing[]>, mtr: Tracing | null): Row[] {
  const seconds = (key: string): number => median((results.get(key) ?? []).map((r) => r.seconds));
  const own = results.get('flint') ?? [];
  const rivals = ['traceroute', 'scamper'].filter((key) => (results.get(key) ?? []).length > 0);
  const isWholeAlways = own.every(({ whole }) => whole === TARGETS);
  const isFaster = rivals.every((key) => seconds('flint') < seconds(key));
  const ofRivals = ['flint trace', ...rivals].flatMap((key) => {
    const list = results.get(key) ?? [];
    return list.length === 0 ? [] : [`${LABELS[key] ?? key} ${tracingText(list, TARGETS)}`];
  });
  const ofMtr =
    mtr === null ? [] : [`mtr -c 3, ${MTR_SHARE} paths ${tracingText([mtr], MTR_SHARE)}`];
  const absentPeers = ['traceroute', 'scamper'].filter((key) => !rivals.includes(key));
  const notThere = absentPeers.map((key) => `${key} is not installed`);
  return [
    {
      what: `${TARGETS} paths of ${HOPS} hops, ${PROBES} probes each, no budget`,
      goal: 'faster than traceroute one by one and scamper -p 10000, all hops found',
      flint: tracingText(own, TARGETS),
      peers: [...ofRivals, ...ofMtr, ...notThere].join('; '),
      verdict: rivals.length < 2 ? 'info' : judge(isFaster && isWholeAlways),
      figures: { ...Object.fromEntries(results), mtr },
    },
  ];
}

const LABELS: Readonly<Record<string, string>> = {
  'flint trace': 'flint trace with its start',
  traceroute: 'traceroute one by one',
  scamper: 'scamper -q 3 -p 10000',
};

function tracingText(list: readonly Tracing[], targets: number): string {
  const of = (key: keyof Tracing): number => median(list.map((one) => one[key]));
  const least = Math.min(...list.map(({ whole }) => whole));
  const time = `${figure(of('seconds') * 1000)} ms`;
  const cost = `${figure(of('packets'))} packets, CPU ${figure(of('cpuSeconds') * 1000)} ms`;
  return `${time}, ${cost}, ${least} of ${targets} whole`;
}

import * as assert from 'uvu/assert';
import { createMda, MDA_ALPHA, type MdaOptions, type MdaReport } from '../../src/core/mda.ts';
import { createRandom } from '../fake/random.ts';
import { suite } from '../helper.ts';

/** Successors with their shares; who has none is the target. */
type Topology = Readonly<Record<string, readonly (readonly [string, number])[]>>;

const OPTIONS: MdaOptions = {
  firstTtl: 1,
  maxTtl: 30,
  horizonTtl: null,
  flowsMax: 512,
  probesMax: 10_000,
  alpha: MDA_ALPHA,
  attemptsMax: 3,
  silentTtlsMax: 3,
};
const CHAIN = chain(['a', 'b', 'c', 'd', 'e', 'f', 'g', 't']);
const NESTED: Topology = {
  source: even(['r']),
  r: even(['a', 'b']),
  a: even(['a0', 'a1']),
  b: even(['b0', 'b1']),
  a0: even(['m']),
  a1: even(['m']),
  b0: even(['m']),
  b1: even(['m']),
  m: even(['t']),
};
const TWO: Topology = {
  source: even(['r']),
  ...diamond('r', names('p', 4), 'm'),
  ...diamond('m', names('q', 4), 'n'),
  n: even(['t']),
};
const UNEQUAL: Topology = {
  source: even(['r']),
  r: even(['a', 'b']),
  a: even(['t']),
  b: even(['c']),
  c: even(['t']),
};

suite('core/mda', ({ test }) => {
  test('a plain path takes six flows a hop and nothing more', () => {
    const { report, batches } = trace(CHAIN, { seed: 1 });

    assert.is(report.sent, 6 * 8);
    assert.is(batches, 8);
    assert.equal(
      report.nodes.map(({ ip }) => ip),
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 't'],
    );
    assert.is(report.isComplete, true);
    assert.is(report.nodeMissMax, 1 / 32);
  });

  test('when the length is known all hops are asked at once', () => {
    const { report, batches } = trace(CHAIN, { seed: 1, options: { horizonTtl: 8 } });

    assert.equal([report.sent, batches], [48, 1]);
  });

  test('what another trace has found is not asked again', () => {
    const mda = createMda({ ...OPTIONS, horizonTtl: 8 });
    for (let ttl = 1; ttl <= 8; ttl++) mda.record({ ttl, flow: 0, ...walk(CHAIN, 1, 0, ttl) });

    assert.is(mda.next(1000).length, 40);
  });

  test('the same answers lead to the same questions', () => {
    const [first, second] = [trace(NESTED, { seed: 7 }), trace(NESTED, { seed: 7 })];

    assert.equal(first.asked, second.asked);
  });

  test('nothing is asked twice that was answered, nor beyond the target', () => {
    const { asked } = trace(TWO, { seed: 3 });

    assert.is(new Set(asked).size, asked.length);
    assert.is(
      asked.some((probe) => probe.startsWith('7 ')),
      false,
    );
  });

  const whole: [string, Topology, { runs: number; probesMax: number }][] = [
    ['of 2', single(2), { runs: 200, probesMax: 60 }],
    ['of 4', single(4), { runs: 200, probesMax: 100 }],
    ['of 16', single(16), { runs: 60, probesMax: 360 }],
    ['in a diamond', NESTED, { runs: 100, probesMax: 130 }],
    ['after another', TWO, { runs: 100, probesMax: 170 }],
    ['with arms of unequal length', UNEQUAL, { runs: 100, probesMax: 60 }],
  ];
  for (const [title, topology, { runs, probesMax }] of whole) {
    for (const loss of [0, 0.05]) {
      test(`finds a diamond ${title} whole, ${loss * 100} % of probes lost`, () => {
        let found = 0;
        let sent = 0;
        for (let seed = 1; seed <= runs; seed++) {
          const { report } = trace(topology, { seed, loss });
          if (isWhole(report, topology)) found++;
          sent += report.sent;
        }
        // 95 % is the promise for every node; the chance of fewer than 93 % by luck is small.
        assert.ok(found / runs >= 0.93, `${found} of ${runs}`);
        assert.ok(sent / runs <= probesMax * (1 + 2 * loss), `${sent / runs} probes`);
      });
    }
  }

  test('an uneven split is found as often as its shares allow', () => {
    const topology: Topology = {
      source: even(['r']),
      r: [
        ['a', 0.7],
        ['b', 0.3],
      ],
      a: even(['t']),
      b: even(['t']),
    };
    let found = 0;
    for (let seed = 1; seed <= 400; seed++) {
      if (isWhole(trace(topology, { seed }).report, topology)) found++;
    }

    // 1 − 0.7^6 − 0.3^6 = 88 %, four standard errors are 6.5 %.
    assert.ok(Math.abs(found / 400 - 0.8817) < 0.065, `${found} of 400`);
  });

  test('a silent router is one node among the others', () => {
    const topology = single(2);
    const { report } = trace(topology, { seed: 2, silent: ['d1'] });
    const third = report.nodes.filter(({ ttl }) => ttl === 3).map(({ ip }) => ip);

    assert.equal(new Set(third), new Set(['d0', null]));
    assert.is(report.links.filter(({ to }) => to === 'm').length, 2);
  });

  test('one lost flow makes no silent router', () => {
    const mda = createMda({ ...OPTIONS, attemptsMax: 1 });
    for (const { ttl, flow } of mda.next(100)) {
      mda.record({ ttl, flow, ip: flow === 3 ? null : 'a', ends: false });
    }

    assert.equal(
      mda.report().nodes.map(({ ip, flows }) => [ip, flows]),
      [['a', 5]],
    );
  });

  test('a search into silence ends', () => {
    const { report } = trace(CHAIN, { seed: 1, silent: ['d', 'e', 'f', 'g', 't'] });

    assert.equal(
      report.nodes.map(({ ip }) => ip),
      ['a', 'b', 'c', null, null, null],
    );
  });

  test('of a node that nobody is known to lead to, the flow that found it is asked', () => {
    const mda = createMda(OPTIONS);
    for (let flow = 0; flow < 12; flow++) {
      const ip = flow % 2 === 0 ? 'a' : 'b';
      mda.record({ ttl: 1, flow, ip, ends: false });
      mda.record({ ttl: 2, flow, ip: `${ip}0`, ends: false });
    }
    mda.record({ ttl: 2, flow: 99, ip: 'new', ends: false });

    const asked = mda.next(1000).map(({ ttl, flow }) => `${ttl} ${flow}`);
    assert.ok(asked.includes('1 99'), asked.join(', '));
  });

  test('with too few flows it ends, and says that it is not complete', () => {
    const { report } = trace(single(16), { seed: 1, options: { flowsMax: 20 } });

    assert.is(report.isComplete, false);
    assert.ok(report.nodeMissMax > 0.5);
    assert.ok(report.pathMissMax >= report.nodeMissMax);
  });

  test('it never sends more probes than it may', () => {
    const { report } = trace(single(16), { seed: 1, options: { probesMax: 100 } });

    assert.is(report.sent, 100);
    assert.is(report.isComplete, false);
  });

  test('next gives no more than asked for', () => {
    assert.is(createMda(OPTIONS).next(4).length, 4);
    assert.is(createMda(OPTIONS).next(0).length, 0);
  });
});

interface Setting {
  seed: number;
  loss?: number;
  silent?: readonly string[];
  options?: Partial<MdaOptions>;
}

function trace(topology: Topology, { seed, loss = 0, silent = [], options = {} }: Setting) {
  const mda = createMda({ ...OPTIONS, ...options });
  const random = createRandom(seed);
  const asked: string[] = [];
  let batches = 0;
  for (; !mda.isDone() && batches < 2000; batches++) {
    const probes = mda.next(64);
    assert.ok(probes.length > 0, 'it waits for nothing');
    for (const { ttl, flow, attempt } of probes) {
      asked.push(`${ttl} ${flow} ${attempt}`);
      const { ip, ends } = walk(topology, seed, flow, ttl);
      const isLost = silent.includes(ip) || random.chance(loss);
      mda.record({ ttl, flow, ip: isLost ? null : ip, ends });
    }
  }
  return { report: mda.report(), asked, batches };
}

/** Where a flow is after `ttl` hops: each node chooses by a hash of its name and the flow. */
function walk(topology: Topology, seed: number, flow: number, ttl: number) {
  let at = 'source';
  for (let hop = 0; hop < ttl; hop++) {
    const next = topology[at];
    if (next === undefined) break;
    at = choose(next, createRandom(hash(`${seed} ${at} ${flow}`)).unit());
  }
  return { ip: at, ends: topology[at] === undefined };
}

function choose(next: readonly (readonly [string, number])[], share: number): string {
  let sum = 0;
  for (const [name, part] of next) {
    sum += part;
    if (share < sum) return name;
  }
  return next[0]?.[0] ?? '';
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const letter of text) value = Math.imul(value ^ letter.charCodeAt(0), 0x01000193);
  return value >>> 0;
}

/** All nodes and all links, and none besides. */
function isWhole({ nodes, links }: MdaReport, topology: Topology): boolean {
  const wanted = Object.entries(topology).flatMap(([from, next]) =>
    next.map(([to]) => `${from} ${to}`),
  );
  const first = nodes.filter(({ ttl }) => ttl === 1).map(({ ip }) => `source ${ip}`);
  const found = new Set([...first, ...links.map(({ from, to }) => `${from} ${to}`)]);
  return found.size === wanted.length && wanted.every((link) => found.has(link));
}

function even(list: readonly string[]): [string, number][] {
  return list.map((name) => [name, 1 / list.length]);
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

function chain(list: readonly string[]): Topology {
  const before = ['source', ...list];
  return Object.fromEntries(list.map((name, i) => [before[i], even([name])]));
}

function diamond(from: string, arms: readonly string[], to: string): Topology {
  return { [from]: even(arms), ...Object.fromEntries(arms.map((arm) => [arm, even([to])])) };
}

function single(width: number): Topology {
  return {
    source: even(['r1']),
    r1: even(['r2']),
    ...diamond('r2', names('d', width), 'm'),
    m: even(['t']),
  };
}

import { equal, is, ok } from 'uvu/assert';
import { stoppingPoint } from '../../src/core/mda-stop.ts';
import { FLOWS_MAX } from '../../src/engine/limits.ts';
import { type MultipathOptions, startMultipath } from '../../src/measure/trace-multipath.ts';
import { type FinishedTrace, startRun } from '../../src/measure/trace-run.ts';
import { createRandom } from '../fake/random.ts';
import { ANSWERS, type FakeAnswer, type FakeProbe, openFakeTracer } from '../fake/tracer.ts';
import { suite } from '../helper.ts';

const TARGET = '198.51.100.1';
const { expired, closedPort, refused } = ANSWERS;

/** Layers of routers, each flow on its own way through them, and the target behind. */
function layers(widths: readonly number[], seed: number) {
  const random = createRandom(seed);
  const ways = widths.map((width) => Array.from({ length: FLOWS_MAX }, () => random.below(width)));
  return ({ ttl, flow }: FakeProbe): FakeAnswer => {
    if (ttl > widths.length) return closedPort(TARGET);
    return expired(`192.0.${ttl}.${1 + (ways[ttl - 1]?.[flow] ?? 0)}`);
  };
}

async function find(
  network: (probe: FakeProbe) => FakeAnswer | null,
  part: Partial<MultipathOptions> = {},
) {
  const { tracer, run, asked } = openFakeTracer(network);
  const about = { tracer, trace: 0, family: 'v4', protocol: 'udp', target: TARGET } as const;
  const size = { payloadBytes: 32, silentMax: 6 };
  const ended: FinishedTrace[] = [];
  const run1 = { flow: 0, firstTtl: 1, maxTtl: 30, probes: 1, known: [] };
  startRun({ ...about, ...size, ...run1, onEnd: (trace) => ended.push(trace) });
  run();
  const [first] = ended;
  if (first === undefined) throw new Error('the trace did not end');
  const before = asked.length;
  const search = startMultipath({ ...about, ...size, first, flowsMax: FLOWS_MAX, ...part });
  const tookMs = run();
  let isDone = false;
  void search.done.then(() => {
    isDone = true;
  });
  await Promise.resolve();
  const report = search.report();
  const widths: number[] = [];
  for (const { ttl } of report.nodes) widths[ttl - 1] = (widths[ttl - 1] ?? 0) + 1;
  return { report, widths, isDone, tookMs, asked: asked.slice(before) };
}

suite('measure/trace-multipath', (s) => {
  for (const width of [4, 16]) {
    s.test(`finds all ${width} routers of a diamond in 19 of 20 runs and more`, async () => {
      let whole = 0;
      let complete = 0;
      for (let seed = 1; seed <= 20; seed++) {
        const { report, widths, isDone } = await find(layers([1, 1, width, 1, 1], seed));

        is(isDone, true);
        if (report.isComplete) complete++;
        if (widths[2] === width) whole++;
      }
      // 16 routers with six flows each sometimes take more than there are.
      ok(whole >= 19 && complete >= 17, `${whole} whole, ${complete} complete of 20`);
    });
  }

  s.test('a plain path takes what the rule asks for, less what is known', async () => {
    const { report, widths, asked, tookMs } = await find(layers([1, 1, 1, 1], 1));

    equal(widths, [1, 1, 1, 1, 1]);
    equal([report.isComplete, report.links.length], [true, 4]);
    // Flow 0 answered already; all hops at once.
    is(asked.length, 5 * (stoppingPoint(1, 0.05) - 1));
    is(report.sent, asked.length);
    ok(tookMs <= 5, `${tookMs} ms`);
    ok(report.nodeMissMax <= 0.05 && report.pathMissMax < 0.25);
  });

  s.test('nobody is asked for the same twice, and no more flows than allowed', async () => {
    const { asked, report } = await find(layers([1, 4, 4, 1], 3), { flowsMax: 24 });

    const keys = asked.map(({ ttl, flow }) => `${ttl} ${flow}`);
    is(new Set(keys).size, keys.length);
    ok(Math.max(...asked.map(({ flow }) => flow)) < 24);
    is(report.isComplete, false);
  });

  s.test('a flow whose way is longer than that of the first is followed', async () => {
    // Even flows pass one router less.
    const uneven = ({ ttl, flow }: FakeProbe): FakeAnswer => {
      if (ttl === 1) return expired('192.0.1.1');
      if (ttl === 2) return expired(flow % 2 === 0 ? '192.0.2.1' : '192.0.2.2');
      if (ttl === 3 && flow % 2 === 1) return expired('192.0.3.2');
      return closedPort(TARGET);
    };

    const { report } = await find(uneven);

    const seen = report.nodes.map(({ ttl, ip, ends }) => `${ttl} ${ip}${ends ? ' ends' : ''}`);
    ok(seen.includes('3 192.0.3.2') && seen.includes(`3 ${TARGET} ends`), seen.join());
    ok(seen.includes(`4 ${TARGET} ends`), seen.join());
  });

  s.test('lost probes are sent again, silent routers are nodes, and it ends', async () => {
    const plain = layers([1, 4, 1, 1], 5);
    const lossy = (probe: FakeProbe) =>
      probe.ttl === 4 || probe.number % 7 === 3 ? null : plain(probe);

    const { report, widths, isDone } = await find(lossy);

    is(isDone, true);
    equal(widths, [1, 4, 1, 1, 1]);
    is(report.nodes.find(({ ttl }) => ttl === 4)?.ip, null);
  });

  s.test('ends where the kernel refuses all', async () => {
    const { isDone } = await find(({ number }) => (number < 8 ? null : refused(1)));

    is(isDone, true);
  });
});

// The parts of `flint trace` that need no network: options, figures of hops, words.
import { equal, is, match, throws } from 'uvu/assert';
import { hopLines, pathLine } from '../../../src/cli/trace/lines.ts';
import { readTraceOptions } from '../../../src/cli/trace/options.ts';
import {
  addNodes,
  endCycle,
  newTracedPath,
  type TracedPath,
  takeHopAnswer,
} from '../../../src/cli/trace/path.ts';
import { diamondLines, lastWords } from '../../../src/cli/trace/words.ts';
import type { MdaReport } from '../../../src/core/mda.ts';
import type { HopAnswer, HopAnswerKind } from '../../../src/measure/trace-answer.ts';
import type { TraceEnd } from '../../../src/measure/trace-run.ts';
import { suite } from '../../helper.ts';

const TARGET = '198.51.100.1';
const GIVEN = {
  protocol: 'icmp',
  interval: 1000,
  first: 1,
  max: 30,
  silent: 6,
  timeout: 3000,
  size: 32,
  tos: 0,
  rate: 1000,
  pace: true,
};

function newPath(): TracedPath {
  const place = { host: 'target.test', ip: TARGET, family: 'v4', protocol: 'icmp', flow: 0 };
  return newTracedPath({ ...place, family: 'v4', protocol: 'icmp' });
}

function answer(ttl: number, ip: string | null, part: Partial<HopAnswer> = {}): HopAnswer {
  const kind: HopAnswerKind = ip === null ? 'lost' : ip === TARGET ? 'echo-reply' : 'time-exceeded';
  const times = { rttNs: ip === null ? null : ttl * 1e6, quality: null, sentMs: 0 };
  const rest = { info: 0x0b00, answerTtl: 60, mpls: [], mtu: null, distance: null };
  return { ttl, flow: 0, kind, ip, ...times, ...rest, ...part };
}

/** A cycle whose answers come in order; what is lost is told at its end. */
function cycle(path: TracedPath, number: number, ips: (string | null)[], end: TraceEnd): void {
  const answers = ips.map((ip, i) => answer(i + 1, ip));
  for (const one of answers) takeHopAnswer(path, one);
  const hops = answers.map((one) => ({ ttl: one.ttl, answers: [one] }));
  endCycle(path, { end, hops }, number);
}

function counts(path: TracedPath): string[] {
  return hopLines(path, undefined).map(({ ttl, ip, sent, received }) => {
    return `${ttl} ${ip} ${received}/${sent}`;
  });
}

function plain(lines: readonly string[]): string {
  return lines.join('\n').replaceAll('\u202f', ' ');
}

const REPORT: MdaReport = {
  nodes: [
    { ttl: 1, ip: '192.0.2.1', flows: 12, ends: false },
    { ttl: 2, ip: '192.0.2.2', flows: 9, ends: false },
    { ttl: 2, ip: '192.0.2.3', flows: 3, ends: false },
    { ttl: 3, ip: TARGET, flows: 12, ends: true },
  ],
  links: [
    { ttl: 1, from: '192.0.2.1', to: '192.0.2.2' },
    { ttl: 1, from: '192.0.2.1', to: '192.0.2.3' },
    { ttl: 2, from: '192.0.2.2', to: TARGET },
    { ttl: 2, from: '192.0.2.3', to: TARGET },
  ],
  sent: 42,
  isComplete: true,
  nodeMissMax: 0.03125,
  pathMissMax: 0.2,
};

suite('cli/trace/trace', (s) => {
  s.test('reads its options, and knows what does not go together', () => {
    const options = readTraceOptions({ ...GIVEN, json: true, count: 5, flows: 64 });

    equal([options.cycles, options.isLive, options.isJson, options.flows], [5, false, true, 64]);
    equal([options.packetsPerSecond, options.answersPerSecond], [1000, 50]);
    const free = readTraceOptions({ ...GIVEN, pace: false });
    equal([free.packetsPerSecond, free.answersPerSecond, free.flows], [null, null, null]);
    throws(
      () => readTraceOptions({ ...GIVEN, first: 9, max: 8 }),
      /option --first: expected at most --max 8, got 9/,
    );
  });

  s.test('counts what was lost at the end of a cycle, each answer once', () => {
    const path = newPath();

    cycle(path, 0, ['192.0.2.1', '192.0.2.2', TARGET], 'target');
    cycle(path, 1, ['192.0.2.1', null, TARGET], 'target');

    equal(counts(path), ['1 192.0.2.1 2/2', '2 192.0.2.2 1/2', `3 ${TARGET} 2/2`]);
    equal(path.known, ['192.0.2.1', '192.0.2.2', TARGET]);
  });

  s.test('hops behind the target are gone at once, before the cycle ends', () => {
    const path = newPath();

    for (const ttl of [5, 4, 3]) takeHopAnswer(path, answer(ttl, TARGET));
    takeHopAnswer(path, answer(1, '192.0.2.1'));

    equal(counts(path), ['1 192.0.2.1 1/1', `3 ${TARGET} 1/1`]);
  });

  s.test('a cycle that came to nothing undoes nothing, and is counted', () => {
    const path = newPath();
    cycle(path, 0, ['192.0.2.1', '192.0.2.2', TARGET], 'target');

    cycle(path, 1, ['192.0.2.1'], 'silence');

    equal([path.isReached, path.end, path.hops.length], [true, 'target', 3]);
    cycle(path, 2, ['192.0.2.1', '192.0.2.1'], 'unreachable');
    equal([path.isReached, path.end, path.hops.length], [false, 'unreachable', 2]);
  });

  s.test('a cycle that began earlier and ends later does not say where the path ends', () => {
    const path = newPath();

    cycle(path, 1, ['192.0.2.1', TARGET], 'target');
    cycle(path, 0, ['192.0.2.1', '192.0.2.2', TARGET], 'target');

    is(path.lastCycle, 1);
    equal(path.known, ['192.0.2.1', TARGET]);
  });

  s.test('memory does not grow with time', () => {
    const path = newPath();

    for (let i = 0; i < 2000; i++) cycle(path, i, [`192.0.2.${i % 250}`, TARGET], 'target');

    const [first] = path.hops;
    equal([path.hops.length, first?.ips.length, first?.recent.length], [2, 64, 256]);
    is(first?.sum.sent, 2000);
  });

  s.test('lines have the keys that programs rely on, in their order', () => {
    const path = newPath();
    cycle(path, 0, ['192.0.2.1', TARGET], 'target');

    const lines = hopLines(path, undefined);
    const last = pathLine(path, lines, {});

    equal(Object.keys(lines[0] ?? {}).slice(0, 12), [
      ...['type', 'host', 'family', 'protocol', 'ttl', 'ip', 'mpls'],
      ...['sent', 'received', 'lossPercent', 'lossKind', 'rttNs'],
    ]);
    equal(Object.keys(last).slice(0, 7), [
      ...['type', 'host', 'family', 'protocol', 'reached', 'hops', 'hash'],
    ]);
    equal(last['hops'], [
      { ttl: 1, ip: '192.0.2.1' },
      { ttl: 2, ip: TARGET },
    ]);
    is('name' in (lines[0] ?? {}), false);
    is(hopLines(path, (ip) => `n-${ip}`)[0]?.name, 'n-192.0.2.1');
  });

  s.test('the diamond is told in shares and links, and how sure it is', () => {
    const path = newPath();
    cycle(path, 0, ['192.0.2.1', '192.0.2.2', TARGET], 'target');

    addNodes(path, REPORT);
    const text = plain(diamondLines(path));

    equal(hopLines(path, undefined)[1]?.others, ['192.0.2.3']);
    equal(pathLine(path, [], {})['multipath'], REPORT);
    match(text, ' 2. 192.0.2.2  75 %  from 192.0.2.1');
    match(text, ' 2. 192.0.2.3  25 %  from 192.0.2.1');
    match(text, ` 3. ${TARGET}  from 192.0.2.2, 192.0.2.3`);
    match(text, /42 more probes\n.* 3\.13 % of searches,\n.* 20 % /);
    match(text, 'try --protocol udp or tcp');
  });

  s.test('a search that was not finished says so', () => {
    const path = newPath();
    cycle(path, 0, ['192.0.2.1', '192.0.2.2', TARGET], 'target');

    addNodes(path, { ...REPORT, isComplete: false });

    match(plain(diamondLines(path)), /not enough: there may be more routers/);
    is(diamondLines(newPath()).length, 0);
  });

  for (const [end, text] of [
    ['target', ''],
    ['loop', 'runs in a circle'],
    ['silence', 'no answer from beyond'],
    ['max-ttl', 'beyond the highest TTL'],
    ['refused', 'the kernel took none'],
    ['unreachable', '192.0.2.1 says: host unreachable'],
  ] as const) {
    s.test(`the end of a path in words: ${end}`, () => {
      const path = newPath();
      const said = answer(1, '192.0.2.1', { kind: 'unreachable', info: 0x0301 });

      endCycle(path, { end, hops: [{ ttl: 1, answers: [said] }] }, 0);

      match(plain(lastWords(path, {})), text);
      is(lastWords(path, {}).length, text === '' ? 0 : 1);
    });
  }

  for (const [part, text] of [
    [{ mtu: 1500 }, 'path MTU 1500 bytes'],
    [{ mtu: 1400, told: 1400, ip: '192.0.2.5' }, 'path MTU 1400 bytes, says 192.0.2.5'],
    [{ mtu: 1400, isBlackHole: true }, 'path MTU 1400 bytes; larger packets vanish'],
    [{ mtu: 1420, refused: 90 }, 'path MTU 1420 bytes, as this machine sends no more'],
    [{ told: 1400, ip: '192.0.2.5' }, 'path MTU at most 1400 bytes, says 192.0.2.5'],
    [{ refused: 95 }, 'path MTU unknown: not supported by this transport'],
    [{}, 'path MTU unknown: the target does not answer'],
  ] as const) {
    s.test(`the MTU in words: ${text}`, () => {
      const none = { mtu: null, told: null, ip: null, isBlackHole: false, refused: null };

      match(lastWords(newPath(), { mtu: { ...none, ...part } }).join(), text);
    });
  }
});

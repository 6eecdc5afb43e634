import { equal, is, ok } from 'uvu/assert';
import type { PathProtocol } from '../../src/core/path.ts';
import { type FinishedTrace, type RunOptions, startRun } from '../../src/measure/trace-run.ts';
import {
  ANSWERS,
  type FakeAnswer,
  type FakeProbe,
  openFakeTracer,
  routerAt,
  TIMEOUT_MS,
} from '../fake/tracer.ts';
import { suite } from '../helper.ts';

const TARGET = '198.51.100.1';
const { expired, echo, synAck, rst, ack, closedPort, unreachable, refused } = ANSWERS;

type Network = (probe: FakeProbe) => FakeAnswer | null;

interface Traced extends FinishedTrace {
  /** Who answered at each TTL, each once; '*' for nobody. */
  path: string[];
  asked: FakeProbe[];
  tookMs: number;
  ends: number;
  heard: number;
}

/** A trace to its end, of one probe to each hop unless told. */
function trace(network: Network, part: Partial<RunOptions> = {}): Traced {
  const { tracer, asked, run } = openFakeTracer(network);
  const ended: FinishedTrace[] = [];
  let heard = 0;
  startRun({
    tracer,
    trace: 0,
    family: 'v4',
    protocol: 'icmp',
    target: TARGET,
    flow: 0,
    firstTtl: 1,
    maxTtl: 30,
    probes: 1,
    payloadBytes: 32,
    silentMax: 6,
    known: [],
    onAnswer: () => {
      heard++;
    },
    onEnd: (one) => ended.push(one),
    ...part,
  });
  const tookMs = run();
  const [finished] = ended;
  if (finished === undefined) throw new Error('the trace did not end');
  return { ...finished, path: pathOf(finished), asked, tookMs, ends: ended.length, heard };
}

function pathOf({ hops }: FinishedTrace): string[] {
  return hops.map(({ answers }) => {
    const ips = [...new Set(answers.flatMap(({ ip }) => (ip === null ? [] : [ip])))];
    return ips.length === 0 ? '*' : ips.join('+');
  });
}

/** Routers at 1 … length - 1, the target at `length`. */
function chain(length: number, answer: Record<PathProtocol, FakeAnswer>[PathProtocol]): Network {
  return ({ ttl }) => (ttl < length ? expired(routerAt(ttl)) : { ...answer, afterMs: length });
}

function routers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => routerAt(i + 1));
}

function countAt({ asked }: Traced, ttl: number): number {
  return asked.filter((probe) => probe.ttl === ttl).length;
}

suite('measure/trace-run', (s) => {
  for (const [protocol, answer] of [
    ['icmp', echo(TARGET)],
    ['udp', closedPort(TARGET)],
    ['tcp', rst(TARGET)],
  ] as const) {
    s.test(`${protocol}: all hops in order, three probes each, and then it ends once`, () => {
      const traced = trace(chain(9, answer), { protocol, probes: 3 });

      equal([traced.end, traced.ends], ['target', 1]);
      equal(traced.path, [...routers(8), TARGET]);
      for (const { answers, ttl } of traced.hops) is(answers.length, 3, `TTL ${ttl}`);
      ok(traced.asked.length <= 9 * 3 + 6, `${traced.asked.length} probes`);
      ok(traced.tookMs < TIMEOUT_MS);
    });
  }

  s.test('a known path is asked in one go, and not a probe beyond', () => {
    const traced = trace(chain(9, echo(TARGET)), { known: [...routers(8), TARGET] });

    equal(traced.path, [...routers(8), TARGET]);
    equal([traced.asked.length, traced.tookMs], [9, 9]);
    is(traced.asked[3]?.likely, routerAt(4));
  });

  s.test('a known path that became longer or shorter is found', () => {
    const known = [...routers(4), TARGET];

    equal(trace(chain(9, echo(TARGET)), { known }).path, [...routers(8), TARGET]);
    equal(trace(chain(3, echo(TARGET)), { known }).path, [...routers(2), TARGET]);
  });

  s.test('the loss of the probe to the target does not make the path longer', () => {
    const losing: Network = (probe) => {
      const isFirst = probe.ttl === 9 && probe.atMs < TIMEOUT_MS;
      return isFirst ? null : chain(9, echo(TARGET))(probe);
    };
    for (const known of [[], [...routers(8), TARGET]]) {
      const traced = trace(losing, { known });

      equal(traced.path, [...routers(8), TARGET]);
      const kinds = traced.hops.at(-1)?.answers.map(({ kind }) => kind);
      ok(kinds?.includes('lost') && kinds.includes('echo-reply'), `${kinds}`);
    }
  });

  s.test('a silent router before the target is asked again, once it is known no more', () => {
    const silent: Network = (probe) => (probe.ttl === 8 ? null : chain(9, echo(TARGET))(probe));
    const first = trace(silent);
    const next = trace(silent, { known: [...routers(7), null, TARGET] });

    equal(first.path, [...routers(7), '*', TARGET]);
    equal([countAt(first, 8), countAt(next, 8)], [3, 1]);
    equal(next.path, first.path);
  });

  s.test('a host answers one SYN of a connection alone: length and loss are right', () => {
    for (const [what, beyond] of [
      ['challenges', { ...ack(TARGET), afterMs: 20 }],
      ['is silent about', null],
    ] as const) {
      // The first SYN to arrive opens the connection, whatever its TTL; ours is closed after 20 ms.
      let openedMs = Number.NEGATIVE_INFINITY;
      const listener: Network = (probe) => {
        if (probe.ttl < 9) return expired(routerAt(probe.ttl));
        if (probe.atMs < openedMs + 20) return probe.ttl % 2 === 0 ? beyond : null;
        openedMs = probe.atMs;
        return { ...synAck(TARGET), afterMs: 20 };
      };

      const traced = trace(listener, { protocol: 'tcp', probes: 5 });

      equal(traced.path, [...routers(8), TARGET], what);
      const kinds = traced.hops.at(-1)?.answers.map(({ kind }) => kind);
      equal(
        kinds,
        Array.from({ length: 5 }, () => 'syn-ack'),
        what,
      );
    }
  });

  s.test('an answer to a SYN with a larger TTL stands for the one that is missing', () => {
    // The SYN with TTL 11 came first.
    const listener: Network = (probe) => {
      if (probe.ttl < 9) return expired(routerAt(probe.ttl));
      if (probe.atMs > 100) return synAck(TARGET);
      return probe.ttl === 11 ? synAck(TARGET) : null;
    };

    const traced = trace(listener, { protocol: 'tcp' });

    equal(traced.path, [...routers(8), TARGET]);
    ok(traced.hops.at(-1)?.answers.some(({ kind }) => kind === 'syn-ack'));
  });

  s.test('a quote tells how far the target is, and its limit of errors is no loss', () => {
    // One error a second, after two at once.
    let answered = 0;
    const limited: Network = ({ ttl }) => {
      if (ttl < 9) return expired(routerAt(ttl));
      return ttl > 9 && answered++ < 2 ? closedPort(TARGET, ttl - 8) : null;
    };

    const traced = trace(limited, { protocol: 'udp' });

    equal(traced.path, [...routers(8), TARGET]);
    equal(
      traced.hops.at(-1)?.answers.map(({ kind }) => kind),
      ['port-unreachable'],
    );
  });

  s.test('a firewall that answers for the target at a low TTL is not the target', () => {
    const firewall: Network = (probe) =>
      probe.ttl === 3 ? rst(TARGET) : chain(9, rst(TARGET))(probe);

    const traced = trace(firewall, { protocol: 'tcp' });

    equal([traced.end, traced.hops.length], ['target', 9]);
    equal(traced.path.slice(3), [...routers(8).slice(3), TARGET]);
  });

  s.test('a target that says itself that a TTL ran out is not reached before it answers', () => {
    const odd: Network = ({ ttl }) => {
      if (ttl < 4) return expired(routerAt(ttl));
      return ttl === 4 ? expired(TARGET) : echo(TARGET);
    };

    const traced = trace(odd);

    equal([traced.end, traced.path], ['target', [...routers(3), TARGET, TARGET]]);
  });

  s.test('a closed port that a firewall reports is no target, unless it was asked by UDP', () => {
    const reject: Network = ({ ttl }) =>
      ttl < 4 ? expired(routerAt(ttl)) : closedPort(routerAt(4));

    equal(trace(reject).end, 'unreachable');
    equal(trace(reject, { protocol: 'tcp' }).end, 'unreachable');
    // Some hosts report it from another of their addresses.
    equal(trace(reject, { protocol: 'udp' }).end, 'target');
  });

  s.test('an error that ends the way ends the trace', () => {
    const broken: Network = ({ ttl }) =>
      ttl < 6 ? expired(routerAt(ttl)) : unreachable(routerAt(5));

    const traced = trace(broken, { probes: 3 });

    equal(
      [traced.end, traced.hops.length, traced.hops.at(-1)?.answers.length],
      ['unreachable', 6, 3],
    );
  });

  s.test('a circle ends the trace after one round', () => {
    const circle: Network = ({ ttl }) => expired(routerAt(ttl < 4 ? ttl : 4 + (ttl % 2)));

    const traced = trace(circle);

    equal([traced.end, traced.hops.length], ['loop', 6]);
  });

  s.test('a silent tail ends it, without the silence', () => {
    const tail: Network = ({ ttl }) => (ttl < 5 ? expired(routerAt(ttl)) : null);

    const traced = trace(tail, { probes: 3 });

    equal([traced.end, traced.path], ['silence', routers(4)]);
    is(traced.asked.length, 4 * 3 + 6);
    ok(traced.tookMs < TIMEOUT_MS + 100, `${traced.tookMs} ms`);
  });

  s.test('so does the highest TTL, and the first need not be 1', () => {
    const traced = trace(chain(9, echo(TARGET)), { firstTtl: 3, maxTtl: 6 });

    equal([traced.end, traced.path], ['max-ttl', routers(6).slice(2)]);
    equal([...new Set(traced.asked.map(({ ttl }) => ttl))], [3, 4, 5, 6]);
    equal(trace(chain(2, echo(TARGET)), { firstTtl: 5 }).path, [TARGET]);
  });

  s.test('what the kernel refuses is not silence', () => {
    const traced = trace(() => refused(101));

    equal([traced.end, traced.hops.length], ['refused', 1]);
    is(traced.hops[0]?.answers[0]?.info, 101);
  });

  s.test('the first hop may be the target', () => {
    for (const protocol of ['icmp', 'tcp'] as const) {
      const answer = protocol === 'tcp' ? rst(TARGET) : echo(TARGET);
      const traced = trace(() => answer, { protocol, probes: 3 });

      equal([traced.end, traced.path], ['target', [TARGET]]);
    }
  });

  s.test('with 255 hops allowed, and as many silent ones, it still ends', () => {
    const traced = trace(() => null, { maxTtl: 255, silentMax: 64 });

    equal([traced.end, traced.hops.length, traced.asked.length], ['silence', 1, 64]);
    equal(trace(({ ttl }) => expired(`192.0.2.${ttl}`), { maxTtl: 255 }).hops.length, 255);
  });

  s.test('nothing is heard after the end', () => {
    const late: Network = (probe) => {
      if (probe.ttl < 9) return expired(routerAt(probe.ttl));
      return probe.ttl < 11 ? rst(TARGET) : { ...rst(TARGET), afterMs: 500 };
    };

    const traced = trace(late, { protocol: 'tcp' });

    equal([traced.ends, traced.heard], [1, 10]);
  });
});

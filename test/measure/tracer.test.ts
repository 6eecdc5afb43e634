import { equal, is, match, ok, throws } from 'uvu/assert';
import { RESULTS_MAX, TIMEOUT_MS_MAX } from '../../src/engine/limits.ts';
import { takeOutcomes } from '../../src/engine/probes.ts';
import {
  type ProbeAnswer,
  type ProbeAsk,
  type TracePace,
  Tracer,
} from '../../src/measure/tracer.ts';
import { pathOf } from '../fake/paths.ts';
import { answerAfter, openRig, silence } from '../fake/rig.ts';
import type { Network } from '../fake/transport.ts';
import { suite } from '../helper.ts';

interface Bench {
  tracer: Tracer;
  trace: number;
  answers: ProbeAnswer[];
  batches: number;
  sent(): number;
  ask(part?: Partial<ProbeAsk>): void;
  /** Ticks every 5 ms. */
  run(ms: number): void;
  /** Drops what the ring holds, as it does itself when it is full. */
  drop(): number;
}

const TIMEOUT_MS = 1000;

function openBench(network: Network, pace: Partial<TracePace> = {}): Bench {
  const rig = openRig(network, { probeTimeoutMs: TIMEOUT_MS });
  let nowMs = 0;
  const paced = { packetsPerSecond: null, answersPerSecond: null, monoMs: () => nowMs, ...pace };
  const tracer = new Tracer(rig.engine, paced);
  const bench: Bench = {
    tracer,
    trace: tracer.open(pathOf(4, 'icmp')),
    answers: [],
    batches: 0,
    sent: () => rig.transport.sent.length,
    ask(part = {}) {
      tracer.ask({
        trace: bench.trace,
        ttl: 3,
        flow: 0,
        payloadBytes: 32,
        dontFragment: false,
        likely: null,
        onOutcome: (answer) => bench.answers.push(answer),
        onBatch: countBatch,
        ...part,
      });
    },
    run(ms) {
      for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs += 5) {
        rig.clock.advanceMs(5);
        rig.engine.tick(64);
        tracer.collect();
      }
    },
    drop() {
      rig.clock.advanceMs(20);
      rig.engine.tick(64);
      return takeOutcomes(rig.engine.hot, RESULTS_MAX).length;
    },
  };
  function countBatch(): void {
    bench.batches++;
  }
  return bench;
}

suite('measure/tracer', (s) => {
  s.test('what the guard holds back waits, is counted once, and is charged when it goes', () => {
    let isOpen = false;
    const [charged, held]: [string[], number[]] = [[], []];
    const guard: TracePace['guard'] = {
      waitMs: () => (isOpen ? 0 : 50),
      charge: (_kind, { ip, packets }) => void charged.push(`${ip} ${packets}`),
      holdBack: (_kind, packets) => void held.push(packets),
    };
    const bench = openBench(answerAfter(10), { guard });
    bench.ask();
    bench.ask();
    bench.run(500);
    equal([bench.sent(), charged.length, held], [0, 0, [1, 1]]);
    isOpen = true;
    bench.run(500);
    equal([bench.sent(), bench.answers.length, charged.length], [2, 2, 2]);
    ok(charged.every((one) => / 1$/.test(one)));
  });

  s.test('another pace holds for what waits already', () => {
    const bench = openBench(answerAfter(10), { packetsPerSecond: 1 });
    for (let n = 0; n < 20; n++) bench.ask();
    bench.run(500);
    ok(bench.sent() <= 2);
    bench.tracer.setPace({ packetsPerSecond: 1000, answersPerSecond: null });
    bench.run(500);
    equal(bench.sent(), 20);
  });

  s.test('hands each probe its outcome, and says once that all are read', () => {
    const bench = openBench(answerAfter(10));

    for (let ttl = 1; ttl <= 5; ttl++) bench.ask({ ttl });
    is(bench.answers.length, 0);
    bench.run(30);

    equal(
      bench.answers.map(({ ttl, kind, ip }) => [ttl, kind, ip]),
      [1, 2, 3, 4, 5].map((ttl) => [ttl, 'echo', '198.18.0.1']),
    );
    equal([bench.batches, bench.tracer.isBusy()], [1, false]);
  });

  s.test('what nobody answers is lost after the timeout, and has no address', () => {
    const bench = openBench(silence);

    bench.ask();
    bench.run(TIMEOUT_MS + 50);

    equal([bench.answers[0]?.kind, bench.answers[0]?.ip], ['lost', null]);
    is(bench.tracer.isBusy(), false);
  });

  s.test('a probe whose outcome was dropped is given up, so that nobody waits for ever', () => {
    const bench = openBench(answerAfter(10));
    for (const ttl of [4, 5]) bench.ask({ ttl });
    equal([bench.drop(), bench.drop()], [0, 2]);

    bench.run(2 * TIMEOUT_MS_MAX - 100);
    equal([bench.answers.length, bench.tracer.isBusy()], [0, true]);
    bench.run(200);

    equal(
      bench.answers.map(({ ttl, kind, ip }) => [ttl, kind, ip]),
      [4, 5].map((ttl) => [ttl, 'discarded', null]),
    );
    equal([bench.batches, bench.tracer.isBusy()], [1, false]);
  });

  s.test('a late answer is nobody’s, and a refused one has its errno', () => {
    const late = openBench(answerAfter(TIMEOUT_MS + 100));
    late.ask();
    late.run(TIMEOUT_MS + 300);
    const refused = openBench(() => ({ refused: 101, arrivals: [] }));
    refused.ask();
    refused.run(10);

    equal(
      late.answers.map(({ kind }) => kind),
      ['lost'],
    );
    equal([refused.answers[0]?.kind, refused.answers[0]?.info], ['refused', 101]);
  });

  s.test('keeps the budget of packets, and the smaller one of each address', () => {
    const bench = openBench(silence, { packetsPerSecond: 1000, answersPerSecond: 20 });

    for (let i = 0; i < 400; i++) bench.ask({ likely: i % 2 === 0 ? '192.0.2.1' : null });
    bench.run(100);
    const soon = bench.sent();
    bench.run(900);

    // A hundred, and what was saved up; then those that are held back for the one address.
    ok(soon >= 100 && soon <= 160, `${soon} in 100 ms`);
    const limited = bench.sent() - 200;
    ok(limited >= 20 && limited <= 26, `${limited} in a second`);
  });

  s.test('an address that may not be asked yet does not hold up others', () => {
    const bench = openBench(silence, { answersPerSecond: 1 });

    for (let i = 0; i < 200; i++) bench.ask({ likely: '192.0.2.1' });
    bench.ask({ likely: '192.0.2.2', ttl: 9 });
    bench.run(10);

    is(bench.sent(), 5);
    ok((bench.tracer.nextMs() ?? 0) > 500, `${bench.tracer.nextMs()} ms`);
  });

  s.test('more probes than there are slots wait for room', () => {
    const bench = openBench(silence);

    for (let i = 0; i < 9000; i++) bench.ask({ ttl: 1 + (i % 30) });
    bench.run(100);
    const full = bench.sent();
    bench.run(2 * TIMEOUT_MS + 200);

    is(full, 8192);
    equal([bench.sent(), bench.answers.length, bench.tracer.isBusy()], [9000, 9000, false]);
  });

  s.test('a closed trace is heard of no more, also when its number is used again', () => {
    const bench = openBench(answerAfter(50));
    for (let i = 0; i < 3; i++) bench.ask();
    bench.run(10);
    bench.ask();

    bench.tracer.close(bench.trace);
    bench.tracer.close(bench.trace);
    const next = bench.tracer.open(pathOf(4, 'icmp'));
    bench.run(100);

    equal([next, bench.answers.length, bench.tracer.isBusy()], [bench.trace, 0, false]);
    bench.ask({ trace: next });
    bench.run(100);
    is(bench.answers.length, 1);
  });

  s.test('a callback may close another trace, which is then not told', () => {
    const bench = openBench(answerAfter(5));
    const other = bench.tracer.open(pathOf(4, 'icmp'));
    let isTold = false;

    bench.ask({ onBatch: () => bench.tracer.close(other) });
    bench.ask({
      trace: other,
      onBatch: () => {
        isTold = true;
      },
    });
    bench.run(30);

    is(isTold, false);
  });

  s.test('a protocol without a socket is refused, and says what is needed', () => {
    const rig = openRig(silence);
    const { transport } = rig.engine;
    Object.assign(transport, { protocols: ['icmp'] });
    const tracer = new Tracer(rig.engine, {
      packetsPerSecond: null,
      answersPerSecond: null,
      monoMs: () => 0,
    });

    throws(
      () => tracer.open(pathOf(4, 'tcp')),
      (error: Error & { code: string }) => {
        match(
          error.message,
          /no TCP probes without a raw socket of the addon \(only icmp\): run as root/,
        );
        return error.code === 'ERR_SOCKET_PERMISSION';
      },
    );
  });
});

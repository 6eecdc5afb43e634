import * as assert from 'uvu/assert';
import { poolLoss } from '../../src/core/path-loss.ts';
import { refusedHop, toPathHops, toPathRun } from '../../src/measure/path-round.ts';
import type { HopAnswer } from '../../src/measure/trace-answer.ts';
import { suite } from '../helper.ts';
import { answerOf, finished } from './path-trace-maker.ts';

suite('measure/path-round', ({ test }) => {
  test('a hop has its figures, and those who answered, the most frequent first', () => {
    const answers = [
      answerOf({ ttl: 1, ip: '10.0.0.2', rttNs: 3e6 }),
      answerOf({
        ttl: 1,
        ip: '10.0.0.1',
        rttNs: 1e6,
        mpls: [{ label: 9, trafficClass: 0, ttl: 1 }],
      }),
      answerOf({ ttl: 1, ip: '10.0.0.1', rttNs: 2e6 }),
      answerOf({ ttl: 1 }),
    ];
    const [hop] = toPathHops({ end: 'silence', hops: [{ ttl: 1, answers }] }, poolLoss());

    assert.equal([hop?.ip, hop?.ips], ['10.0.0.1', ['10.0.0.1', '10.0.0.2']]);
    assert.equal([hop?.sent, hop?.received, hop?.lossPercent], [4, 3, 25]);
    assert.equal([hop?.rttNs?.avg, hop?.rttNs?.best, hop?.rttNs?.last], [2e6, 1e6, 2e6]);
    assert.is(hop?.mpls[0]?.label, 9);
  });

  test('what the kernel refused was not sent, and an answer without a time is no loss', () => {
    const answers = [
      answerOf({ ttl: 1, kind: 'refused', info: 1 }),
      answerOf({ ttl: 1, kind: 'discarded', ip: '10.0.0.1', rttNs: null }),
      answerOf({ ttl: 1, kind: 'discarded' }),
    ];
    const [hop] = toPathHops({ end: 'silence', hops: [{ ttl: 1, answers }] }, poolLoss());

    assert.equal([hop?.sent, hop?.received, hop?.lossPercent, hop?.rttNs], [1, 1, 0, null]);
  });

  test('a silent router before others that answer is not blamed', () => {
    const trace = finished(['10.0.0.1', null, '10.0.0.9'], { probes: 3 });
    const kinds = toPathHops(trace, poolLoss()).map(({ lossKind }) => lossKind);
    assert.equal(kinds, ['none', 'silent', 'none']);
  });

  test('at most eight addresses are kept of a hop', () => {
    const answers = Array.from({ length: 20 }, (_, i) => answerOf({ ttl: 1, ip: `10.0.0.${i}` }));
    const [hop] = toPathHops({ end: 'silence', hops: [{ ttl: 1, answers }] }, poolLoss());
    assert.is(hop?.ips.length, 8);
  });

  test('a trace is handed to the identity of paths in its words', () => {
    const kinds: HopAnswer['kind'][] = ['ack', 'udp', 'rst', 'lost', 'refused', 'unreachable'];
    const answers = kinds.map((kind) => answerOf({ ttl: 2, kind, ip: '10.0.0.1', info: 0x0301 }));
    const run = toPathRun(
      { end: 'refused', hops: [{ ttl: 2, answers }] },
      { flow: 0, fromMs: 1, untilMs: 2 },
    );

    const shown = run.probes.map(({ kind, code, attempt }) => [kind, code, attempt]);
    assert.equal(shown, [
      ['syn-ack', null, 0],
      ['port-unreachable', null, 1],
      ['rst', null, 2],
      ['lost', null, 3],
      ['unreachable', 1, 5],
    ]);
    assert.is(run.end, 'silence');
  });

  test('a hop that stands for nothing has no figures', () => {
    const { sent, lossPercent, rttNs, ip, lossKind } = refusedHop(1);
    assert.equal([sent, lossPercent, rttNs, ip, lossKind], [0, null, null, null, 'unknown']);
  });
});

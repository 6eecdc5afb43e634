import { equal, is } from 'uvu/assert';
import { isAnswered, isFromTarget, toHopAnswer } from '../../src/measure/trace-answer.ts';
import type { ProbeAnswer } from '../../src/measure/tracer.ts';
import { suite } from '../helper.ts';

const TARGET = '198.51.100.1';

function answer(part: Partial<ProbeAnswer>): ProbeAnswer {
  return {
    kind: 'error',
    ttl: 9,
    flow: 0,
    rttNs: 1e6,
    quality: 'kernel',
    sentMs: 1e12,
    info: 0x0b00,
    answerTtl: 60,
    quotedTtl: 1,
    mtu: null,
    labels: [],
    ip: TARGET,
    ...part,
  };
}

suite('measure/trace-answer', (s) => {
  for (const [what, part, kind, isTarget] of [
    ['a TTL that ran out', {}, 'time-exceeded', false],
    ['an echo', { kind: 'echo', info: 0 }, 'echo-reply', true],
    ['an echo from elsewhere', { kind: 'echo', info: 0, ip: '192.0.2.1' }, 'echo-reply', false],
    ['SYN and ACK', { kind: 'tcp', info: 0x12 }, 'syn-ack', true],
    ['RST', { kind: 'tcp', info: 0x14 }, 'rst', true],
    ['a challenge', { kind: 'tcp', info: 0x10 }, 'ack', true],
    ['UDP', { kind: 'udp', info: 0 }, 'udp', true],
    ['a closed port', { info: 0x0303, ip: '192.0.2.1' }, 'port-unreachable', true],
    ['no route', { info: 0x0301, ip: '192.0.2.1' }, 'unreachable', false],
    ['a packet too big', { info: 0x0304, ip: '192.0.2.1' }, 'too-big', false],
    ['nothing', { kind: 'lost', ip: null, info: 0 }, 'lost', false],
    ['a late one', { kind: 'late', info: 0 }, 'lost', false],
    ['a refused send', { kind: 'refused', ip: null, info: 1 }, 'refused', false],
    ['a clock step', { kind: 'discarded', info: 0 }, 'discarded', false],
  ] as const) {
    s.test(`${what} is ${kind}, ${isTarget ? '' : 'not '}from the target`, () => {
      const found = toHopAnswer(answer(part), 'v4');

      equal([found.kind, isFromTarget(found, TARGET)], [kind, isTarget]);
      is(isAnswered(found), kind !== 'lost' && kind !== 'refused');
    });
  }

  s.test('the TTL that a closed port quotes tells the distance, if it can be true', () => {
    const distance = (quotedTtl: number | null, info = 0x0303) =>
      toHopAnswer(answer({ quotedTtl, info }), 'v4').distance;

    equal([distance(1), distance(3), distance(9)], [9, 7, 1]);
    equal([distance(0), distance(10), distance(255), distance(null)], [null, null, null, null]);
    is(distance(3, 0x0b00), null);
  });
});

import { equal, is } from 'uvu/assert';
import { toHopAnswer } from '../../src/measure/trace-answer.ts';
import { adoptAnswers, findEnd, type TimedAnswer } from '../../src/measure/trace-end.ts';
import { ANSWERS, type FakeAnswer, routerAt } from '../fake/tracer.ts';
import { suite } from '../helper.ts';

const TARGET = '198.51.100.1';
const { expired, echo, rst, closedPort, unreachable, tooBig } = ANSWERS;

/** An answer whose probe was under way from one turn to another. */
function at(ttl: number, given: FakeAnswer | null, span: [number, number] = [0, 9]): TimedAnswer {
  const base = { kind: 'lost', info: 0, ip: null, quotedTtl: null, mtu: null } as const;
  const rest = { flow: 0, rttNs: null, quality: null, sentMs: 0, answerTtl: null, labels: [] };
  const answer = toHopAnswer({ ...base, ...rest, ...given, ttl }, 'v4');
  return { answer, askedTurn: span[0], decidedTurn: span[1] };
}

function endOf(answers: TimedAnswer[]): string | null {
  const found = findEnd(answers, { target: TARGET, firstTtl: 1 });
  return found === null ? null : `${found.end} ${found.ttl}`;
}

function routers(...ttls: number[]): TimedAnswer[] {
  return ttls.map((ttl) => at(ttl, expired(routerAt(ttl))));
}

suite('measure/trace-end', (s) => {
  for (const [what, answers, end] of [
    ['nothing', [], null],
    ['routers alone', routers(1, 2, 3), null],
    ['the nearest answer of the target', [at(5, echo(TARGET)), at(4, echo(TARGET))], 'target 4'],
    ['a closed port that tells the distance', [at(9, closedPort(TARGET, 6))], 'target 4'],
    [
      'a distance that routers contradict',
      [...routers(5), at(9, closedPort(TARGET, 6))],
      'target 9',
    ],
    ['a claim that routers contradict', [at(3, rst(TARGET)), ...routers(5)], null],
    [
      'an error',
      [...routers(4), at(6, unreachable('a')), at(5, unreachable('a'))],
      'unreachable 5',
    ],
    [
      'the target, with an error beside',
      [at(5, unreachable('a')), at(5, echo(TARGET))],
      'target 5',
    ],
    ['a packet too big', [...routers(1), at(2, tooBig('a', 1280))], 'unreachable 2'],
    ['an error that others pass', [at(3, unreachable('a')), ...routers(4)], null],
    ['a lost probe', [at(3, null)], null],
  ] as const) {
    s.test(`${what}: ${end}`, () => {
      is(endOf([...answers]), end);
      is(endOf([...answers].reverse()), end);
    });
  }

  s.test('an answer stands for a silence only if both were under way together', () => {
    const kinds = (lost: [number, number], beyond: [number, number]) => {
      const answers = [at(5, null, lost), at(7, rst(TARGET), beyond)];
      return adoptAnswers(answers, 5, TARGET).map(({ kind, ttl }) => `${kind} ${ttl}`);
    };

    equal(kinds([0, 9], [1, 4]), ['rst 5']);
    equal(kinds([3, 9], [1, 4]), ['rst 5']);
    equal(kinds([0, 9], [10, 14]), ['lost 5']);
    equal(kinds([5, 9], [1, 4]), ['lost 5']);
  });

  s.test('each answer stands for one silence, none for an answer', () => {
    const answers = [at(5, null), at(5, rst(TARGET)), at(5, null), at(6, rst(TARGET))];

    const kinds = adoptAnswers(answers, 5, TARGET).map(({ kind }) => kind);

    equal(kinds, ['rst', 'rst', 'lost']);
  });
});

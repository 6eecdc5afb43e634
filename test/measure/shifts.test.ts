import * as assert from 'uvu/assert';
import type { ProbeEvent, Round } from '../../src/core/round.ts';
import { parseEvent } from '../../src/core/round-schema.ts';
import { watchShifts } from '../../src/measure/shifts.ts';
import { suite } from '../helper.ts';
import { makeRound } from '../probe/metrics-snapshot.ts';

const ROUND_MS = 30_000;
const MS = 1_000_000;

suite('measure/shifts', ({ test }) => {
  test('a median that moves and stays is one event, with figures and time', () => {
    const events = feed((i) => (i < 200 ? 20 : 24));

    assert.is(events.length, 1);
    const [event] = events;
    assert.equal(
      [event?.kind, event?.target, event?.family, event?.scope],
      ['shift', 'a400', 'v4', 'target'],
    );
    assert.equal(parseEvent(event), event);
    const { beforeNs, afterNs } = event?.detail ?? {};
    assert.ok(Math.abs(Number(beforeNs) / MS - 20) < 0.5, `${beforeNs}`);
    assert.ok(Math.abs(Number(afterNs) / MS - 24) < 0.5, `${afterNs}`);
    const round = (event?.fromMs ?? 0) / ROUND_MS;
    assert.ok(round >= 199 && round <= 203, `${round}`);
  });

  test('targets, families and addresses are watched each for itself', () => {
    const shifts = watchShifts('boot');
    const told: ProbeEvent[] = [];
    for (let i = 0; i < 400; i++) {
      const parts: Partial<Round>[] = [
        { target: 'a' },
        { target: 'b' },
        { target: 'a', family: 'v6' },
        { target: 'a', ip: '192.0.2.7' },
      ];
      parts.forEach((part, place) => {
        const event = shifts.take(roundOf(i, 20 + 10 * place, part));
        if (event !== null) told.push(event);
      });
    }
    assert.equal(told, []);
  });

  test('rounds without an answer say nothing', () => {
    const shifts = watchShifts('boot');
    for (let i = 0; i < 300; i++) {
      assert.is(shifts.take(makeRound({ rttNs: null, received: 0, untilMs: i })), null);
    }
  });

  test('each event has an id of its own', () => {
    const events = feed((i) => (Math.floor(i / 300) % 2 === 0 ? 20 : 30), 1200);
    assert.ok(events.length >= 2, `${events.length}`);
    assert.is(new Set(events.map(({ id }) => id)).size, events.length);
  });
});

function feed(medianMs: (index: number) => number, rounds = 400): ProbeEvent[] {
  const shifts = watchShifts('boot');
  return Array.from({ length: rounds }, (_, i) =>
    shifts.take(roundOf(i, medianMs(i) + 0.02 * Math.sin(i * 12.9898))),
  ).filter((event) => event !== null);
}

function roundOf(index: number, medianMs: number, part: Partial<Round> = {}): Round {
  const untilMs = (index + 1) * ROUND_MS;
  const round = makeRound({ fromMs: untilMs - ROUND_MS, untilMs, ...part });
  const { rttNs } = round;
  return rttNs === null ? round : { ...round, rttNs: { ...rttNs, median: medianMs * MS } };
}

import type { Family, ProbeEvent, Round } from '../../src/core/round.ts';

// Rounds and events as a probe leaves them, with figures of a quiet 10 ms line.

export const START_MS = 1_795_305_600_000;
export const ROUND_MS = 30_000;

/** A round; `index` moves it in time, and `part` overrides any of its fields. */
export function fakeRound(index: number, part: Partial<Round> = {}): Round {
  const fromMs = START_MS + index * ROUND_MS;
  const spread = (step: number) => 10_000_000 + ((index * 7919 + step * 104_729) % 20_000);
  return {
    kind: 'smokeping',
    target: 'a400',
    host: 'a400.speedtest.example',
    family: 'v4',
    ip: '203.0.113.40',
    bootId: '0f6b2c1e-5d0a-4a53-9d0b-0f6f5f2d1c11',
    sequence: index,
    fromMs,
    untilMs: fromMs + ROUND_MS,
    clock: 'synced',
    loaded: false,
    sent: 30,
    received: 29,
    lost: 1,
    discarded: 0,
    late: 0,
    duplicates: 0,
    reordered: 0,
    skipped: 0,
    sendErrors: {},
    rttNs: {
      min: 10_000_000,
      p10: spread(1),
      p25: 10_020_000 + spread(2) - 10_000_000,
      median: 10_050_000 + spread(3) - 10_000_000,
      p75: 10_090_000 + spread(4) - 10_000_000,
      p90: 10_180_000 + spread(5) - 10_000_000,
      max: 12_500_000 + spread(6),
      mean: 10_080_000 + (index % 1000),
      stddev: 150_000 + (index % 1000),
    },
    exact: true,
    jitterNs: 70_000 + (index % 1000),
    jitterRfc3550Ns: 65_000 + (index % 1000),
    lossBurstMax: 1,
    quality: { kernel: 29, mixed: 0, user: 0, hardware: 0 },
    localQueueNs: null,
    ...part,
  };
}

/** The rounds of `targets` targets in both families for `windows` windows, as they close. */
export function fakeRounds(targets: number, windows: number): Round[] {
  const rounds: Round[] = [];
  for (let window = 0; window < windows; window++) {
    for (let target = 0; target < targets; target++) {
      for (const family of ['v4', 'v6'] as const) rounds.push(fakeSeries(target, family, window));
    }
  }
  return rounds;
}

function fakeSeries(target: number, family: Family, window: number): Round {
  const name = `target${String(target).padStart(2, '0')}`;
  const ip = family === 'v4' ? `203.0.113.${target % 250}` : `2001:db8:4000:17::${target + 1}`;
  return fakeRound(window, { target: name, host: `${name}.speedtest.example`, family, ip });
}

export function fakeEvent(id: string, part: Partial<ProbeEvent> = {}): ProbeEvent {
  return {
    id,
    kind: 'outage',
    target: 'a400',
    family: 'v4',
    fromMs: START_MS,
    untilMs: null,
    scope: 'target',
    detail: { lost: 5, ip: '203.0.113.40' },
    ...part,
  };
}

// Scenarios are data: targets, what the network does with which probe, what happens to the clock
// and the event loop, and what must have been counted. Each runs through the real engine.
import { readdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { ClosedRound, EngineEvent } from '../../src/engine/readers.ts';
import { errorAbout } from '../fake/packets.ts';
import { addressOf, openRig, type Rig, specOf } from '../fake/rig.ts';
import { type Arrival, replyTo, type SentPacket, type Verdict } from '../fake/transport.ts';
import { suite } from '../helper.ts';

interface Scenario {
  about: string;
  roundMs: number;
  timeoutMs: number;
  durationMs: number;
  tickMs: number;
  targets: Target[];
  /** All that match a probe apply, a later one over an earlier one. */
  rules: Rule[];
  /** Real time jumps; the event loop is blocked; a target is stopped. */
  acts?: { atMs: number; stepMs?: number; blockMs?: number; stop?: number }[];
  expect: {
    /** Of each target; what is not named is not looked at. */
    counters: Record<string, unknown>[];
    /** Of each target; every closed round. */
    rounds: Record<string, unknown>[][];
    events?: Record<string, unknown>[];
    alien?: Record<string, number>;
  };
}

interface Target {
  family: 'v4' | 'v6';
  intervalMs: number;
  phaseMs?: number;
  payloadBytes?: number;
}

/** Probes `from` … `to` (counted from 0 for each target), every `every`-th of them. */
interface Rule {
  target?: number;
  from?: number;
  to?: number;
  every?: number;
  /** One for each probe in turn, ms; null is a loss. */
  delaysMs?: (number | null)[];
  copies?: number;
  corrupt?: boolean;
  fromElsewhere?: boolean;
  refuse?: number;
  /** An ICMP error with this type and code quotes it. */
  error?: [number, number];
  stamps?: 'kernel' | 'receive' | 'send' | 'none';
}

const FOLDER = new URL('.', import.meta.url);
const START_MS = 1_795_305_600_000;
const MS = 1e6;

suite('scenario', ({ test }) => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  for (const file of files) {
    const scenario = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Scenario;
    test(`${file}: ${scenario.about}`, () => runScenario(scenario));
  }

  test('there are a dozen of them', () => {
    assert.ok(files.length >= 12);
  });
});

function runScenario(scenario: Scenario): void {
  const sent = scenario.targets.map(() => 0);
  const { roundMs, timeoutMs } = scenario;
  const rig: Rig = openRig(
    (packet) => {
      const target = targetOf(packet);
      const n = sent[target] ?? 0;
      sent[target] = n + 1;
      return verdict(ruleFor(scenario.rules, target, n), packet, n);
    },
    { roundMs, timeoutMs },
  );
  scenario.targets.forEach(({ family, ...part }, i) => {
    const { phaseMs = 0, payloadBytes = 56, intervalMs } = part;
    const spec = specOf(family === 'v4' ? 4 : 6, i + 1, { phaseMs, payloadBytes, intervalMs });
    assert.is(rig.engine.addSeries(spec), i);
  });
  rig.engine.tick(64);
  play(rig, scenario);
  check(rig, scenario);
}

function play(rig: Rig, { durationMs, tickMs, acts = [] }: Scenario): void {
  const left = acts.toSorted((a, b) => a.atMs - b.atMs);
  for (let ms = 0; ms < durationMs; ) {
    const act = left[0];
    if (act !== undefined && act.atMs <= ms) {
      left.shift();
      if (act.stepMs !== undefined) rig.clock.step(BigInt(Math.round(act.stepMs * MS)));
      if (act.stop !== undefined) rig.engine.stopSeries(act.stop);
      rig.clock.advanceMs(act.blockMs ?? 0);
      ms += act.blockMs ?? 0;
      continue;
    }
    rig.run(tickMs, tickMs);
    ms += tickMs;
  }
}

function check(rig: Rig, { targets, expect }: Scenario): void {
  const rounds = rig.engine.takeRounds(10_000);
  const events = rig.engine.takeEvents(10_000);
  assert.equal(Object.keys(expect.counters).length, targets.length, 'counters of each target');
  targets.forEach((_, series) => {
    const state: unknown = rig.engine.state(series);
    matches(state, expect.counters[series], `target ${series}`);
    const ours = rounds.filter((round) => round.series === series);
    matches(ours.map(plain), expect.rounds[series], `rounds of target ${series}`);
  });
  for (const round of rounds) {
    assert.is(round.sent, round.received + round.lost + round.discarded);
  }
  matches(events.map(sinceStart), expect.events ?? [], 'events');
  const alien = Object.entries(rig.engine.figures().alien).filter(([, n]) => n > 0);
  assert.equal(Object.fromEntries(alien), expect.alien ?? {});
}

/** A round with its times since the start and its figures by name, in ms. */
function plain(round: ClosedRound): Record<string, unknown> {
  const names = ['min', 'p10', 'p25', 'median', 'p75', 'p90', 'max', 'mean', 'stddev'];
  const ms = (round.figures ?? []).map((ns) => ns / MS);
  const toMs = (ns: number | null): number | null => (ns === null ? null : ns / MS);
  return {
    ...round,
    fromMs: round.fromMs - START_MS,
    rttMs: round.figures && Object.fromEntries(names.map((name, i) => [name, ms[i]])),
    jitterMs: toMs(round.jitterNs),
    jitterRfc3550Ms: toMs(round.jitterRfc3550Ns),
  };
}

function sinceStart(event: EngineEvent): Record<string, unknown> {
  if (event.kind === 'clock-step') return { kind: event.kind, stepMs: event.stepNs / MS };
  const from = { ...event, fromMs: Math.round(event.fromMs - START_MS) };
  return 'untilMs' in from ? { ...from, untilMs: Math.round(from.untilMs - START_MS) } : from;
}

/** Whatever `expected` names must be so; lists must be as long. */
function matches(value: unknown, expected: unknown, where: string): void {
  if (Array.isArray(expected)) {
    const list = value as unknown[];
    assert.is(list.length, expected.length, `${where}: how many`);
    expected.forEach((each, i) => {
      matches(list[i], each, `${where}[${i}]`);
    });
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [key, each] of Object.entries(expected)) {
      matches((value as Record<string, unknown>)?.[key], each, `${where}.${key}`);
    }
  } else if (typeof expected === 'number') {
    const isNear = Math.abs(Number(value) - expected) < 1e-6;
    assert.ok(value !== null && isNear, `${where} is ${value}, expected ${expected}`);
  } else {
    assert.ok(value === expected, `${where} is ${value}, expected ${expected}`);
  }
}

function targetOf({ family, destination }: SentPacket): number {
  return (destination[family === 4 ? 3 : 15] ?? 0) - 1;
}

function ruleFor(rules: Rule[], target: number, n: number): Rule {
  const all = rules.filter((rule) => {
    const { from = 0, to = Number.POSITIVE_INFINITY, every = 1 } = rule;
    return (rule.target ?? target) === target && n >= from && n <= to && (n - from) % every === 0;
  });
  return Object.assign({}, ...all, { from: all.at(-1)?.from ?? 0 }) as Rule;
}

function verdict(rule: Rule, packet: SentPacket, n: number): Verdict {
  if (rule.refuse !== undefined) return { refused: rule.refuse, arrivals: [] };
  const delays = rule.delaysMs ?? [20];
  const delayMs = delays[(n - (rule.from ?? 0)) % delays.length] ?? null;
  const arrivals: Arrival[] = [];
  const source = addressOf(packet.family, 250);
  if (rule.error !== undefined) {
    const [type, code] = rule.error;
    arrivals.push({ delayNs: BigInt(5 * MS), bytes: errorAbout(packet, type, code), source });
  }
  for (let copy = 0; delayMs !== null && copy < (rule.copies ?? 1); copy++) {
    const arrival: Arrival = { delayNs: BigInt(Math.round((delayMs + copy) * MS)) };
    if (rule.stamps === 'send' || rule.stamps === 'none') arrival.unstamped = true;
    if (rule.fromElsewhere === true) arrival.source = source;
    if (rule.corrupt === true) arrival.bytes = broken(packet);
    arrivals.push(arrival);
  }
  const hasSent = rule.stamps !== 'receive' && rule.stamps !== 'none';
  return hasSent ? { arrivals } : { arrivals, stampDelayNs: null };
}

/** One bit turned: in the data of IPv4, in the cookie of IPv6, whose checksum the kernel checks. */
function broken(packet: SentPacket): Uint8Array {
  const reply = replyTo(packet);
  const at = packet.family === 4 ? reply.length - 1 : 17;
  reply[at] = (reply[at] ?? 0) ^ 0x10;
  return reply;
}

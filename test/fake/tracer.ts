// A tracer without an engine: a function says what comes of each probe and when, and time goes on
// by itself, so that runs take none.
import type { OutcomeKind } from '../../src/engine/probes.ts';
import type { ProbeAnswer, ProbeAsk, Tracer } from '../../src/measure/tracer.ts';

export type FakeProbe = Pick<ProbeAsk, 'ttl' | 'flow' | 'payloadBytes' | 'likely'> & {
  atMs: number;
  /** Of all probes, in the order of asking. */
  number: number;
};

/** What comes back; nothing is a lost probe. */
export type FakeAnswer = Partial<Omit<ProbeAnswer, 'ttl' | 'flow'>> & {
  kind: OutcomeKind;
  afterMs?: number;
};

export interface FakeTracer {
  tracer: Pick<Tracer, 'ask'>;
  asked: FakeProbe[];
  /** Until nothing is under way; how long that took, ms. */
  run(): number;
}

export const TIMEOUT_MS = 3000;
const PROBES_MAX = 10_000;

interface Event {
  atMs: number;
  ask: ProbeAsk;
  answer: ProbeAnswer;
}

export function openFakeTracer(network: (probe: FakeProbe) => FakeAnswer | null): FakeTracer {
  const asked: FakeProbe[] = [];
  let events: Event[] = [];
  let nowMs = 0;

  function ask(one: ProbeAsk): void {
    if (asked.length === PROBES_MAX) throw new Error('more probes than any trace takes');
    const { ttl, flow, payloadBytes, likely } = one;
    const probe = { ttl, flow, payloadBytes, likely, atMs: nowMs, number: asked.length };
    asked.push(probe);
    const { afterMs = ttl, ...given } = network(probe) ?? { kind: 'lost', afterMs: TIMEOUT_MS };
    const answer = { ...EMPTY, rttNs: given.kind === 'lost' ? null : afterMs * 1e6, ...given };
    events.push({ atMs: nowMs + afterMs, ask: one, answer: { ...answer, ttl, flow } });
  }

  function step(): void {
    nowMs = Math.min(...events.map(({ atMs }) => atMs));
    const due = events.filter(({ atMs }) => atMs === nowMs);
    events = events.filter(({ atMs }) => atMs > nowMs);
    for (const { ask: one, answer } of due) one.onOutcome(answer);
    for (const onBatch of new Set(due.map((event) => event.ask.onBatch))) onBatch();
  }

  return {
    tracer: { ask },
    asked,
    run() {
      const startedMs = nowMs;
      while (events.length > 0) step();
      return nowMs - startedMs;
    },
  };
}

const EMPTY = {
  quality: 'kernel',
  sentMs: 0,
  info: 0,
  answerTtl: 60,
  quotedTtl: null,
  mtu: null,
  labels: [],
  ip: null,
} as const satisfies Partial<ProbeAnswer>;

/** What routers and hosts answer, IPv4. */
export const ANSWERS = {
  expired: (ip: string): FakeAnswer => ({ kind: 'error', info: 0x0b00, ip }),
  echo: (ip: string): FakeAnswer => ({ kind: 'echo', ip }),
  synAck: (ip: string): FakeAnswer => ({ kind: 'tcp', info: 0x12, ip }),
  rst: (ip: string): FakeAnswer => ({ kind: 'tcp', info: 0x14, ip }),
  ack: (ip: string): FakeAnswer => ({ kind: 'tcp', info: 0x10, ip }),
  closedPort: (ip: string, quotedTtl: number | null = null): FakeAnswer => ({
    kind: 'error',
    info: 0x0303,
    ip,
    quotedTtl,
  }),
  unreachable: (ip: string): FakeAnswer => ({ kind: 'error', info: 0x0301, ip }),
  tooBig: (ip: string, mtu: number | null): FakeAnswer => ({
    kind: 'error',
    info: 0x0304,
    ip,
    mtu,
  }),
  refused: (errno: number): FakeAnswer => ({ kind: 'refused', info: errno, afterMs: 0 }),
} as const;

/** A router for each TTL before the target. */
export function routerAt(ttl: number): string {
  return `192.0.2.${ttl}`;
}

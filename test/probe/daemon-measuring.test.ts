// The measurements of the daemon on the real engine, with a fake network and a fake clock of it;
// names are addresses, and the time of paths passes for real.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, ok } from 'uvu/assert';
import { parseProbeConfig } from '../../src/core/config.ts';
import type { ProbeEvent, Round } from '../../src/core/round.ts';
import { type Measuring, openMeasuring } from '../../src/probe/daemon-measuring.ts';
import { NO_POLICY } from '../../src/probe/policy-file.ts';
import { openRig, type Rig } from '../fake/rig.ts';
import { suite } from '../helper.ts';

const HOST = '198.51.100.1';
const DEADLINE_MS = 20_000;

interface Place {
  rig: Rig;
  measuring: Measuring;
  rounds: Round[];
  events: ProbeEvent[];
  plans: number[];
  /** Ticks as the pump would, until it is so. */
  until(isSo: () => boolean): Promise<void>;
  configure(hosts: readonly string[]): void;
}

async function inPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-daemon-measuring-'));
  const rig = openRig(() => ({ arrivals: [{ delayNs: 1_000_000n }] }));
  const [rounds, events, plans]: [Round[], ProbeEvent[], number[]] = [[], [], []];
  const nothing = (): void => undefined;
  const measuring = openMeasuring({
    facts: {
      ...{ engine: rig.engine, bootId: 'boot', startedWith: configOf([]) },
      rules: { policy: NO_POLICY, ruled: new Set(), capped: [] },
    },
    ...{ directory, openEvents: [] },
    log: { info: nothing, warn: nothing, error: nothing, flush: nothing },
    onRound: (round) => rounds.push(round),
    onEvent: (event) => events.push(event),
    onPlan: (packetsPerSecond) => plans.push(packetsPerSecond),
    onWork: nothing,
  });
  async function until(isSo: () => boolean): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isSo()) {
      ok(performance.now() < endMs, 'it is not so in time');
      rig.run(500);
      measuring.afterTick();
      measuring.look();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  try {
    const configure = (hosts: readonly string[]) => measuring.configure(configOf(hosts));
    await use({ ...{ rig, measuring, rounds, events, plans, until }, configure });
  } finally {
    await measuring.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function configOf(hosts: readonly string[]) {
  const targets = hosts.map((host) => ({ host, families: ['v4'] }));
  const document = { schema: 1, measurements: { smokeping: { targets }, path: { targets: [] } } };
  const parsed = parseProbeConfig(document, 'local');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.config;
}

suite('probe/daemon-measuring', ({ test }) => {
  test('what is configured is planned, measured, and handed on as rounds', () =>
    inPlace(async ({ configure, plans, measuring, rounds, until }) => {
      equal([...measuring.series()], []);
      configure([HOST]);
      await until(() => rounds.length > 0);
      ok((plans.at(-1) ?? 0) > 0);
      is(rounds[0]?.ip, HOST);
      equal(
        [...measuring.series()].map(({ target }) => target),
        [HOST],
      );
      equal(measuring.openEvents(), []);
      configure([]);
      is(plans.at(-1), 0);
    }));

  test('what is told from outside is numbered and handed on like the rest', () =>
    inPlace(async ({ measuring, events }) => {
      const place = { target: null, family: null, scope: null };
      measuring.emit({ kind: 'start', ...place, fromMs: 1, untilMs: 1, detail: {} });
      measuring.emit({ kind: 'config', ...place, fromMs: 2, untilMs: 2, detail: {} });
      equal(
        events.map(({ id, kind }) => [id, kind]),
        [
          ['boot-e0', 'start'],
          ['boot-e1', 'config'],
        ],
      );
    }));

  test('without rules nothing is held back', () =>
    inPlace(async ({ measuring, configure, rounds, until }) => {
      configure([HOST]);
      await until(() => rounds.length > 0);
      equal(measuring.restraint(), { heldBack: { smokeping: 0, path: 0 }, slowed: [] });
    }));
});

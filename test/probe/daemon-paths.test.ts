import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseProbeConfig } from '../../src/core/config.ts';
import type { ProbeEvent } from '../../src/core/round.ts';
import { openGuard } from '../../src/measure/guard.ts';
import { type DaemonPaths, openDaemonPaths } from '../../src/probe/daemon-paths.ts';
import { openRig, type Rig } from '../fake/rig.ts';
import { suite } from '../helper.ts';
import { ScriptedNames } from '../measure/smokeping-rig.ts';
import { makeRound } from './metrics-snapshot.ts';

// Real time passes here, a second or two for each case; the network is made up, and every target
// is the next hop.

const A = '198.51.100.1';
const B = '198.51.100.2';

interface Place {
  rig: Rig;
  paths: DaemonPaths;
  events: ProbeEvent[];
  warnings: string[];
  directory: string;
  open(): DaemonPaths;
  /** Ticks as the pump would, and looks after all of it. */
  run(ms: number): Promise<void>;
  sentTo(ip: string): number;
}

suite('daemon-paths', ({ test }) => {
  test('an outage that begins is a reason to look at its path, and its end is none', () =>
    inPlace(async ({ paths, run, sentTo }) => {
      await run(2500);
      const [a, b] = [sentTo(A), sentTo(B)];
      assert.ok(a > 0 && b > 0);
      paths.takeEvent(eventOf({ untilMs: 1 }), A);
      paths.takeEvent(eventOf({ kind: 'address', untilMs: null }), A);
      await run(300);
      assert.equal([sentTo(A), sentTo(B)], [a, b]);
      paths.takeEvent(eventOf({}), A);
      await run(300);
      assert.ok(sentTo(A) > a);
      assert.is(sentTo(B), b);
      paths.takeEvent(eventOf({ scope: 'uplink' }), null);
      await run(300);
      assert.ok(sentTo(B) > b);
    }));

  test('a median that moves is an event, and a reason to look', () =>
    inPlace(async ({ paths, run, events, sentTo }) => {
      await run(2500);
      const before = sentTo(A);
      for (let i = 0; i < 300; i++) {
        const round = makeRound({ ip: A, untilMs: (i + 1) * 30_000 });
        const median = (i < 250 ? 20 : 40) * 1e6 + 1e4 * Math.sin(i * 12.9898);
        if (round.rttNs !== null) paths.takeRound({ ...round, rttNs: { ...round.rttNs, median } });
      }
      await run(300);
      assert.equal(
        events.map(({ kind }) => kind),
        ['shift'],
      );
      assert.ok(sentTo(A) > before);
    }));

  test('what is known is written at the end, and read at the next start', () =>
    inPlace(async ({ paths, run, directory, open }) => {
      await run(2500);
      await paths.close();
      assert.match(readFileSync(join(directory, 'paths.json'), 'utf8'), A);
      const next = open();
      await next.close();
      assert.match(readFileSync(join(directory, 'paths.json'), 'utf8'), A);
    }));

  test('a file that is none of ours is said once, and replaced by what is learnt', () =>
    inPlace(async ({ open, directory, warnings }) => {
      writeFileSync(join(directory, 'paths.json'), '{"version":1,"paths":[{"key":"__proto__"}]}');
      const next = open();
      assert.is(warnings.length, 1);
      assert.match(warnings[0] ?? '', 'left aside');
      for (let i = 0; i < 3; i++) next.maintain();
      assert.is(warnings.length, 1);
    }));
});

async function inPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'flint-daemon-paths-'));
  const sent = new Map<string, number>();
  const rig = openRig((packet) => {
    const ip = packet.destination.subarray(0, 4).join('.');
    sent.set(ip, (sent.get(ip) ?? 0) + 1);
    return { arrivals: [{ delayNs: 1_000_000n }] };
  });
  const names = new ScriptedNames();
  names.set('a.example', A);
  names.set('b.example', B);
  const events: ProbeEvent[] = [];
  const warnings: string[] = [];
  const config = configOf(['a.example', 'b.example']);
  const nothing = (): void => undefined;
  const log = { info: nothing, error: nothing, flush: nothing };
  const open = (): DaemonPaths =>
    openDaemonPaths({
      facts: { engine: rig.engine, bootId: 'boot', startedWith: config },
      names,
      guard: openGuard({ monoMs: () => performance.now(), ownRanges: () => [] }),
      directory,
      log: { ...log, warn: (message) => warnings.push(message) },
      onEvent: (event) => events.push(event),
      onWork: nothing,
    });
  const paths = open();
  paths.configure(config.measurements.path);
  async function run(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs) {
      rig.run(20);
      paths.afterTick();
      paths.maintain();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const sentTo = (ip: string): number => sent.get(ip) ?? 0;
  try {
    await use({ rig, paths, events, warnings, directory, open, run, sentTo });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function configOf(hosts: readonly string[]) {
  const targets = hosts.map((host) => ({ host, families: ['v4'] }));
  const path = { interval: '1h', targets };
  const parsed = parseProbeConfig({ schema: 1, measurements: { path } }, 'local');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.config;
}

function eventOf(change: Partial<ProbeEvent>): ProbeEvent {
  return {
    id: 'x',
    kind: 'outage',
    target: 'a.example',
    family: 'v4',
    fromMs: 5000,
    untilMs: null,
    scope: 'target',
    detail: {},
    ...change,
  };
}

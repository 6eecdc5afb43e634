import fc from 'fast-check';
import { equal, is, match, ok } from 'uvu/assert';
import { type ProbeConfig, parseProbeConfig } from '../../src/core/config.ts';
import { DEFAULT_POLICY, type Policy } from '../../src/core/policy.ts';
import {
  capConfig,
  destinationOf,
  MEASURED_KINDS,
  type MeasuredKind,
  plannedLoad,
} from '../../src/core/policy-caps.ts';
import { suite } from '../helper.ts';

const ALL = new Set(MEASURED_KINDS);
const DAY_SECONDS = 86_400;

function configOf(measurements: object): ProbeConfig {
  const parsed = parseProbeConfig({ schema: 1, measurements }, 'control');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.config;
}

function intervals({ measurements }: ProbeConfig, kind: MeasuredKind = 'smokeping'): number[] {
  return measurements[kind].targets.map(({ intervalMs }) => intervalMs);
}

function policyOf(part: Partial<Policy>): Policy {
  return { ...DEFAULT_POLICY, ...part };
}

const HOST = fc.constantFrom('a.example', 'A.example.', 'b.example', '192.0.2.1', '@gateway');
const TARGET = fc.record({
  host: HOST,
  interval: fc.integer({ min: 120, max: 5000 }).map((ms) => `${ms}ms`),
  size: fc.integer({ min: 20, max: 1472 }),
});
const PATH_TARGET = fc.record({
  host: HOST,
  interval: fc.integer({ min: 5, max: 600 }).map((seconds) => `${seconds}s`),
});
const ids = (targets: object[]): object[] => targets.map((one, id) => ({ ...one, id: `t${id}` }));
const DOCUMENT = fc.record({
  smokeping: fc.record({ targets: fc.array(TARGET, { maxLength: 60 }).map(ids) }),
  path: fc.record({
    targets: fc.array(PATH_TARGET, { maxLength: 40 }).map(ids),
    probes: fc.integer({ min: 1, max: 10 }),
    maxTtl: fc.integer({ min: 1, max: 64 }),
    packetsPerSecond: fc.integer({ min: 1, max: 10_000 }),
    answersPerSecond: fc.integer({ min: 1, max: 10_000 }),
    multipath: fc.boolean(),
  }),
});
const POLICY = fc.record({
  packetsPerSecond: fc.integer({ min: 1, max: 500 }),
  packetsPerSecondPerDestination: fc.integer({ min: 1, max: 100 }),
  bytesPerDay: fc.integer({ min: 1_000_000, max: 2_000_000_000 }),
});

suite('core/policy-caps', (s) => {
  s.test('whatever is asked for, no destination and not all of them get more than allowed', () => {
    fc.assert(
      fc.property(DOCUMENT, POLICY, fc.subarray([...MEASURED_KINDS]), (document, part, kinds) => {
        const policy = policyOf(part);
        const ruled = new Set<MeasuredKind>(kinds);
        const { config, capped } = capConfig(configOf(document), policy, ruled);
        const load = plannedLoad(config, ruled);
        for (const [host, perSecond] of load.byHost) {
          ok(perSecond <= policy.packetsPerSecondPerDestination + 1e-6, `${host} ${perSecond}`);
        }
        ok(load.perSecond <= policy.packetsPerSecond + 1e-6, `${load.perSecond}`);
        ok(load.bytesPerDay <= policy.bytesPerDay * (1 + 1e-9), `${load.bytesPerDay}`);
        ok(capped.length <= 65 && capped.every((text) => text.length <= 500));
        const { path } = config.measurements;
        if (!ruled.has('path') || path.targets.length === 0) return;
        ok(path.packetsPerSecond <= policy.packetsPerSecond);
        ok(path.answersPerSecond <= policy.packetsPerSecondPerDestination);
      }),
      { numRuns: 500 },
    );
  });

  s.test('an interval is never made shorter, and nothing but intervals and paces changes', () => {
    fc.assert(
      fc.property(DOCUMENT, POLICY, (document, part) => {
        const before = configOf(document);
        const copy = structuredClone(before);
        const { config, capped } = capConfig(before, policyOf(part), ALL);
        equal(before, copy);
        for (const kind of MEASURED_KINDS) {
          intervals(config, kind).forEach((ms, at) => {
            ok(ms >= (intervals(before, kind)[at] ?? 0));
          });
        }
        if (capped.length === 0) equal(config, before);
      }),
    );
  });

  s.test('two thousand targets of one host share what one host may get', () => {
    const targets = Array.from({ length: 2048 }, (_, id) => ({ id: `t${id}`, host: 'v.example' }));
    const { config, capped } = capConfig(configOf({ smokeping: { targets } }), DEFAULT_POLICY, ALL);
    const load = plannedLoad(config, ALL);
    ok(load.perSecond <= 50 && load.perSecond > 49.9, `${load.perSecond}`);
    is(intervals(config)[0], 81_920);
    equal(capped, [
      'v.example: 4096 packets a second are asked for and 50 allowed, ' +
        'so its intervals are 82.0 times as long',
    ]);
  });

  s.test('case, a dot at the end and the spelling of an address make no other host', () => {
    is(destinationOf('V.Example.'), 'v.example');
    is(destinationOf('2001:DB8:0::1'), '2001:db8::1');
    is(destinationOf('fe80::1%eth0'), 'fe80::1');
  });

  s.test('traces count as many packets as they may take', () => {
    const path = { targets: ['a.example'], maxTtl: 30, probes: 10, interval: '5s' };
    const given = configOf({ smokeping: { targets: ['a.example'] }, path });
    const { config, capped } = capConfig(given, DEFAULT_POLICY, ALL);
    // 2 echoes, and 2 × 300 probes in five seconds.
    is(intervals(config, 'path')[0], 12_200);
    is(intervals(config)[0], 2440);
    match(capped.join(), 'a.example: 122 packets a second are asked for and 50 allowed');
  });

  s.test('in all, everything slows down alike', () => {
    const targets = Array.from({ length: 100 }, (_, id) => ({
      id: `t${id}`,
      host: `h${id}.example`,
      families: ['v4'],
      interval: id < 50 ? '100ms' : '200ms',
    }));
    const { config, capped } = capConfig(
      configOf({ smokeping: { targets } }),
      policyOf({ packetsPerSecond: 75 }),
      ALL,
    );
    equal([intervals(config)[0], intervals(config)[99]], [1000, 2000]);
    match(capped.join(), /^in all 750 packets a second .* 10\.0 times as long$/);
  });

  s.test('bytes of a day count both ways', () => {
    const given = configOf({ smokeping: { targets: ['a.example'], interval: '100ms' } });
    const policy = policyOf({ bytesPerDay: 100_000_000 });
    const { config, capped } = capConfig(given, policy, ALL);
    const load = plannedLoad(config, ALL);
    ok(load.bytesPerDay <= 1e8 && load.bytesPerDay > 0.99e8, `${load.bytesPerDay / DAY_SECONDS}`);
    match(capped.join(), 'bytes a day are asked for and 100000000 allowed');
  });

  s.test('a kind that is not allowed is left out and said', () => {
    const given = configOf({ smokeping: { targets: ['a.example'] }, path: { targets: ['b'] } });
    const { config, capped } = capConfig(given, policyOf({ kinds: ['smokeping'] }), ALL);
    equal(config.measurements.path.targets, []);
    is(config.measurements.path.enable, false);
    is(intervals(config).length, 1);
    equal(capped, ['measurements.path is left out: the policy allows no such kind']);
  });

  s.test('a kind that is not ruled stays as it is and takes nothing from the others', () => {
    const targets = Array.from({ length: 200 }, (_, id) => ({ id: `t${id}`, host: 'a.example' }));
    const given = configOf({ smokeping: { targets }, path: { targets: ['a.example'] } });
    const { config, capped } = capConfig(given, DEFAULT_POLICY, new Set(['path'] as const));
    equal(config, given);
    equal(capped, []);
  });

  s.test('of very many sentences the last one and how many there are is told', () => {
    const targets = Array.from({ length: 300 }, (_, id) => ({
      host: `h${id}.example`,
      interval: '10ms',
    }));
    const { capped } = capConfig(configOf({ smokeping: { targets } }), DEFAULT_POLICY, ALL);
    is(capped.length, 48);
    match(capped.at(-2) ?? '', 'and 254 more like these');
    match(capped.at(-1) ?? '', 'in all');
  });
});

import * as assert from 'uvu/assert';
import {
  type Finding,
  type FleetEvent,
  type FleetFacts,
  type FleetPath,
  type FleetProbe,
  findTrouble,
  seriesKey,
} from '../../src/core/overview.ts';
import { random } from '../fake/page.ts';
import { suite } from '../helper.ts';

const AT_MS = 1_700_000_000_000;
const SERIES = { target: 'a400', family: 'v6' } as const;

function probes(count: number, change: (index: number) => Partial<FleetProbe> = () => ({})) {
  return Array.from(
    { length: count },
    (_, index): FleetProbe => ({
      name: `probe${index}`,
      isSilent: false,
      isExpected: true,
      isWell: true,
      seenMs: AT_MS,
      prefix: `198.51.${index}.0/24`,
      groups: [],
      location: `place ${index}`,
      version: '1.4.2',
      hardware: 'r2s',
      ...change(index),
    }),
  );
}

function shifts(names: readonly string[], spreadMs = 40_000): FleetEvent[] {
  return names.map((probe, index) => ({
    ...SERIES,
    probe,
    kind: 'shift',
    fromMs: AT_MS + (index * spreadMs) / Math.max(1, names.length),
    deltaNs: 5.8e6,
  }));
}

function facts(change: Partial<FleetFacts> & { probes: FleetProbe[] }): FleetFacts {
  const names = change.probes.map(({ name }) => name);
  return { measured: new Map([[seriesKey(SERIES), names]]), events: [], paths: [], ...change };
}

function paths(all: readonly FleetProbe[], through: (name: string) => string): FleetPath[] {
  return all.map(({ name }) => {
    const hops = [`gateway-of-${name}`, through(name), 'target'];
    return { ...SERIES, probe: name, hops, fresh: hops[1] === 'X' ? ['X'] : [] };
  });
}

const ofKind = (findings: readonly Finding[], kind: Finding['kind']) =>
  findings.filter((finding) => finding.kind === kind);

suite('core/overview', (s) => {
  s.test('nine probes that moved to one router are one finding, which names it', () => {
    const all = probes(31);
    const slow = all.slice(0, 9).map(({ name }) => name);
    const found = findTrouble(
      facts({
        probes: all,
        events: shifts(slow),
        paths: paths(all, (name) => (slow.includes(name) ? 'X' : 'Y')),
      }),
    );
    assert.is(found.length, 1);
    const [first] = found;
    if (first?.kind !== 'shift') throw new Error('expected a shift');
    assert.equal([first.probes.length, first.of, first.deltaNs], [9, 31, 5.8e6]);
    const { kind, value, isFresh, others, exceptions } = first.shared ?? {};
    assert.equal([kind, value, isFresh, others, exceptions], ['hop', 'X', true, 22, 0]);
  });

  s.test('a router that others pass without harm is not blamed', () => {
    const all = probes(31);
    const slow = all.slice(0, 9).map(({ name }) => name);
    const found = findTrouble(
      facts({ probes: all, events: shifts(slow), paths: paths(all, () => 'Y') }),
    );
    assert.is(found.length, 1);
    assert.is(found[0]?.shared, null);
  });

  s.test('of probes whose path is not known nothing is said', () => {
    const all = probes(12);
    const slow = all.slice(0, 4).map(({ name }) => name);
    const known = paths(all.slice(0, 6), (name) => (slow.includes(name) ? 'X' : 'Y'));
    const [first] = findTrouble(facts({ probes: all, events: shifts(slow), paths: known }));
    assert.is(first?.shared?.kind, 'hop');
    assert.is(first?.shared?.others, 2, 'and not the eight that are not affected');
  });

  s.test('a common cause is claimed of chance in hardly any fleet', () => {
    let claims = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed);
      const pick = (count: number): string => `${Math.floor(next() * count)}`;
      const all = probes(40, () => ({
        groups: [pick(4), `x${pick(12)}`],
        location: pick(15),
        prefix: pick(20),
        version: pick(3),
        hardware: pick(2),
      }));
      const slow = all.filter(() => next() < 0.15).map(({ name }) => name);
      const through = new Map(all.map(({ name }) => [name, `r${pick(10)}`]));
      const found = findTrouble(
        facts({
          probes: all,
          events: shifts(slow),
          paths: paths(all, (name) => through.get(name) ?? ''),
        }),
      );
      if (found.some(({ shared }) => shared !== null)) claims++;
    }
    assert.ok(claims <= 300 * 0.03, `${claims} of 300`);
  });

  s.test('a planted cause is found whatever else the probes share', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = random(seed);
      const count = 20 + Math.floor(next() * 60);
      const sick = 4 + Math.floor(next() * 8);
      const all = probes(count, (index) => ({
        prefix: index < sick ? '203.0.113.0/24' : `10.${index}.0.0/24`,
        groups: [`${Math.floor(next() * 3)}`],
        location: `${Math.floor(next() * 9)}`,
      }));
      const slow = all.slice(0, sick).map(({ name }) => name);
      const [first] = findTrouble(facts({ probes: all, events: shifts(slow) }));
      assert.equal(first?.probes.length, sick, `seed ${seed}`);
      assert.is(first?.shared?.value, '203.0.113.0/24', `seed ${seed}`);
    }
  });

  s.test('all that is found shares what is said, and hardly anybody else does', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const next = random(seed);
      const all = probes(30, () => ({ groups: [`${Math.floor(next() * 5)}`], location: '' }));
      const groupOf = new Map(all.map(({ name, groups }) => [name, groups[0]]));
      const slow = all
        .filter(({ groups }) => next() < (groups[0] === '0' ? 0.97 : 0.03))
        .map(({ name }) => name);
      for (const { shared, probes: named } of findTrouble(
        facts({ probes: all, events: shifts(slow) }),
      )) {
        if (shared?.kind !== 'group') continue;
        assert.ok(named.every((name) => groupOf.get(name) === shared.value));
        const others = all.filter(
          ({ name, groups }) => groups[0] === shared.value && !named.includes(name),
        );
        assert.is(others.length, shared.exceptions);
        assert.ok(others.length <= 0.1 * named.length);
      }
    }
  });

  s.test('two things at two times are two findings', () => {
    const all = probes(10);
    const late = shifts(['probe5', 'probe6']).map((one) => ({ ...one, fromMs: AT_MS + 3_600_000 }));
    const found = findTrouble(facts({ probes: all, events: [...shifts(['probe1']), ...late] }));
    assert.equal(found.map(({ probes: named }) => named.length).sort(), [1, 2]);
  });

  s.test('one silent probe is told with those behind the same prefix', () => {
    const all = probes(20, (index) => ({
      prefix: index < 4 ? '198.51.100.0/24' : `10.0.${index}.0/24`,
      isSilent: index === 0,
      seenMs: AT_MS - (index === 0 ? 1_380_000 : 0),
    }));
    const [first] = findTrouble(facts({ probes: all }));
    if (first?.kind !== 'silent') throw new Error('expected silence');
    assert.equal(first.neighbours, { prefix: '198.51.100.0/24', well: 3, silent: 0 });
  });

  s.test('a region that falls silent is one finding, a fleet that does is our own line', () => {
    const region = probes(20, (index) => ({
      prefix: index < 4 ? '198.51.100.0/24' : `10.0.${index}.0/24`,
      isSilent: index < 4,
    }));
    const [first, ...rest] = findTrouble(facts({ probes: region }));
    assert.is(rest.length, 0);
    assert.is(first?.shared?.value, '198.51.100.0/24');
    const [all] = findTrouble(facts({ probes: probes(20, () => ({ isSilent: true })) }));
    assert.ok(all?.kind === 'silent' && all.isEverybody && all.probes.length === 20);
  });

  s.test(
    'a probe that reaches nothing is its line, a target that nobody reaches is the target',
    () => {
      const all = probes(10);
      const names = all.map(({ name }) => name);
      const other = { target: 'b', family: 'v4' } as const;
      const measured = new Map([
        [seriesKey(SERIES), names],
        [seriesKey(other), names],
      ]);
      const outage = (
        probe: string,
        series: FleetEvent | typeof other | typeof SERIES,
      ): FleetEvent => ({
        target: series.target,
        family: series.family,
        probe,
        kind: 'outage',
        fromMs: AT_MS,
        deltaNs: null,
      });
      const line = [outage('probe3', SERIES), outage('probe3', other)];
      const [cut, ...rest] = findTrouble(facts({ probes: all, measured, events: line }));
      assert.is(rest.length, 0);
      assert.ok(cut?.kind === 'cut' && cut.targets === 2);
      const target = names.map((name) => outage(name, other));
      const found = findTrouble(facts({ probes: all, measured, events: target }));
      assert.is(ofKind(found, 'cut').length, 0);
      assert.is(ofKind(found, 'outage')[0]?.probes.length, 10);
    },
  );

  s.test('both families of one target at one time are one finding', () => {
    const all = probes(5);
    const both = (['v4', 'v6'] as const).flatMap((family) =>
      shifts(['probe1', 'probe2']).map((one) => ({ ...one, family })),
    );
    const [first, ...rest] = findTrouble(facts({ probes: all, events: both }));
    assert.is(rest.length, 0);
    assert.ok(first?.kind === 'shift' && first.series.length === 2);
  });

  s.test('ten thousand probes are looked through in a moment', () => {
    const all = probes(10_000, (index) => ({
      prefix: `10.${index >> 4}.0.0/24`,
      groups: [`g${index % 50}`],
      isSilent: index % 97 === 0,
      seenMs: AT_MS - (index % 50) * 1000,
    }));
    const slow = all.slice(0, 900).map(({ name }) => name);
    const own = paths(all, (name) => (slow.includes(name) ? 'X' : 'Y'));
    const startMs = performance.now();
    const found = findTrouble(facts({ probes: all, events: shifts(slow), paths: own }));
    assert.ok(performance.now() - startMs < 2_000, `${performance.now() - startMs} ms`);
    assert.ok(found.some(({ shared }) => shared?.value === 'X'));
  });
});

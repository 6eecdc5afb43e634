import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { composeSets, documentText, inOrder } from '../../src/core/compose.ts';
import { type AssignedSet, canonicalJson } from '../../src/core/compose-targets.ts';
import { parseProbeConfig } from '../../src/core/config.ts';
import { suite } from '../helper.ts';

type Scope = AssignedSet['scope'];

suite('core/compose', ({ test }) => {
  test('sets of one probe are one document, most general first', () => {
    const sets = [
      set('own', 'probe', { smokeping: { targets: ['c.example'] } }),
      set('every', 'all', {
        smokeping: { targets: ['a.example'] },
        path: { targets: ['p.example'] },
      }),
      set('site', 'group', { smokeping: { targets: ['b.example'] } }),
    ];
    assert.equal(composed(sets), {
      path: { targets: [{ host: 'p.example' }] },
      smokeping: { targets: ['a', 'b', 'c'].map((name) => ({ host: `${name}.example` })) },
    });
    assert.equal(
      inOrder(sets).map(({ id }) => id),
      ['every', 'site', 'own'],
    );
    assert.equal(composeSets([]).measurements, {});
  });

  test('a setting of a kind is that of the most specific set that states it', () => {
    const sets = [
      set('every', 'all', { smokeping: { round: '30s', timeout: '4s', targets: ['a.example'] } }),
      set('site', 'group', { smokeping: { round: '1m' } }),
      set('own', 'probe', { smokeping: { round: '2m' } }),
    ];
    const { measurements, notes } = composeSets(sets);
    const kind = measurements['smokeping'] as Record<string, unknown>;
    assert.equal([kind['round'], kind['timeout']], ['2m', '4s']);
    assert.is(notes.length, 2);
    assert.match(notes.join(), /round "30s" of set every gives way to "2m" of set own/);
  });

  test('of equally specific sets the lower id goes first', () => {
    const sets = [
      set('b', 'group', { path: { maxTtl: 20 } }),
      set('a', 'group', { path: { maxTtl: 10 } }),
    ];
    assert.equal(composed(sets), { path: { maxTtl: 10, targets: [] } });
    assert.equal(composed([...sets].reverse()), composed(sets));
  });

  test('the interval of a set holds for its own targets alone', () => {
    const sets = [
      set('slow', 'all', {
        smokeping: { interval: '10s', targets: ['a.example', own('b', '2s')] },
      }),
      set('usual', 'group', { smokeping: { targets: ['c.example'] } }),
      set('tcp', 'all', { path: { protocol: 'tcp', interval: '60s', targets: ['d.example'] } }),
    ];
    assert.equal(composed(sets), {
      path: { targets: [{ host: 'd.example', interval: '60s', protocol: 'tcp' }] },
      smokeping: {
        targets: [
          { host: 'a.example', interval: '10s' },
          { host: 'b', interval: '2s' },
          { host: 'c.example' },
        ],
      },
    });
  });

  test('a target of two sets is measured once, with families and labels of both', () => {
    const one = {
      host: 'a.example',
      families: ['v4'],
      labels: { site: 'x', a: '1' },
      interval: '5s',
    };
    const other = { host: 'A.example.', id: 'a.example', families: ['v6'], labels: { site: 'y' } };
    const sets = [
      set('every', 'all', { smokeping: { targets: [one] } }),
      set('own', 'probe', { smokeping: { interval: '9s', targets: [other] } }),
    ];
    const { measurements, notes } = composeSets(sets);
    assert.equal(measurements, {
      smokeping: {
        targets: [
          {
            id: 'a.example',
            host: 'A.example.',
            families: ['v4', 'v6'],
            labels: { site: 'y', a: '1' },
            interval: '9s',
          },
        ],
      },
    });
    assert.match(
      notes.join(),
      /a\.example every "5s" of set every gives way to every "9s" of set own/,
    );
  });

  test('an id that means two things is kept twice, and the older set keeps its name', () => {
    const old = set(
      'old',
      'probe',
      { smokeping: { targets: [{ id: 'dns', host: '192.0.2.1' }] } },
      1,
    );
    const young = set(
      'new',
      'all',
      { smokeping: { targets: [{ id: 'dns', host: '192.0.2.2' }] } },
      2,
    );
    const { measurements, notes } = composeSets([young, old]);
    assert.equal(measurements, {
      smokeping: {
        targets: [
          { id: 'dns@new', host: '192.0.2.2' },
          { id: 'dns', host: '192.0.2.1' },
        ],
      },
    });
    assert.match(
      notes.join(),
      /dns of set new becomes dns@new, since set old means something else/,
    );
  });

  test('a name that is made gives way to one that is written', () => {
    const target = (id: string, host: string) => ({ smokeping: { targets: [{ id, host }] } });
    const sets = [
      set('a', 'all', target('x', '192.0.2.1'), 1),
      set('b', 'all', target('x', '192.0.2.2'), 2),
      set('c', 'all', target('x@b', '192.0.2.3'), 3),
    ];
    assert.equal(idsOf(composed(sets)), ['x', 'x@b-2', 'x@b']);
    const long = 'y'.repeat(253);
    const both = [
      set('a', 'all', target(long, '192.0.2.1'), 1),
      set('b', 'all', target(long, '192.0.2.2'), 2),
    ];
    assert.equal(idsOf(composed(both)), [long, `${'y'.repeat(251)}@b`]);
  });

  test('what differs in size, TOS, source, protocol or port is something else', () => {
    const variants = [{ size: 100 }, { tos: 8 }, { source: '192.0.2.9' }, { device: 'eth0' }];
    for (const variant of variants) {
      const sets = [
        set('a', 'all', { smokeping: { targets: ['a.example'] } }, 1),
        set('b', 'all', { smokeping: { targets: [{ host: 'a.example', ...variant }] } }, 2),
      ];
      assert.equal(idsOf(composed(sets)), [undefined, 'a.example@b'], JSON.stringify(variant));
    }
    const defaults = { host: 'a.example', size: 56, tos: 0, source: null, device: null };
    const same = [
      set('a', 'all', { smokeping: { targets: ['a.example'] } }, 1),
      set('b', 'all', { smokeping: { targets: [defaults] } }, 2),
    ];
    assert.is(idsOf(composed(same)).length, 1);
    const tcp = [
      set('a', 'all', { path: { targets: ['a.example'] } }, 1),
      set('b', 'all', { path: { protocol: 'tcp', targets: ['a.example'] } }, 2),
    ];
    assert.is(idsOf(composed(tcp), 'path').length, 2);
  });

  test('what is switched off by another set is told', () => {
    const sets = [
      set('every', 'all', { smokeping: { targets: ['a.example', 'b.example'] } }),
      set('own', 'probe', { smokeping: { enable: false } }),
    ];
    assert.match(composeSets(sets).notes.join(), /switched off by own: 2 targets of every do not/);
    assert.equal(composeSets([set('a', 'all', { smokeping: { enable: false } })]).notes, []);
  });

  test('a kind of a later version is passed on whole', () => {
    const sets = [
      set('every', 'all', { quantum: { targets: [1] } }),
      set('own', 'probe', { quantum: { spin: 2 } }),
    ];
    const { measurements, notes } = composeSets(sets);
    assert.equal(measurements, { quantum: { spin: 2 } });
    assert.match(notes.join(), /quantum of set every gives way to that of set own/);
  });

  test('canonical text does not depend on the order of keys', () => {
    const keys = { b: { d: 1, c: [{ f: 1, e: 2 }] }, a: null };
    assert.is(canonicalJson(keys), '{"a":null,"b":{"c":[{"e":2,"f":1}],"d":1}}');
    assert.is(documentText('p', '{}'), '{"hostname":"p","measurements":{},"schema":1}');
  });

  test('sets that are valid by themselves lose nothing together, in any order', () => {
    fc.assert(
      fc.property(fc.array(SET, { maxLength: 5 }), fc.nat(), (sets, turn) => {
        const unique = [...new Map(sets.map((one) => [one.id, one])).values()];
        const text = canonicalJson(composed(unique));
        const turned = [...unique.slice(turn % 5), ...unique.slice(0, turn % 5)];
        assert.is(canonicalJson(composed(turned)), text);
        const parsed = parseProbeConfig(JSON.parse(documentText('probe01', text)), 'local');
        if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
        const { targets } = parsed.config.measurements.smokeping;
        for (const { host, size } of unique.flatMap(targetsOf)) {
          assert.ok(targets.some((one) => one.host === host && one.size === size));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a younger set never changes the ids that the others give', () => {
    fc.assert(
      fc.property(fc.array(SET, { maxLength: 4 }), SET, (sets, young) => {
        const unique = [...new Map(sets.map((one) => [one.id, one])).values()];
        const added = { ...young, id: 'young', createdMs: 1000 };
        const before = namesOf(composed(unique));
        const after = namesOf(composed([...unique, added]));
        for (const [name, host] of before) assert.is(after.get(name), host, name);
      }),
      { numRuns: 300 },
    );
  });
});

const TARGET = fc.record({
  id: fc.constantFrom('one', 'two', 'three'),
  host: fc.constantFrom('a.example', 'b.example', '192.0.2.1'),
  size: fc.constantFrom(56, 100),
});

const SET: fc.Arbitrary<AssignedSet> = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  createdMs: fc.nat(5),
  scope: fc.constantFrom<Scope>('all', 'group', 'probe'),
  measurements: fc
    .uniqueArray(TARGET, { selector: ({ id }) => id, maxLength: 3 })
    .map((targets) => ({ smokeping: { targets } })),
});

function targetsOf({ measurements }: AssignedSet): { host: string; size: number }[] {
  return (measurements['smokeping'] as { targets: { host: string; size: number }[] }).targets;
}

function set(id: string, scope: Scope, measurements: Record<string, unknown>, createdMs = 0) {
  return { id, scope, measurements, createdMs } satisfies AssignedSet;
}

function own(host: string, interval: string) {
  return { host, interval };
}

function composed(sets: readonly AssignedSet[]): Record<string, unknown> {
  return composeSets(sets).measurements;
}

function idsOf(measurements: Record<string, unknown>, kind = 'smokeping'): unknown[] {
  const { targets } = measurements[kind] as { targets: { id?: string }[] };
  return targets.map(({ id }) => id);
}

/** What each id means. */
function namesOf(measurements: Record<string, unknown>): Map<string, string> {
  const kind = measurements['smokeping'] as { targets?: Record<string, unknown>[] } | undefined;
  const targets = kind?.targets ?? [];
  return new Map(
    targets.map(({ id, host, size }) => [String(id ?? host), `${String(host)} ${String(size)}`]),
  );
}

import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { parseProbeConfig } from '../../src/core/config.ts';
import type { TargetConfig } from '../../src/core/config-target.ts';
import { formatDuration } from '../../src/core/duration.ts';
import { suite } from '../helper.ts';

suite('core/config-target', ({ test }) => {
  test('takes a string as a target, its host, which is its id too', () => {
    const targets = targetsOf(['one.example', '@gateway', '192.0.2.1', 'fe80::1%eth0']);

    assert.equal(
      targets.map(({ id, host, families }) => [id, host, families.join()]),
      [
        ['one.example', 'one.example', 'v4,v6'],
        ['@gateway', '@gateway', 'v4,v6'],
        ['192.0.2.1', '192.0.2.1', 'v4'],
        ['fe80::1@eth0', 'fe80::1%eth0', 'v6'],
      ],
    );
  });

  test('lets a target override the interval', () => {
    const [first, second] = targetsOf(['a.example', { host: 'b.example', interval: '100ms' }]);

    assert.is(first?.intervalMs, 1000);
    assert.is(second?.intervalMs, 100);
  });

  test('takes 2048 targets and not one more', () => {
    const hosts = Array.from({ length: 2049 }, (_, index) => `host${index}.example`);

    assert.is(targetsOf(hosts.slice(1)).length, 2048);
    assert.equal(refusedTargets(hosts), [': expected at most 2048 but got 2049']);
  });

  test('gives each target an id of its own', () => {
    assert.equal(refusedTargets(['a.example', 'b.example', { id: 'a.example', host: 'c' }]), [
      '.2.id: expected an id of its own but got "a.example", as target 0 has',
    ]);
    for (const id of ['', '.', '..', 'a b', 'a/b', 'é', 'x'.repeat(254)]) {
      assert.match(refusedTargets([{ id, host: 'a' }])[0] ?? '', /^\.0\.id: expected an id of/);
    }
    assert.is(targetsOf([{ id: `A.9_:@-${'x'.repeat(246)}`, host: 'a' }]).length, 1);
  });

  test('refuses hosts that cannot be measured', () => {
    const hosts = ['', 'a b', '-a.example', 'a..b', '1.2.3.256', '0x7f.1', '@other', 'münchen.de'];
    const addresses = [
      '0.0.0.0',
      '::',
      '224.0.0.1',
      'ff02::1',
      '255.255.255.255',
      '::ffff:1.2.3.4',
    ];
    for (const host of [...hosts, ...addresses, 'x'.repeat(64), 5, null, {}, 'fe80::1']) {
      const issues = refusedTargets([{ id: 'a', host }]);
      assert.is(issues.length, 1);
      assert.match(issues[0] ?? '', /^\.0\.host: expected /);
    }
    for (const host of ['a', 'a.example.', 'xn--mnchen-3ya.de', '_x.example', '1a', '3.example']) {
      assert.is(targetsOf([host])[0]?.host, host);
    }
    assert.is(targetsOf([{ host: 'fe80::1', device: 'eth0' }])[0]?.device, 'eth0');
  });

  test('measures the families that host and source have', () => {
    const both = ['v4', 'v6'];
    const narrow = targetsOf([
      { host: '192.0.2.1', families: both },
      { host: 'a.example', source: '2001:db8::1' },
      { host: 'b.example', families: ['v6'] },
    ]);

    assert.equal(
      narrow.map(({ families }) => families),
      [['v4'], ['v6'], ['v6']],
    );
    assert.equal(refusedTargets([{ host: '192.0.2.1', families: ['v6'] }]), [
      '.0.families: expected a family that host 192.0.2.1 and source null have but got none',
    ]);
    for (const families of [[], ['v4', 'v4'], ['v5'], 'v4', ['v4', 'v6', 'v4'], null]) {
      assert.match(refusedTargets([{ host: 'a', families }])[0] ?? '', /^\.0\.families/);
    }
  });

  test('takes labels that Prometheus takes and that are not set already', () => {
    const labels = { site: 'a"b\\', constructor: 'x', prototype: 'y' };
    assert.equal(targetsOf([{ host: 'a', labels }])[0]?.labels, labels);

    const refusedNames = ['target', 'le', 'job', 'instance', '0a', 'a-b', '__name__', '', 'é'];
    for (const name of refusedNames) {
      const issues = refusedTargets([{ host: 'a', labels: { [name]: 'x' } }]);
      assert.ok(issues[0]?.startsWith(`.0.labels.${name}: expected `), issues[0]);
    }
    for (const value of [1, null, 'a\nb', '\ud800', 'x'.repeat(257)]) {
      assert.match(refusedTargets([{ host: 'a', labels: { a: value } }])[0] ?? '', /labels\.a:/);
    }
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`l${index}`, '']));
    assert.match(refusedTargets([{ host: 'a', labels: many }])[0] ?? '', /at most 16 labels/);
    assert.match(refusedTargets([{ host: 'a', labels: [] }])[0] ?? '', /an object of labels/);
  });

  test('checks size, TOS, source and device', () => {
    const good = { size: 16, tos: 255, source: '192.0.2.1', device: 'br-lan.100' };
    assert.is(targetsOf([{ host: 'a', ...good, size: 1472 }]).length, 1);
    const bad: [string, unknown][] = [
      ['size', 15],
      ['size', 1473],
      ['size', 56.5],
      ['tos', -1],
      ['tos', 256],
      ['source', 'eth0'],
      ['source', ''],
      ['device', 'a/b'],
      ['device', 'x'.repeat(16)],
      ['device', '..'],
    ];
    for (const [key, value] of bad) {
      const issues = refusedTargets([{ host: 'a', [key]: value }]);
      assert.ok(issues[0]?.startsWith(`.0.${key}: expected `), issues[0]);
    }
  });

  test('gives back every value of any valid document', () => {
    const target = fc.record(
      {
        host: fc.oneof(fc.domain(), fc.constant('@resolver')),
        interval: fc.integer({ min: 120, max: 3_600_000 }).map(formatDuration),
        size: fc.integer({ min: 16, max: 1472 }),
        tos: fc.integer({ min: 0, max: 255 }),
        device: fc.constantFrom(null, 'eth0'),
        labels: fc.dictionary(fc.stringMatching(/^x[a-z_]{0,9}$/), fc.constant('é"'), {
          noNullPrototype: true,
        }),
      },
      { requiredKeys: ['host'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(target, { maxLength: 20 }), (targets) => {
        const documents = targets.map((part, index) => ({ id: `t${index}`, ...part }));
        const configs = targetsOf(documents);
        for (const [index, config] of configs.entries()) {
          const { interval, ...rest } = documents[index] as { interval?: string };
          assert.equal({ ...config, ...rest }, config);
          assert.is(formatDuration(config.intervalMs), interval ?? '1s');
        }
        assert.is(configs.length, targets.length);
      }),
      { numRuns: 300 },
    );
  });
});

function targetsOf(targets: unknown[]): TargetConfig[] {
  const parsed = parse(targets);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config.measurements.smokeping.targets;
}

function refusedTargets(targets: unknown[]): string[] {
  const parsed = parse(targets);
  assert.not.ok(parsed.ok, JSON.stringify(targets));
  const start = 'measurements.smokeping.targets';
  return (parsed.ok ? [] : parsed.issues).map(({ path, message }) => {
    assert.ok(path.startsWith(start), path);
    return `${path.slice(start.length)}: ${message}`;
  });
}

function parse(targets: unknown[]) {
  return parseProbeConfig({ schema: 1, measurements: { smokeping: { targets } } }, 'local');
}

import * as assert from 'uvu/assert';
import { parseProbeConfig } from '../../src/core/config.ts';
import { PATH_TARGETS_MAX, type PathConfig } from '../../src/core/config-path.ts';
import { suite } from '../helper.ts';

suite('core/config-path', ({ test }) => {
  test('a host is a target, with every default filled in', () => {
    assert.equal(accepted({ targets: ['a.example', '192.0.2.1'] }), {
      enable: true,
      intervalMs: 30_000,
      multipath: false,
      probes: 3,
      maxTtl: 30,
      packetsPerSecond: 100,
      answersPerSecond: 10,
      targets: [
        {
          id: 'a.example',
          host: 'a.example',
          families: ['v4', 'v6'],
          intervalMs: 30_000,
          size: 32,
          tos: 0,
          source: null,
          device: null,
          labels: {},
          protocol: 'icmp',
          port: null,
        },
        {
          id: '192.0.2.1',
          host: '192.0.2.1',
          families: ['v4'],
          intervalMs: 30_000,
          size: 32,
          tos: 0,
          source: null,
          device: null,
          labels: {},
          protocol: 'icmp',
          port: null,
        },
      ],
    });
  });

  test('reads what the contract shows', () => {
    const target = { id: 'a400', host: 'a400.speedtest.example' };
    const path = { enable: true, interval: '30s', protocol: 'icmp', multipath: false };
    const [first] = accepted({ ...path, targets: [target] }).targets;
    assert.equal([first?.id, first?.host], ['a400', 'a400.speedtest.example']);
  });

  test('a target overrides interval and protocol', () => {
    const { targets } = accepted({
      interval: '1m',
      protocol: 'udp',
      targets: ['a.example', { host: 'b.example', interval: '5s', protocol: 'tcp', port: 443 }],
    });
    assert.equal(
      targets.map(({ intervalMs, protocol, port }) => [intervalMs, protocol, port]),
      [
        [60_000, 'udp', null],
        [5000, 'tcp', 443],
      ],
    );
  });

  test('keeps to its limits', () => {
    const cases: [object, string | null][] = [
      [{ interval: '5s' }, null],
      [{ interval: '4999ms' }, 'interval'],
      [{ interval: '1h' }, null],
      [{ interval: '61m' }, 'interval'],
      [{ protocol: 'sctp' }, 'protocol'],
      [{ multipath: 1 }, 'multipath'],
      [{ probes: 0 }, 'probes'],
      [{ probes: 10 }, null],
      [{ probes: 11 }, 'probes'],
      [{ maxTtl: 64 }, null],
      [{ maxTtl: 65 }, 'maxTtl'],
      [{ packetsPerSecond: 0 }, 'packetsPerSecond'],
      [{ packetsPerSecond: 10_001 }, 'packetsPerSecond'],
      [{ answersPerSecond: 1 }, null],
      [{ answersPerSecond: 1.5 }, 'answersPerSecond'],
      [{ targets: [{ host: 'a.example', size: 20 }] }, null],
      [{ targets: [{ host: 'a.example', size: 19 }] }, 'targets.0.size'],
      [{ targets: [{ host: 'a.example', port: 0 }] }, 'targets.0.port'],
      [{ targets: [{ host: 'a.example', port: null }] }, null],
      [{ targets: [{ host: 'a.example', interval: '1s' }] }, 'targets.0.interval'],
      [{ targets: [{ host: 'fe80::1' }] }, 'targets.0.host'],
      [{ targets: [{ host: '192.0.2.1', source: '::1' }] }, 'targets.0.families'],
      [{ targets: ['a.example', { id: 'a.example', host: 'b.example' }] }, 'targets.1.id'],
      [{ targets: hosts(PATH_TARGETS_MAX) }, null],
      [{ targets: hosts(PATH_TARGETS_MAX + 1) }, 'targets'],
      [{ targets: {} }, 'targets'],
      [{ colour: 1 }, 'colour'],
    ];
    for (const [path, key] of cases) {
      const paths = issuesOf(path).map((issue) => issue.path);
      const expected = key === null ? [] : [`measurements.path.${key}`];
      assert.equal(paths, expected, JSON.stringify(path).slice(0, 100));
    }
  });

  test('says what is expected', () => {
    const [protocol] = issuesOf({ protocol: 'sctp' });
    assert.is(protocol?.message, 'expected "icmp", "udp" or "tcp" but got "sctp"');
    const [interval] = issuesOf({ targets: [{ host: 'a.example', interval: '1s' }] });
    assert.is(interval?.message, 'expected at least "5s" but got "1s"');
    const [unknown] = issuesOf({ targets: [{ host: 'a.example', colour: 1 }] });
    assert.match(unknown?.message ?? '', 'device, labels, protocol, port');
  });

  test('ids are unique among paths, and may be those of other measurements', () => {
    const measurements = {
      smokeping: { targets: ['a.example'] },
      path: { targets: ['a.example'] },
    };
    assert.ok(parseProbeConfig({ schema: 1, measurements }, 'local').ok);
  });
});

function accepted(path: unknown): PathConfig {
  const parsed = parseProbeConfig({ schema: 1, measurements: { path } }, 'local');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.config.measurements.path;
}

function issuesOf(path: unknown) {
  const parsed = parseProbeConfig({ schema: 1, measurements: { path } }, 'local');
  return parsed.ok ? [] : parsed.issues;
}

function hosts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `h${i}.example`);
}

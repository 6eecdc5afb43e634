import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type ParsedConfig, type ProbeConfig, parseProbeConfig } from '../../src/core/config.ts';
import { suite } from '../helper.ts';

const EXAMPLE = {
  schema: 1,
  hostname: 'probe07',
  listen: { address: '127.0.0.1', port: 9740 },
  measurements: {
    smokeping: {
      enable: true,
      interval: '1s',
      round: '30s',
      timeout: '5s',
      targets: [
        {
          id: 'a400',
          host: 'a400.speedtest.example',
          families: ['v4', 'v6'],
          size: 56,
          tos: 0,
          source: null,
          device: null,
          labels: {},
        },
      ],
    },
  },
  store: { keep: '48h', bytesMax: 67_108_864 },
};

suite('core/config', ({ test }) => {
  test('takes a document of nothing but the schema, with the documented defaults', () => {
    assert.equal(accepted({ schema: 1 }), {
      hostname: null,
      listen: { address: '127.0.0.1', port: 9740 },
      measurements: {
        smokeping: {
          enable: true,
          intervalMs: 1000,
          roundMs: 30_000,
          timeoutMs: 5000,
          targets: [],
        },
        path: {
          enable: true,
          intervalMs: 30_000,
          multipath: false,
          probes: 3,
          maxTtl: 30,
          packetsPerSecond: 100,
          answersPerSecond: 10,
          targets: [],
        },
      },
      store: { keepMs: 172_800_000, bytesMax: 67_108_864 },
    });
  });

  test('reads the documented example', () => {
    const config = accepted(EXAMPLE);

    assert.is(config.hostname, 'probe07');
    assert.equal(config.measurements.smokeping.targets, [
      {
        id: 'a400',
        host: 'a400.speedtest.example',
        families: ['v4', 'v6'],
        intervalMs: 1000,
        size: 56,
        tos: 0,
        source: null,
        device: null,
        labels: {},
      },
    ]);
  });

  test('names an unknown key of a local file by its path, every one of them', () => {
    const document = {
      schema: 1,
      stroe: {},
      measurements: { smokeping: { targets: [{ host: 'a.example', colour: 1 }] } },
    };

    assert.equal(refused(document), [
      'stroe: unknown key: expected schema, hostname, listen, measurements, store',
      'measurements.smokeping.targets.0.colour: unknown key: expected id, host, families, ' +
        'interval, size, tos, source, device, labels',
    ]);
  });

  test('a kind it does not know is an error in a file, skipped and named from the control', () => {
    const document = { schema: 1, measurements: { http: { targets: ['a.example'] } } };

    assert.equal(refused(document), [
      'measurements.http: this version has no such measurement: expected smokeping, path',
    ]);
    assert.equal(unsupported(document), ['measurements.http']);
  });

  test('skips what the control knows and this version does not', () => {
    const smokeping = { targets: [{ host: 'a.example', colour: 1 }], burst: true };
    const document = JSON.parse(
      JSON.stringify({ schema: 1, policy: {}, measurements: { smokeping } }).replace(
        '"policy"',
        '"__proto__"',
      ),
    );
    const parsed = parseProbeConfig(document, 'control');

    assert.ok(parsed.ok);
    assert.equal(parsed.unsupported, [
      '__proto__',
      'measurements.smokeping.targets.0.colour',
      'measurements.smokeping.burst',
    ]);
    assert.is(parsed.config.measurements.smokeping.targets[0]?.host, 'a.example');
  });

  test('bounds what it reports', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, 0]));
    const keys = unsupported({ schema: 1, ...many });

    assert.is(keys.length, 65);
    assert.is(keys.at(-1), 'and 436 more');
    assert.is(refused({ schema: 1, ...many }).at(-1), ': and 480 more');
    const long = refused({ schema: 1, hostname: 'x'.repeat(100_000) });
    assert.ok((long[0]?.length ?? 0) < 200);
  });

  test('refuses a higher schema from both, before anything else', () => {
    for (const mode of ['local', 'control'] as const) {
      const parsed = parseProbeConfig({ schema: 2, anything: true }, mode);
      assert.equal(parsed, {
        ok: false,
        issues: [
          {
            path: 'schema',
            message: 'expected 1 but got 2: a newer version of flint reads this document',
          },
        ],
      });
    }
    assert.equal(refused({}), ['schema: expected but missing']);
    assert.equal(refused({ schema: 0 }), ['schema: expected 1 but got 0']);
    assert.equal(refused({ schema: '1' }), ['schema: expected 1 but got "1"']);
  });

  test('says what is expected and what came', () => {
    const cases: [unknown, string][] = [
      [[], ': expected an object but got an array of 0'],
      [null, ': expected an object but got null'],
      [{ schema: 1, listen: [] }, 'listen: expected an object but got an array of 0'],
      [
        { schema: 1, listen: { port: 70_000 } },
        'listen.port: expected a whole number from 0 to 65535 but got 70000',
      ],
      [
        { schema: 1, listen: { address: 'localhost' } },
        'listen.address: expected an IP address but got "localhost"',
      ],
      [
        { schema: 1, listen: { address: '0.0.0.0' } },
        'listen.address: expected a loopback address (127.0.0.1 or ::1) but got "0.0.0.0": the ' +
          'page asks for no password, so it is served to this machine alone (others reach it ' +
          'through ssh -L)',
      ],
      [
        { schema: 1, store: { keep: 48 } },
        'store.keep: expected a duration from 1h to 90d, such as "1h" but got 48',
      ],
      [
        { schema: 1, hostname: '' },
        'hostname: expected a host name of up to 253 characters or null but got ""',
      ],
    ];
    for (const [document, issue] of cases) assert.equal(refused(document), [issue]);
  });

  test('keeps to the limits of times', () => {
    const cases: [object, string | null][] = [
      [{ interval: '10ms' }, null],
      [{ interval: '9ms' }, 'interval'],
      [{ interval: '1h' }, null],
      [{ interval: '61m' }, 'interval'],
      [{ round: '5s' }, null],
      [{ round: '4s' }, 'round'],
      [{ round: '10m' }, null],
      [{ round: '11m' }, 'round'],
      [{ timeout: '100ms' }, null],
      [{ timeout: '99ms' }, 'timeout'],
      [{ timeout: '60s' }, null],
      [{ timeout: '61s' }, 'timeout'],
      [{ timeout: '10s', round: '5s' }, null],
      [{ timeout: '11s', round: '5s' }, 'timeout'],
      [{ timeout: '60s', interval: '120ms' }, null],
      [{ timeout: '60s', interval: '119ms' }, 'interval'],
      [
        { timeout: '10s', targets: [{ host: 'a.example', interval: '10ms' }] },
        'targets.0.interval',
      ],
    ];
    for (const [smokeping, key] of cases) {
      const issues = issuesOf({ schema: 1, measurements: { smokeping } });
      const paths = issues.map(({ path }) => path);
      assert.equal(paths, key === null ? [] : [`measurements.smokeping.${key}`]);
    }
  });

  test('never throws, whatever the JSON', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const nearly = fc.record(
      {
        schema: fc.constantFrom(1, 1, 1, 2, null),
        hostname: json,
        listen: fc.oneof(json, fc.record({ address: json, port: json })),
        measurements: fc.record({
          smokeping: fc.record(
            { interval: json, round: json, timeout: json, targets: fc.oneof(json, fc.array(json)) },
            { requiredKeys: [] },
          ),
          path: fc.record(
            { interval: json, protocol: json, probes: json, targets: fc.array(json) },
            { requiredKeys: [] },
          ),
        }),
        store: json,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(json, nearly), fc.constantFrom('local', 'control'), (document, mode) => {
        const parsed = parseProbeConfig(document, mode as 'local' | 'control');
        if (!parsed.ok) assert.ok(parsed.issues.length > 0);
      }),
      { numRuns: 5000 },
    );
  });
});

function accepted(document: unknown): ProbeConfig {
  const parsed = parseProbeConfig(document, 'local');
  assert.ok(parsed.ok, lines(parsed).join('\n'));
  return parsed.config;
}

function issuesOf(document: unknown) {
  const parsed = parseProbeConfig(document, 'local');
  return parsed.ok ? [] : parsed.issues;
}

function refused(document: unknown): string[] {
  return lines(parseProbeConfig(document, 'local'));
}

function lines(parsed: ParsedConfig): string[] {
  return parsed.ok ? [] : parsed.issues.map(({ path, message }) => `${path}: ${message}`);
}

function unsupported(document: unknown): string[] {
  const parsed = parseProbeConfig(document, 'control');
  assert.ok(parsed.ok);
  return parsed.unsupported;
}

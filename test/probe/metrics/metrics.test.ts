import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { ProbeSnapshot } from '../../../src/core/snapshot.ts';
import {
  describeMetrics,
  familyBlocks,
  METRIC_GROUPS,
  metricsParts,
  registryOf,
  renderMetrics,
} from '../../../src/probe/metrics/metrics.ts';
import { familyHeader, familyLines } from '../../../src/probe/metrics/text.ts';
import { gather } from '../../../src/probe/snapshot.ts';
import { fakeBoardSnapshot } from '../../fake/board.ts';
import { suite } from '../../helper.ts';
import { parseMetrics } from '../metrics-parse.ts';
import { makeCrowd, makeSeries, makeSnapshot } from '../metrics-snapshot.ts';
import { makePath } from '../path-snapshot.ts';

const promtool = spawnSync('promtool', ['--version']).error === undefined;
const missing = promtool ? null : 'promtool is not on the PATH';

suite('metrics', ({ test, testIf }) => {
  for (const group of METRIC_GROUPS) {
    testIf(missing, `promtool finds nothing to say about the group ${group}`, async () => {
      checkWithPromtool(await renderMetrics(group, variedSnapshot()));
    });
  }

  testIf(missing, 'promtool accepts a crowd, which our own writer prints', async () => {
    checkWithPromtool(await renderMetrics('all', makeSnapshot({ series: makeCrowd(100) })));
  });

  testIf(missing, 'promtool accepts a probe that has not measured anything', async () => {
    checkWithPromtool(await renderMetrics('all', makeSnapshot({ series: [] })));
  });

  test('our writer and the registry of prom-client print the same', async () => {
    const snapshot = makeSnapshot({ series: [...variedSnapshot().series, ...makeCrowd(50)] });

    for await (const families of familyBlocks('all', snapshot)) {
      const registry = registryOf(families);
      for (const family of families.filter(({ name }) => !name.startsWith('flint_process'))) {
        if (family.timestampsMs !== null) continue;
        const ours = familyHeader(family) + familyLines(family, 0, family.rows.length);
        assert.is(ours, `${await registry.getSingleMetricAsString(family.name)}\n`);
      }
    }
  });

  test('a crowd and a few are printed with the same figures', async () => {
    const crowd = makeCrowd(40);
    const few = crowd.slice(0, 10);

    const many = await renderMetrics('smokeping', makeSnapshot({ series: crowd }));
    const lines = new Set(many.split('\n'));

    const text = await renderMetrics('smokeping', makeSnapshot({ series: few }));
    for (const line of text.split('\n')) assert.ok(lines.has(line), line);
  });

  test('everything is one group or the other, and nothing is in both', async () => {
    const names = (group: (typeof METRIC_GROUPS)[number]) =>
      describeMetrics(group).map((m) => m.name);

    assert.equal(names('all'), [...names('smokeping'), ...names('path'), ...names('self')]);
    assert.is(new Set(names('all')).size, names('all').length);
  });

  test('docs/metrics.md lists exactly what is exported', () => {
    const text = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const listed = text
      .split('\n')
      .filter((line) => /^\| `(smokeping|mtr_v[46]|flint)_/.test(line));

    const exported = describeMetrics('all').map(({ name, type, labels, unit, help }) => {
      const shown = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${shown === '' ? '–' : shown} | ${unit} | ${help} |`;
    });

    assert.equal(listed, exported);
  });

  test('every family is exported with the labels that it is described with', async () => {
    const labels = { region: 'north' };
    const paths = [makePath(), makePath({ family: 'v6' })];
    const board = fakeBoardSnapshot();
    const snapshot = makeSnapshot({ series: [makeSeries({ labels })], paths, board });

    const samples = parseMetrics(await renderMetrics('all', snapshot));

    for (const family of describeMetrics('all')) {
      const own = samples.find(({ name }) => name.replace(/_bucket$/, '') === family.name);
      const expected = family.labels.map((label) => (label === 'own' ? 'region' : label));
      if (family.type === 'histogram') expected.push('le');
      assert.equal(Object.keys(own?.labels ?? {}).sort(), expected.sort(), family.name);
    }
  });

  test('text from outside can neither end a label nor add a line', async () => {
    const hostile = ['a"b', 'a\\', '\\"', 'x\n# TYPE y counter\ny 1', '{}', 'ü\u0000\r\t', '$&'];
    const series = hostile.map((text) => makeSeries({ target: text, host: text, source: text }));
    const labels = { constructor: 'x"\n', toString: '\\n' };
    const paths = hostile.map((text) => makePath({ target: text, host: text }));
    const snapshot = makeSnapshot({ series: [...series, makeSeries({ labels })], paths });

    const samples = parseMetrics(await renderMetrics('all', snapshot));
    const reached = samples.filter(({ name }) => name === 'flint_path_reached');
    assert.equal(
      reached.map((sample) => sample.labels['target']),
      hostile,
    );

    const sent = samples.filter(({ name }) => name === 'smokeping_requests_total');
    assert.equal(sent.map((sample) => sample.labels['host']).slice(0, -1), hostile);
    assert.is(sent.at(-1)?.labels['constructor'], labels.constructor);
    assert.is(sent.at(-1)?.labels['toString'], labels.toString);
    assert.is(sent[0]?.labels['constructor'], '');
  });

  test('a scrape of 2 000 series never holds the event loop for long', async () => {
    const crowd = makeCrowd(1000);
    const holds: number[] = [];
    let used = process.cpuUsage();
    const timer = setInterval(() => {
      const { user, system } = process.cpuUsage(used);
      used = process.cpuUsage();
      holds.push((user + system) / 1000);
    }, 1);
    for (let count = 0; count < 3; count++) {
      const series = await gather(crowd.values());
      for await (const part of metricsParts('all', makeSnapshot({ series }))) {
        assert.ok(part.length < 100_000);
      }
    }
    clearInterval(timer);

    // The compiler and the collector count too, now and then.
    const [, , , fourth = 0] = holds.sort((a, b) => b - a);
    assert.ok(holds.length > 20, `${holds.length} turns`);
    assert.ok(fourth < 20, `${holds.slice(0, 8).map(Math.round).join(', ')} ms`);
  });

  test('the event loop turns while 1 000 targets are printed', async () => {
    const snapshot = makeSnapshot({ series: makeCrowd(1000) });
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);

    let bytes = 0;
    for await (const part of metricsParts('all', snapshot)) bytes += part.length;
    isOver = true;

    assert.ok(turns > 3, `${turns} turns`);
    assert.ok(bytes > 10_000_000, `${bytes} bytes`);
  });
});

function checkWithPromtool(text: string): void {
  parseMetrics(text);
  const result = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.is(`${result.stdout}${result.stderr}`, '');
  assert.is(result.status, 0);
}

// Something of everything: both families, a name without address, a series that was replaced,
// nothing received, an outage, labels of one target only.
function variedSnapshot(): ProbeSnapshot {
  const unknown = { ip: null, lastRound: null, ttl: null } as const;
  const resolve = { ok: false, atMs: null };
  return makeSnapshot({
    board: fakeBoardSnapshot(),
    series: [
      makeSeries(),
      makeSeries({ family: 'v6', ip: '2001:db8::40' }),
      makeSeries({ ip: '203.0.113.39', current: false }),
      makeSeries({ target: 'lab', host: 'lab.example', labels: { region: 'n"o\\rth', tier: '1' } }),
      makeSeries({
        target: 'dead',
        host: 'dead.example',
        state: 'unresolved',
        resolve,
        ...unknown,
      }),
      makeSeries({ target: 'out', host: 'out.example', state: 'down' }),
    ],
    paths: [
      makePath(),
      makePath({ family: 'v6', protocol: 'udp' }),
      makePath({ target: 'lab', host: 'lab.example', path: null, lastRound: null, sinceMs: null }),
      makePath({ target: 'dead', host: 'dead.example', state: 'unresolved', ip: null }),
    ],
    clock: { state: 'unsynced', offsetNs: null },
  });
}

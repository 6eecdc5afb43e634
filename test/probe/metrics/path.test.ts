import * as assert from 'uvu/assert';
import { toPath } from '../../../src/core/path-hash.ts';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import { renderMetrics } from '../../../src/probe/metrics/metrics.ts';
import { mtrRows, pathRows } from '../../../src/probe/metrics/path.ts';
import { startSlice } from '../../../src/probe/time-slice.ts';
import { suite } from '../../helper.ts';
import { findValue, parseMetrics } from '../metrics-parse.ts';
import { makeSnapshot, NOW_MS } from '../metrics-snapshot.ts';
import { makeHop, makePath, makePathRound, PATH_V4 } from '../path-snapshot.ts';

const HOST = 'a400.speedtest.example';
const WHEN = { hostname: 'probe07', nowMs: NOW_MS, slice: startSlice() };

suite('metrics-path', ({ test }) => {
  test('prints what telegraf makes of mtr, with labels, units and time of one run', async () => {
    const lines = (await textOf([makePath()])).split('\n');
    const labels = (hop: number, ip: string): string =>
      `{dest="${HOST}",hop="${hop}",host="probe07",ip="${ip}",db="telegraf"}`;
    const at = ` ${NOW_MS - 10_000}`;

    const expected = [
      `mtr_v4_avg${labels(1, '192.0.2.1')} 1.25${at}`,
      `mtr_v4_avg${labels(2, '???')} 0${at}`,
      `mtr_v4_best${labels(3, '198.51.100.3')} 3${at}`,
      `mtr_v4_worst${labels(3, '198.51.100.3')} 3.5${at}`,
      `mtr_v4_stdev${labels(4, '203.0.113.40')} 0.2${at}`,
      `mtr_v4_loss${labels(1, '192.0.2.1')} 0${at}`,
      `mtr_v4_loss${labels(2, '???')} 100${at}`,
      `mtr_v4_snt${labels(2, '???')} 3${at}`,
      `mtr_v4_status${labels(1, '192.0.2.1')} 0${at}`,
    ];
    for (const line of expected) assert.ok(lines.includes(line), line);
    const stamps = lines
      .filter((line) => line.startsWith('mtr_'))
      .map((line) => line.split(' ')[2]);
    assert.equal([stamps.length, new Set(stamps).size], [7 * 4, 1]);
    assert.not.ok(lines.some((line) => line.startsWith('mtr_v6_')));
    assert.not.ok(lines.some((line) => /^flint_.* .* /.test(line)));
  });

  test('both families are told apart by name', async () => {
    const samples = parseMetrics(await textOf([makePath(), makePath({ family: 'v6' })]));
    assert.is(findValue(samples, 'mtr_v6_avg', { hop: '3', ip: '2001:db8:3::1' }), 3.25);
    assert.is(findValue(samples, 'mtr_v4_avg', { hop: '3', ip: '198.51.100.3' }), 3.25);
  });

  test('a target that is not reached, and one without a route, has a sample too', async () => {
    const silent = { ...makePathRound([null]), reached: false };
    const refused = makePathRound([null], { target: 'b', host: 'b.example' });
    const paths = [
      makePath({ path: null, end: 'silence', lastRound: silent }),
      makePath({
        target: 'b',
        host: 'b.example',
        state: 'unavailable',
        path: null,
        lastRound: { ...refused, hops: [makeHop(1, null, { sent: 0, lossPercent: null })] },
      }),
    ];
    const samples = parseMetrics(await textOf(paths));

    const at = (dest: string) => ({ dest, hop: '1', ip: '???' });
    assert.is(findValue(samples, 'mtr_v4_loss', at(HOST)), 100);
    assert.is(findValue(samples, 'mtr_v4_snt', at(HOST)), 3);
    assert.is(findValue(samples, 'mtr_v4_loss', at('b.example')), 100);
    assert.is(findValue(samples, 'mtr_v4_snt', at('b.example')), 0);
    assert.is(findValue(samples, 'flint_path_up', { target: 'b' }), 0);
    assert.is(findValue(samples, 'flint_path_reached', { target: 'a400' }), 0);
  });

  test('an address that was seen once is no label', async () => {
    const strange = [...PATH_V4];
    strange[2] = '10.66.66.66';
    assert.equal(await ipsOf(makePath({ lastRound: makePathRound(strange) })), [
      '192.0.2.1',
      '???',
      '198.51.100.3',
      '203.0.113.40',
    ]);
    const longer = [...PATH_V4.slice(0, 3), '10.0.0.4', '10.0.0.5', '203.0.113.40'];
    assert.equal((await ipsOf(makePath({ lastRound: makePathRound(longer) }))).slice(3), [
      '203.0.113.40',
      '???',
      '203.0.113.40',
    ]);
  });

  test('the last router that speaks for a host which is gone has its own address', async () => {
    const path = toPath([{ ttl: 1, ip: '192.0.2.1' }], false);
    const lastRound = makePathRound(['192.0.2.1', '192.0.2.1'], { reached: false });
    assert.equal(await ipsOf(makePath({ path, lastRound })), ['192.0.2.1', '192.0.2.1']);
  });

  test('of targets with one host the first is shown whole, and no hop of the other', async () => {
    const other = makePath({
      target: 'again',
      protocol: 'udp',
      lastRound: makePathRound([...PATH_V4, '10.0.0.5', '10.0.0.6']),
    });
    const old = makePath({ target: 'old', lastRound: makePathRound(PATH_V4, { untilMs: 0 }) });

    assert.is((await mtrRows([old, makePath(), other], 'v4', WHEN)).length, 4);
    const samples = parseMetrics(await textOf([makePath(), other]));
    assert.is(samples.filter(({ name }) => name === 'flint_path_traces_total').length, 2);
  });

  test('a trace that is old is no news', async () => {
    const at = async (nowMs: number) =>
      (await mtrRows([makePath()], 'v4', { ...WHEN, nowMs })).length;
    const untilMs = NOW_MS - 10_000;
    assert.equal([await at(untilMs + 120_000), await at(untilMs + 120_001)], [4, 0]);
    // The clock was set back.
    assert.is(await at(untilMs - 3_600_000), 4);
    assert.is((await pathRows([makePath()], untilMs + 120_001, WHEN.slice)).length, 1);
  });

  test('the path itself has identity, age, length and counters', async () => {
    const path = makePath();
    const samples = parseMetrics(await textOf([path]));
    const value = (name: string) => findValue(samples, name, { target: 'a400' });

    assert.is(findValue(samples, 'flint_path_info', { hash: path.path?.hash ?? '' }), 1);
    assert.is(value('flint_path_hops'), 4);
    assert.is(value('flint_path_changes_total'), 3);
    assert.is(value('flint_path_skipped_total'), 2);
    assert.is(value('flint_path_since_timestamp_seconds'), (NOW_MS - 86_400_000) / 1000);
    assert.is(value('flint_path_round_end_timestamp_seconds'), (NOW_MS - 10_000) / 1000);
    const silent = { ttl: '2', kind: 'silent' };
    assert.is(findValue(samples, 'flint_path_hop_loss_kind', silent), 1);
  });

  test('a thousand targets in both families do not hold up the event loop', async () => {
    const paths = Array.from({ length: 1024 }, (_, i) => {
      const hops = Array.from({ length: 12 }, (_, ttl) => `10.${ttl}.${i >> 8}.${i & 255}`);
      const name = { target: `t${i}`, host: `t${i}.example` };
      const path = makePath({ ...name, lastRound: makePathRound(hops, name) });
      return [path, makePath({ ...name, family: 'v6' })];
    }).flat();
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const text = await textOf(paths);
    isOver = true;
    assert.ok(turns > 20, `${turns} turns`);
    assert.ok(text.length > 10_000_000, `${text.length}`);
  });

  test('what is unknown has no line', async () => {
    const unknown = { path: null, sinceMs: null, lastRound: null, ip: null } as const;
    const samples = parseMetrics(await textOf([makePath({ ...unknown, state: 'unresolved' })]));
    assert.equal(
      samples.map(({ name }) => name),
      [
        'flint_path_up',
        'flint_path_changes_total',
        'flint_path_traces_total',
        'flint_path_skipped_total',
        'flint_path_probes_total',
      ],
    );
  });
});

async function ipsOf(path: PathSnapshot): Promise<(string | undefined)[]> {
  return (await mtrRows([path], 'v4', WHEN)).map(({ set }) => set.labels['ip']);
}

function textOf(paths: PathSnapshot[]): Promise<string> {
  return renderMetrics('path', makeSnapshot({ paths }));
}

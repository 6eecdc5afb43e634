import * as assert from 'uvu/assert';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import { lossPercentOf, pathFacts, reachOf } from '../../../src/probe/page/path.ts';
import { HOPS_MAX } from '../../../src/probe/page/path-changes.ts';
import { fakeInput, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import {
  fakeChange,
  fakeHop,
  fakePath,
  fakePathEvent,
  fakeUntraced,
} from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const facts = (path: PathSnapshot, events = [] as ReturnType<typeof fakePathEvent>[]) =>
  pathFacts(path, fakeInput(fakeSnapshot([], { paths: [path] }), { events }));

const lossy = (percent: number) => ({ lossKind: 'forwarding', pathLossPercent: percent }) as const;

suite('probe/page/path', (s) => {
  s.test('who stands where is said by the path, the rest by the last trace', () => {
    const { hops } = facts(
      fakePath('r1 r2 t', { hops: [fakeHop(1, 'r1'), fakeHop(2, 'x', { ips: ['x', 'r2'] })] }),
    );
    assert.equal(
      hops.map(({ ip }) => ip),
      ['r1', 'r2', 't'],
    );
    assert.equal(hops[1]?.others, ['x']);
    assert.is(hops[2]?.hop, null);
  });

  s.test('routers of other flows stand beside', () => {
    const nodes = ['r2', 'r2b', null].map((ip) => ({ ttl: 2, ip, flows: 3, ends: false }));
    const report = { links: [], sent: 60, isComplete: true, nodeMissMax: 0.05, pathMissMax: 0.1 };
    const multipath = { ...report, nodes, atMs: NOW_MS };
    assert.equal(facts(fakePath('r1 r2 t', { multipath })).hops[1]?.others, ['r2b']);
  });

  s.test('what is asked in vain beyond the last answer is a tail, not hops', () => {
    const asked = [fakeHop(1, 'r1'), fakeHop(2, 'r2'), fakeHop(3, null), fakeHop(4, null)];
    const found = facts(fakePath('r1 r2', { end: 'silence', hops: asked }));
    assert.is(found.hops.length, 2);
    assert.equal(found.silentTail, { from: 3, until: 4 });
    assert.is(found.reach, 'unreached');
  });

  s.test('a router that answers later than those beyond it is late', () => {
    const path = fakePath('r1 r2 r3 t');
    const recent = path.recent.map((row, index) => row.map((ns) => (index === 1 ? 43e6 : ns)));
    const late = (changes: Partial<PathSnapshot>) =>
      facts({ ...path, ...changes }).hops.map(({ isLate }) => isLate);
    assert.equal(late({ recent }), [false, true, false, false]);
    assert.equal(late({}), [false, false, false, false]);
    const close = path.recent.map((row) => row.map(() => 5e6));
    assert.equal(late({ recent: close }), [false, false, false, false]);
  });

  s.test('the hops that a change brought are new, those that only moved are not', () => {
    const event = fakePathEvent(NOW_MS - 60_000, ['r1 r2 t', 'r1 n2 n3 t']);
    const { hops, change } = facts(fakePath('r1 n2 n3 t'), [event]);
    assert.equal(
      hops.map(({ isNew }) => isNew),
      [false, true, true, false],
    );
    assert.is(change?.ttl, 2);
  });

  s.test('a change of the snapshot counts, one of the day before does not', () => {
    const at = (ms: number) => ({ changes: [fakeChange(ms, 'r1 r2 t', 'r1 n2 t')] });
    assert.is(facts(fakePath('r1 n2 t', at(NOW_MS - 3_600_000))).change?.ttl, 2);
    assert.is(facts(fakePath('r1 n2 t', at(NOW_MS - 90_000_000))).change, null);
  });

  s.test('loss is told where it begins and with what of it reaches the target', () => {
    const hops = [fakeHop(1, 'r1'), fakeHop(2, 'r2', lossy(4)), fakeHop(3, 't', lossy(12))];
    const path = fakePath('r1 r2 t', { hops });
    assert.is(facts(path).loss?.from.ttl, 2);
    assert.is(facts(path).loss?.percent, 12);
    assert.is(lossPercentOf(path), 12);
  });

  s.test('routers that answer some are no loss', () => {
    const limited = fakeHop(2, 'r2', { received: 1, lossPercent: 66.7 });
    const path = fakePath('r1 r2 t', { hops: [fakeHop(1, 'r1'), limited, fakeHop(3, 't')] });
    assert.is(facts(path).loss, null);
    assert.is(lossPercentOf(path), null);
  });

  s.test('a path is reached, not reached, waited for or not traced', () => {
    assert.is(reachOf(fakePath('r1 t')), 'reached');
    assert.is(reachOf(fakePath('r1 t', { end: 'loop' })), 'unreached');
    assert.is(reachOf(fakeUntraced({})), 'waiting');
    assert.is(reachOf(fakeUntraced({ state: 'unresolved', reason: 'NXDOMAIN' })), 'untraced');
  });

  s.test('a path is cut at so many hops', () => {
    const text = Array.from({ length: 200 }, (_, index) => `r${index}`).join(' ');
    assert.is(facts(fakePath(text)).hops.length, HOPS_MAX);
  });
});

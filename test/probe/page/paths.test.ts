import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../../src/core/round.ts';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import { renderPaths } from '../../../src/probe/page/paths.ts';
import { fakeInput, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import { fakeHop, fakePath, fakePathEvent, fakeUntraced, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const render = (paths: PathSnapshot[], query = '', events: ProbeEvent[] = []) =>
  renderPaths(fakeInput(fakeSnapshot([], { paths }), { query, events }));
const names = (page: string): string[] =>
  [...page.matchAll(/<td role="cell" class="name"><a href="[^"]*">([^<]*)</g)].map(
    ([, id = '']) => id,
  );
const lossy = (percent: number): PathSnapshot['lastRound'] =>
  fakePath('r1 t', {
    hops: [fakeHop(1, 'r1'), fakeHop(2, 't', { lossKind: 'forwarding', pathLossPercent: percent })],
  }).lastRound;

suite('probe/page/paths', (s) => {
  s.test('the worst stand first: not reached, lossy, not traced, changed, calm', async () => {
    const page = await render(
      [
        fakePath('r1 t', { target: 'calm' }),
        fakePath('r1 t', { target: 'changed' }),
        fakeUntraced({ target: 'untraced', state: 'unresolved', reason: 'NXDOMAIN' }),
        fakePath('r1 t', { target: 'little', lastRound: lossy(3) }),
        fakePath('r1 t', { target: 'much', lastRound: lossy(30) }),
        fakePath('r1', { target: 'cut', end: 'silence' }),
        fakeUntraced({ target: 'young' }),
      ],
      '',
      [fakePathEvent(NOW_MS - 60_000, ['r0 t', 'r1 t'], { target: 'changed' })],
    );
    assert.equal(names(page), ['cut', 'much', 'little', 'untraced', 'changed', 'calm', 'young']);
  });

  s.test('a row says whose path it is, how long, since when, and what changed', async () => {
    const event = fakePathEvent(NOW_MS - 2_400_000, ['r1 r2 t', 'r1 n2 t']);
    const page = await render([fakePath('r1 n2 t', { protocol: 'udp' })], '', [event]);
    const row = plain(/<tbody.*<\/tbody>/s.exec(page)?.[0]);
    assert.match(row, /a IPv4UDP 3 hops nothing lost 6 d 13:50 at hop 2/);
    assert.match(page, /<a href="\/target\/a#path-v4">a<\/a>/);
    assert.match(page, /<title>Hop 2: n2, nothing lost<\/title>/);
    assert.match(plain(page), /The path to a \(IPv4\) changed at 13:50 UTC at hop 2\./);
  });

  s.test('a hundred are on a page', async () => {
    const paths = Array.from({ length: 203 }, (_, index) =>
      fakePath('r1 t', { target: `t${index}` }),
    );
    const first = await render(paths);
    assert.is(names(first).length, 100);
    assert.match(first, /203 paths, worst first/);
    assert.match(first, /<a href="\/paths\?page=3">/);
    assert.is(names(await render(paths, 'page=3')).length, 3);
    assert.is(names(await render(paths, 'page=99')).length, 3);
  });

  s.test('when nothing is traced it says how', async () => {
    const page = plain(await render([]));
    assert.match(page, /No path is traced: none is configured\./);
    assert.match(page, /Add targets to \/etc\/flint\/probe\.json; it is read again by itself\./);
    assert.match(page, /"path": \{ "targets": \["one\.one\.one\.one"\] \} \}/);
  });

  s.test('it is marked as the place where the reader is, and has no spans', async () => {
    const page = await render([fakePath('r1 t')]);
    assert.match(page, /<a href="\/paths" aria-current="page">Paths<\/a>/);
    assert.not.match(page, /Span of the graphs/);
  });

  s.test('hostile names and addresses are text', async () => {
    const evil = '"><script>alert(1)</script>';
    const hops = [fakeHop(1, evil)];
    const page = await render([
      fakePath('r1', { target: evil, host: evil, hops, end: 'unreachable', path: null }),
      fakeUntraced({ state: 'unavailable', reason: evil }),
    ]);
    assert.not.match(page, /<script/);
    assert.not.match(page, /\sstyle=/);
  });

  s.test('a hundred paths of sixty-four hops stay below 2 MB', async () => {
    const text = Array.from({ length: 64 }, (_, index) => `2001:db8:ffff:ffff::${index}`).join(' ');
    const paths = Array.from({ length: 100 }, (_, index) =>
      fakePath(text, { target: `t${index}` }),
    );
    const size = Buffer.byteLength(await render(paths));
    assert.ok(size < 2_000_000, `${size} bytes`);
  });
});

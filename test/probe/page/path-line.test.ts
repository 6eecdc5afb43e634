import * as assert from 'uvu/assert';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import { pathFacts } from '../../../src/probe/page/path.ts';
import { pathLine, pathLines, pathStrip } from '../../../src/probe/page/path-line.ts';
import { fakeInput, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import { fakeHop, fakePath, fakeUntraced, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const facts = (path: PathSnapshot) =>
  pathFacts(path, fakeInput(fakeSnapshot([], { paths: [path] })));

suite('probe/page/path-line', (s) => {
  s.test('a path is a strip and a sentence', async () => {
    const line = String(await pathLine(facts(fakePath('r1 r2 t')), NOW_MS));
    assert.match(line, /<svg class="strip" aria-hidden="true"/);
    assert.is(plain(line), '3 hops, unchanged for 6 d');
  });

  s.test('by itself it names its family; what is not traced alike is one line', async () => {
    const nameless = { state: 'unresolved', reason: 'NXDOMAIN' } as const;
    const list = [fakeUntraced(nameless), fakeUntraced({ ...nameless, family: 'v6' })].map(facts);
    const lines = await Promise.all(pathLines(list, NOW_MS));
    assert.equal(lines.map(plain), ['IPv4IPv6Not traced, there is no address: NXDOMAIN.']);
    const both = [fakePath('r1 t'), fakePath('r1 t', { family: 'v6' })].map(facts);
    assert.is(pathLines(both, NOW_MS).length, 2);
  });

  s.test('own silence is hollow, loss on the way is square', () => {
    const hops = [
      fakeHop(1, 'r1', { received: 1, lossPercent: 66.7 }),
      fakeHop(2, null),
      fakeHop(3, 't', { lossKind: 'forwarding', pathLossPercent: 30 }),
    ];
    const strip = String(pathStrip(facts(fakePath('r1 * t', { hops })), true));
    assert.match(strip, /class="lossy many"/);
    assert.match(strip, /class="hollow"/);
    assert.match(strip, /<title>Hop 1: r1, answers some, passes all on<\/title>/);
  });
});

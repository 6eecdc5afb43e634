import * as assert from 'uvu/assert';
import { CHANGES_MAX, changesOf } from '../../../src/probe/page/path-changes.ts';
import { mediansOf, pathHistory } from '../../../src/probe/page/path-history.ts';
import { fakeInput, fakeRounds, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import { fakePath, fakePathEvent, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const path = fakePath('r1 t');
const changes = (events: ReturnType<typeof fakePathEvent>[]) =>
  changesOf(fakeInput(fakeSnapshot([], { paths: [path] }), { events }), path);
const draw = async (events: ReturnType<typeof fakePathEvent>[]) =>
  String(await pathHistory(changes(events), new Map(), NOW_MS));
const cells = (markup: string): string[][] =>
  [...markup.matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) => plain(cell)),
  );
const HOUR_MS = 3_600_000;

suite('probe/page/path-history', (s) => {
  s.test('a change shows both paths, row by row', async () => {
    const event = fakePathEvent(NOW_MS - 600_000, ['r1 r2 r3 t', 'r1 n2 n3 r3 t']);
    const markup = await draw([event]);
    assert.match(plain(markup), /14:20:04 IPv4 at hop 2, 4 → 5 hops/);
    assert.equal(cells(markup), [
      ['hop', 'before', 'hop', 'after'],
      ['1', 'r1', '1', 'r1'],
      ['2', 'r2', '2', 'n2'],
      ['', '', '3', 'n3'],
      ['3', 'r3', '4', 'r3'],
      ['4', 't', '5', 't'],
    ]);
    assert.match(markup, /<tr class="changed">.*<tr class="added">/s);
  });

  s.test('long stretches of what stayed are one row', async () => {
    const [head, tail] = ['a b c d e f', 'u v w x t'];
    const event = fakePathEvent(NOW_MS - 600_000, [`${head} old ${tail}`, `${head} new ${tail}`]);
    assert.equal(cells(await draw([event])).slice(1), [
      ['1–6', '6 hops the same', '1–6', '6 hops the same'],
      ['7', 'old', '7', 'new'],
      ['8–12', '5 hops the same', '8–12', '5 hops the same'],
    ]);
  });

  s.test('the last change is open while it is fresh, the others are closed', async () => {
    const at = (ms: number) => fakePathEvent(NOW_MS - ms, ['x', 'y']);
    const open = (markup: string) => markup.split('<details open>').length - 1;
    assert.is(open(await draw([at(60_000), at(120_000)])), 1);
    assert.is(open(await draw([at(2 * HOUR_MS)])), 0);
  });

  s.test('it says what the latency did, up to the next change', async () => {
    const first = NOW_MS - 1_800_000;
    const second = NOW_MS - 900_000;
    const rounds = fakeRounds({ fromMs: first - 900_000, untilMs: NOW_MS }, (timeMs) => ({
      baseMs: timeMs < first ? 8 : timeMs < second ? 12 : 30,
      noiseMs: 0.01,
      seed: 1,
    }));
    const all = changes([fakePathEvent(first, ['x', 'y']), fakePathEvent(second, ['y', 'z'])]);
    const medians = await mediansOf(all, 'v4', rounds);
    const text = plain(await pathHistory(all, medians, NOW_MS));
    const told = [...text.matchAll(/median ([\d.]+) ms → ([\d.]+) ms/g)].map((one) =>
      one.slice(1).map(Number).map(Math.round),
    );
    assert.equal(told, [
      [12, 30],
      [8, 12],
    ]);
    assert.is((await mediansOf(all, 'v6', rounds)).size, 0);
  });

  s.test('none is a sentence, too many are bounded', async () => {
    assert.match(plain(await draw([])), /None in the last 24 hours\./);
    const many = Array.from({ length: 100 }, (_, index) =>
      fakePathEvent(NOW_MS - index * 1000, ['x', 'y']),
    );
    assert.is((await draw(many)).split('<details').length - 1, CHANGES_MAX);
  });

  s.test('addresses of strangers are text', async () => {
    const event = fakePathEvent(NOW_MS, ['"><script>alert(1)</script>', '<img>']);
    assert.not.match(await draw([event]), /<script|<img/);
  });
});

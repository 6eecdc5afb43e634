import * as assert from 'uvu/assert';
import { hopStrip, STRIP_HOPS_MAX, type StripHop } from '../../src/graph/hop-strip.ts';
import { suite } from '../helper.ts';

const hop: StripHop = { isSilent: false, loss: 'none', isNew: false, title: 'Hop' };
const hops = (count: number): StripHop[] => Array.from({ length: count }, () => hop);
const draw = (list: StripHop[], isReached = true, hasTooltips = false): string =>
  String(hopStrip({ hops: list, isReached, hasTooltips }));
const beads = (markup: string, name: string): number =>
  (new RegExp(`<path class="${name}" d="([^"]*)"`).exec(markup)?.[1] ?? '').split('M').length - 1;

suite('graph/hop-strip', (s) => {
  s.test('every hop is a bead, and the target is marked', () => {
    const markup = draw(hops(8));
    assert.is(beads(markup, 'bead'), 8);
    assert.is(beads(markup, 'end'), 1);
    assert.not.match(markup, /cross/);
  });

  s.test('silence, loss and news have shapes of their own', () => {
    const markup = draw([
      hop,
      { ...hop, isSilent: true },
      { ...hop, isNew: true },
      { ...hop, loss: 'some' },
      { ...hop, loss: 'some' },
    ]);
    assert.is(beads(markup, 'bead'), 2);
    assert.is(beads(markup, 'hollow'), 1);
    assert.is(beads(markup, 'hole'), 1);
    assert.is(beads(markup, 'ring'), 1);
    assert.is(beads(markup, 'lossy some'), 2);
    assert.is(beads(markup, 'end'), 0);
  });

  s.test('a silent hop on a lossy way stays hollow', () => {
    const markup = draw([{ ...hop, isSilent: true, loss: 'many' }]);
    assert.is(beads(markup, 'hollow'), 1);
    assert.not.match(markup, /lossy/);
  });

  s.test('a way that does not come to its target ends in a cross', () => {
    assert.match(draw(hops(3), false), /class="cross"/);
    assert.match(draw([], false), /class="cross"/);
    assert.not.match(draw([], false), /NaN/);
  });

  s.test('a long path is drawn finer, is cut, and fits a phone', () => {
    const markup = draw(hops(200), false);
    assert.match(markup, /class="strip fine"/);
    assert.is(beads(markup, 'bead'), STRIP_HOPS_MAX);
    assert.ok(Number(/width="(\d+)"/.exec(markup)?.[1]) <= 300);
  });

  s.test('names under the pointer are text', () => {
    const markup = draw([{ ...hop, title: '"><script>' }], true, true);
    assert.match(markup, /<title>&quot;&gt;&lt;script&gt;<\/title>/);
    assert.is(draw(hops(2)).includes('<title>'), false);
  });
});

import * as assert from 'uvu/assert';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import { parseView } from '../../../src/probe/page/input.ts';
import { glanceAtTarget } from '../../../src/probe/page/target-glance.ts';
import { fakeInput, fakeSnapshot } from '../../fake/page.ts';
import { fakePath, fakePathEvent, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const view = parseView(new URLSearchParams());

async function glance(paths: PathSnapshot[], events = [] as ReturnType<typeof fakePathEvent>[]) {
  const input = fakeInput(fakeSnapshot([], { paths }), { events });
  const { headline, notices } = glanceAtTarget('a', input, [], view);
  return { headline: plain(await headline), kinds: notices.map(({ kind }) => kind) };
}

suite('probe/page/target-glance', (s) => {
  s.test('a target that is only traced is judged by its traces', async () => {
    const cut = fakePath('r1', { end: 'silence' });
    assert.equal(await glance([cut]), { headline: 'No trace reaches a over IPv4.', kinds: [] });
  });

  s.test('only its own paths are spoken of', async () => {
    const event = fakePathEvent(fakeSnapshot([]).nowMs - 60_000, ['x', 'y'], { target: 'b' });
    const paths = [fakePath('r1 t'), fakePath('r1 t', { target: 'b' })];
    assert.equal(await glance(paths, [event]), {
      headline: 'Traces reach a over IPv4.',
      kinds: [],
    });
  });
});

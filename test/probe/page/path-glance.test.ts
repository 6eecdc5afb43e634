import * as assert from 'uvu/assert';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import { glanceAtPaths, glanceAtTraced } from '../../../src/probe/page/path-glance.ts';
import { fakeInput, fakeSnapshot } from '../../fake/page.ts';
import { fakePath, fakePathEvent, fakeUntraced, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const input = (paths: PathSnapshot[], events = [] as ReturnType<typeof fakePathEvent>[]) =>
  fakeInput(fakeSnapshot([], { paths }), { events });
const cut = fakePath('r1', { target: 'b', end: 'silence' });
const nameless = fakeUntraced({ target: 'c', state: 'unresolved', reason: 'NXDOMAIN' });

async function said(paths: PathSnapshot[], events = [] as ReturnType<typeof fakePathEvent>[]) {
  const { tone, headline, subline } = glanceAtPaths(input(paths, events));
  return [tone, plain(await headline), plain(await subline)];
}

suite('probe/page/path-glance', (s) => {
  s.test('all that is well is said at once', async () => {
    const none = 'None changed in the last 24 hours.';
    assert.equal(await said([fakePath('r1 t')]), [
      'good',
      'The one path reaches its target.',
      none,
    ]);
    const two = [fakePath('r1 t'), fakePath('r1 t', { family: 'v6' })];
    assert.equal(await said(two), ['good', 'All 2 paths reach their targets.', none]);
  });

  s.test('what does not reach its target is counted, and what changed', async () => {
    const event = fakePathEvent(Date.parse('2026-11-22T13:51:20Z'), ['x', 'r1']);
    assert.equal(await said([fakePath('r1 t'), cut, nameless], [event]), [
      'warn',
      '1 of 3 paths reach their targets.',
      '1 of them changed in the last 24 hours, the last at 13:51 UTC.',
    ]);
  });

  s.test('before the first traces, and without any, it says what is happening', async () => {
    assert.equal((await said([fakeUntraced({})])).slice(0, 2), ['info', 'Tracing a path.']);
    assert.equal((await said([fakeUntraced({}), fakePath('r1 t')])).slice(0, 2), [
      'good',
      '1 of 2 paths reach their targets; 1 more traced for the first time just now.',
    ]);
    assert.is((await said([]))[1], 'No path is traced: none is configured.');
  });

  s.test('one target that is only traced', async () => {
    const v6 = { family: 'v6', target: 'a' } as const;
    const at = async (...paths: PathSnapshot[]) => {
      const { tone, headline, subline } = glanceAtTraced(input(paths), 'a');
      return [tone, plain(await headline), plain(await subline)];
    };
    assert.equal(await at(fakePath('r1 t')), [
      'good',
      'Traces reach a over IPv4.',
      '2 hops, unchanged for 6 d',
    ]);
    assert.equal((await at(fakePath('r1 t'), { ...cut, ...v6 })).slice(0, 2), [
      'warn',
      'Traces reach a over IPv4, but not over IPv6.',
    ]);
    assert.equal((await at(cut, { ...cut, ...v6 })).slice(0, 2), [
      'warn',
      'No trace reaches a over IPv4 and IPv6.',
    ]);
    assert.equal((await at(nameless)).slice(0, 2), ['warn', 'a is not traced.']);
    assert.equal((await at(fakeUntraced({}))).slice(0, 2), ['info', 'a is being traced.']);
  });
});

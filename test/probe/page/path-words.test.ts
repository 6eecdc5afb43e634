import * as assert from 'uvu/assert';
import type { PathHop } from '../../../src/core/path.ts';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import { type HopFacts, pathFacts } from '../../../src/probe/page/path.ts';
import { endWords, hopVerdict, pathSentence } from '../../../src/probe/page/path-words.ts';
import { fakeInput, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import { fakeHop, fakePath, fakePathEvent, fakeUntraced, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const facts = (path: PathSnapshot, events = [] as ReturnType<typeof fakePathEvent>[]) =>
  pathFacts(path, fakeInput(fakeSnapshot([], { paths: [path] }), { events }));
const told = async (path: PathSnapshot, events = [] as ReturnType<typeof fakePathEvent>[]) =>
  plain(await pathSentence(facts(path, events), NOW_MS));

function verdict(changes: Partial<PathHop> | null, isLate = false) {
  const hop = changes === null ? null : fakeHop(4, changes.ip ?? 'r4', changes);
  const given: HopFacts = {
    ttl: 4,
    ip: 'r4',
    others: [],
    hop,
    recent: [],
    isNew: false,
    isLate,
  };
  const { text, loss } = hopVerdict(given);
  return [text.replaceAll('\u202f', ' '), loss];
}

suite('probe/page/path-words', (s) => {
  s.test('a calm path says how long it is and since when', async () => {
    assert.is(await told(fakePath('r1 r2 t')), '3 hops, unchanged for 6 d');
    assert.is(await told(fakePath('t')), '1 hop, unchanged for 6 d');
  });

  s.test('a change is told with its time and its hop', async () => {
    const event = fakePathEvent(Date.parse('2026-11-22T13:51:20Z'), ['r1 r2 t', 'r1 n2 t']);
    assert.is(await told(fakePath('r1 n2 t'), [event]), '3 hops, changed 13:51 at hop 2');
  });

  s.test('a silent router is told without blame, unless there is worse', async () => {
    assert.is(
      await told(fakePath('r1 * t')),
      '3 hops, hop 2 silent, not losing, unchanged for 6 d',
    );
    assert.match(await told(fakePath('* r2 * t')), 'hops 1 and 3 silent, not losing');
    assert.is(
      await told(fakePath('* * * t')),
      '4 hops, 3 of them silent, not losing, unchanged for 6 d',
    );
    const loss = { lossKind: 'forwarding', pathLossPercent: 12 } as const;
    const hops = [fakeHop(1, 'r1'), fakeHop(2, null), fakeHop(3, 't', loss)];
    assert.is(
      await told(fakePath('r1 * t', { hops })),
      '3 hops, 12 % lost from hop 3 on, unchanged for 6 d',
    );
  });

  s.test('how a trace ends is said, also when nobody answered', () => {
    const ends = (end: PathSnapshot['end'], text = 'r1 r2') =>
      endWords(facts(fakePath(text, { end })));
    assert.is(ends('silence'), 'nobody answers beyond hop 2');
    assert.is(ends('loop'), 'goes round in a loop at hop 2');
    assert.is(ends('unreachable'), 'ends at hop 2: unreachable, says r2');
    assert.is(ends('max-ttl'), 'does not end within 2 hops');
    assert.is(ends('silence', '* *'), 'nobody answers');
  });

  s.test('what is not traced says why, and what begins says so', async () => {
    assert.is(await told(fakeUntraced({})), 'The first trace is under way.');
    assert.is(
      await told(fakeUntraced({ state: 'unresolved', reason: 'NXDOMAIN' })),
      'Not traced, there is no address: NXDOMAIN.',
    );
    assert.is(
      await told(fakeUntraced({ state: 'unavailable', reason: 'no route', protocol: 'tcp' })),
      'Not traced by TCP: no route.',
    );
  });

  s.test('a hop that loses is told apart from one that only does not answer', () => {
    assert.equal(verdict({}), ['nothing lost', 'none']);
    assert.equal(verdict({ received: 1, lossPercent: 66.7 }), [
      'answers some, passes all on',
      'none',
    ]);
    assert.equal(verdict({ received: 0, lossPercent: 100 }), [
      'did not answer this time, passes all on',
      'none',
    ]);
    assert.equal(verdict({}, true), ['answers late, passes on at once', 'none']);
    assert.equal(verdict({ lossKind: 'silent' }), ['never answers, passes all on', 'none']);
    assert.equal(verdict({ lossKind: 'silent', pathLossPercent: 3 }), [
      'never answers, 3 % lost by then',
      'few',
    ]);
    assert.equal(verdict({ lossKind: 'forwarding', pathLossPercent: 12 }), [
      '12 % lost on the way to here',
      'some',
    ]);
    assert.equal(verdict({ lossKind: 'unknown', pathLossPercent: 30 }), [
      'lost or left unanswered: nobody beyond answers',
      'none',
    ]);
    assert.equal(verdict({ lossKind: 'unknown', pathLossPercent: null, received: 0 }), [
      'no answer from here, nor from beyond',
      'none',
    ]);
    assert.equal(verdict(null), ['the last trace ended before', 'none']);
  });
});

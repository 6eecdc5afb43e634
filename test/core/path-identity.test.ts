import * as assert from 'uvu/assert';
import {
  type PathChange,
  type PathEnd,
  type PathProbe,
  toPathEventDetail,
} from '../../src/core/path.ts';
import { toPath } from '../../src/core/path-hash.ts';
import { type PathTracker, trackPath } from '../../src/core/path-identity.ts';
import { createRandom, seedsFrom } from '../fake/random.ts';
import { suite } from '../helper.ts';

suite('core/path-identity', ({ test }) => {
  test('the first trace is the path and no change', () => {
    const { tracker, feed } = start();

    assert.equal(feed('a b T!'), []);
    assert.is(show(tracker), 'a b T!');
  });

  test('a route that is switched is one change, right before and after', () => {
    const { feed } = start();
    feed('a b c T!', 'a b c T!');
    const changes = feed('a x y T!', 'a x y T!', 'a x y T!', 'a x y T!');

    assert.equal(changes.map(text), ['a b c T! > a x y T!']);
    // The third trace (at 2000 ms) saw it first, the fourth made it certain.
    assert.equal([changes[0]?.atMs, changes[0]?.seenMs], [2000, 3500]);
    assert.is(changes[0]?.before.hash, toPath(steps('a b c T'), true).hash);
    assert.is(changes[0]?.after.hash, toPath(steps('a x y T'), true).hash);
  });

  test('a route that goes and comes back is a change each time', () => {
    const { feed } = start();
    const forth = Array.from({ length: 5 }, () => 'a x T!');
    const back = Array.from({ length: 5 }, () => 'a b T!');
    const changes = feed(...back, ...forth, ...back);

    assert.equal(changes.map(text), ['a b T! > a x T!', 'a x T! > a b T!']);
  });

  test('silence changes nothing, of a hop, of the target, or of all', () => {
    const { tracker, feed } = start();
    const changes = feed(
      'a b T!',
      'a * T!',
      '* * T!',
      'a b *',
      'a * *',
      '* * *',
      'a b T!',
      'a b T!',
    );

    assert.equal(changes, []);
    assert.is(show(tracker), 'a b T!');
  });

  test('a hop that speaks for the first time is learnt', () => {
    const { tracker, feed } = start();

    assert.equal(feed('a * T!', 'a b T!', 'a b T!'), []);
    assert.is(show(tracker), 'a b T!');
  });

  test('what is learnt while a change is in the air is of the new path', () => {
    const { feed } = start();
    const changes = feed('a * c T!', 'a * c T!', 'a y z T!', 'a y z T!');

    assert.equal(changes.map(text), ['a * c T! > a y z T!']);
  });

  test('an address that is seen once is no route', () => {
    const { tracker, feed } = start();

    assert.equal(feed('a b T!', 'a x T!', 'a b T!', 'a b T!'), []);
    assert.is(show(tracker), 'a b T!');
  });

  test('silence in between neither confirms a new address nor forgets it', () => {
    const { feed } = start();

    assert.equal(feed('a b T!', 'a x T!', 'a * T!', 'a * T!').map(text), []);
    assert.equal(feed('a x T!').map(text), ['a b T! > a x T!']);
  });

  test('a path becomes longer and shorter', () => {
    const { tracker, feed } = start();
    const changes = feed('a b T!', 'a b T!', 'a b c T!', 'a b c T!', 'a T!', 'a T!', 'a T!');

    assert.equal(changes.map(text), ['a b T! > a b c T!', 'a b c T! > a T!']);
    assert.is(show(tracker), 'a T!');
  });

  test('a change is told whole, though one of its hops was silent at first', () => {
    const { feed } = start();
    const changes = feed('a b c T!', 'a x y T!', 'a x * T!', 'a x y T!', 'a x y T!');

    assert.equal(changes.map(text), ['a b c T! > a x y T!']);
    assert.is(changes[0]?.atMs, 1000);
  });

  test('a change does not wait for ever for another hop', () => {
    const { feed } = start();
    const changes = feed('a b c T!', 'a x y T!', ...Array.from({ length: 8 }, () => 'a x * T!'));

    assert.equal(changes.map(text), ['a b c T! > a x c T!']);
  });

  test('a router that speaks for a host that is gone is no hop of its own', () => {
    const { tracker, feed } = start();
    feed('a b T!', 'a b T!');

    assert.equal(feed('a b b?', 'a b b?', 'a b b?', 'a b T!'), []);
    assert.is(show(tracker), 'a b T!');
  });

  test('also in the very first trace, and at several TTLs', () => {
    const { tracker, feed } = start();
    feed('a b b? b?');

    assert.is(show(tracker), 'a b');
  });

  test('a filter that refuses at the end of the way is a hop', () => {
    const { tracker, feed } = start();
    feed('a b F?', 'a b F?');

    assert.is(show(tracker), 'a b F');
    assert.is(tracker.path()?.reached, false);
  });

  test('an error from the target itself is where the path ends', () => {
    const tracker = trackPath();
    tracker.add({ fromMs: 0, untilMs: 1, end: 'target', probes: parse('a b T?') });

    assert.is(show(tracker), 'a b T!');
  });

  test('answers beyond the target are not of the path', () => {
    const { tracker, feed } = start();
    feed('a T! T! T!');

    assert.is(show(tracker), 'a T!');
  });

  test('a target that is never reached has a path all the same', () => {
    const { tracker, feed } = start();
    const changes = feed('a b * *', 'a b * *', 'a x * *', 'a x * *');

    assert.equal(changes.map(text), ['a b > a x']);
    assert.is(show(tracker), 'a x');
  });

  test('a route switched in the middle of a trace is one change', () => {
    const { feed } = start();
    const changes = feed('a b T!', 'a b,b,x T!', 'a x,x,x T!', 'a x T!', 'a x T!', 'a x T!');

    assert.equal(changes.map(text), ['a b T! > a x T!']);
  });

  for (const width of [2, 3, 8, 16, 32]) {
    for (const probes of [1, 3]) {
      test(`${width} routers that take turns by packet, ${probes} a trace, are soon quiet`, () => {
        for (const seed of seedsFrom('FLINT_PATH_SEEDS', 3)) {
          const random = createRandom(seed);
          const { feed } = start();
          const hop = (): string =>
            Array.from({ length: probes }, () => `r${random.below(width)}`).join(',');
          const early = feed(...Array.from({ length: 1000 }, () => `a ${hop()} T!`));
          const late = feed(...Array.from({ length: 2000 }, () => `a ${hop()} T!`));

          assert.ok(early.length <= 12, `seed ${seed}: ${early.length} at first`);
          assert.ok(late.length <= 1, `seed ${seed}: ${late.length} later`);
        }
      });
    }
  }

  test('strict turns A B A B make no change at all', () => {
    const { feed } = start();
    const turns = Array.from({ length: 500 }, (_, i) => (i % 2 === 0 ? 'a b T!' : 'a x T!'));

    assert.equal(feed(...turns), []);
  });

  test('when routers that took turns are replaced, that is a change', () => {
    const { feed } = start();
    feed(...Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 'a b T!' : 'a x T!')));
    const changes = feed('a n T!', 'a n T!', 'a n T!');

    assert.equal(changes.map(text), ['a b T! > a n T!']);
  });

  test('an alternate that stays alone takes the place in the end, once', () => {
    const { feed } = start();
    feed('a b T!', 'a x T!', 'a b T!');
    const changes = feed(...Array.from({ length: 60 }, () => 'a x T!'));

    assert.equal(changes.map(text), ['a b T! > a x T!']);
  });

  test('an alternate of long ago is as new as any', () => {
    const { feed } = start();
    feed('a b T!', 'a x T!', ...Array.from({ length: 40 }, () => 'a b T!'));

    assert.equal(feed('a x T!', 'a x T!').map(text), ['a b T! > a x T!']);
  });

  test('what is remembered is bounded, whoever answers', () => {
    const { tracker, feed } = start();
    feed(...Array.from({ length: 2000 }, (_, i) => `a r${i} T!`));

    assert.ok((tracker.memory().hops[1]?.alternates.length ?? 99) <= 15);
  });

  test('a change while the daemon was stopped is found', () => {
    const { tracker, feed } = start();
    feed('a b T!', 'a b T!');
    const kept = JSON.parse(JSON.stringify(tracker.memory()));
    const again = start(trackPath(kept));

    assert.equal(again.feed('a x T!', 'a x T!').map(text), ['a b T! > a x T!']);
    assert.is(show(tracker), 'a b T!');
  });

  test('an event says where the paths part', () => {
    const { feed } = start();
    const [change] = feed('a b c T!', 'a b c T!', 'a b y z T!', 'a b y z T!');
    const detail = change === undefined ? null : toPathEventDetail('icmp', change);

    assert.is(detail?.ttl, 3);
    assert.equal([detail?.beforeHops, detail?.afterHops], [4, 5]);
    assert.equal([detail?.beforeReached, detail?.afterReached], [true, true]);
  });
});

/** A trace as words by TTL: `!` target, `?` unreachable, `*` lost, commas between attempts. */
function start(tracker: PathTracker = trackPath()) {
  let count = 0;
  const feed = (...traces: string[]): PathChange[] =>
    traces.flatMap((trace) => {
      const fromMs = count++ * 1000;
      const end: PathEnd = trace.includes('!') ? 'target' : 'silence';
      const change = tracker.add({ fromMs, untilMs: fromMs + 500, end, probes: parse(trace) });
      return change === null ? [] : [change];
    });
  return { tracker, feed };
}

function parse(trace: string): PathProbe[] {
  return trace.split(' ').flatMap((hop, index) =>
    hop.split(',').map((word, attempt): PathProbe => {
      const base = { ttl: index + 1, flow: 0, attempt, code: 0, mpls: [] };
      if (word === '*') return { ...base, kind: 'lost', ip: null, rttNs: null };
      const ip = word.replace(/[!?]$/, '');
      const answer = { ...base, ip, rttNs: 1000 };
      if (word.endsWith('!')) return { ...answer, kind: 'echo-reply' };
      return { ...answer, kind: word.endsWith('?') ? 'unreachable' : 'time-exceeded' };
    }),
  );
}

function show(tracker: PathTracker): string {
  const path = tracker.path();
  return path === null ? '' : named(path);
}

function named({ hops, reached }: { hops: readonly { ip: string | null }[]; reached: boolean }) {
  return hops.map(({ ip }) => ip ?? '*').join(' ') + (reached ? '!' : '');
}

function text({ before, after }: PathChange): string {
  return `${named(before)} > ${named(after)}`;
}

function steps(words: string): { ttl: number; ip: string }[] {
  return words.split(' ').map((ip, index) => ({ ttl: index + 1, ip }));
}

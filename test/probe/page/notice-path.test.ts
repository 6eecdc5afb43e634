import * as assert from 'uvu/assert';
import type { ProbeEvent } from '../../../src/core/round.ts';
import type { PathSnapshot, SeriesSnapshot } from '../../../src/core/snapshot.ts';
import { SPANS } from '../../../src/probe/page/input.ts';
import { pathNotices } from '../../../src/probe/page/notice-path.ts';
import { gatherFacts } from '../../../src/probe/page/series.ts';
import { fakeInput, fakeRound, fakeSeries, fakeSnapshot, NOW_MS } from '../../fake/page.ts';
import { fakeHop, fakePath, fakePathEvent, fakeShift, plain } from '../../fake/page-path.ts';
import { suite } from '../../helper.ts';

const at = (clock: string): number => Date.parse(`2026-11-22T${clock}Z`);
const HOPS = ['r1 r2 r3 r4 t', 'r1 r2 r3 n4 t'] as const;
const change = (clock: string, changes: Partial<ProbeEvent> = {}): ProbeEvent =>
  fakePathEvent(at(clock), [...HOPS], changes);

function told(given: { paths?: PathSnapshot[]; series?: SeriesSnapshot[]; events?: ProbeEvent[] }) {
  const { series = [fakeSeries('a', 'v4')], events = [] } = given;
  const paths = given.paths ?? [fakePath(HOPS[1])];
  const input = fakeInput(fakeSnapshot(series, { paths }), { events });
  return pathNotices(input, NOW_MS - 3_600_000).map(({ tone, title, detail }) => [
    tone,
    plain(`${title} ${detail}`),
  ]);
}

suite('probe/page/notice-path', (s) => {
  s.test('a change and the median that moved with it are one sentence', () => {
    const events = [change('13:51:10'), fakeShift(at('13:53:00'), [8.3e6, 12.1e6])];
    assert.equal(told({ events }), [
      [
        'warn',
        'The path to a (IPv4) changed at 13:51 UTC at hop 4; its median moved from 8.30 ms to ' +
          '12.1 ms three rounds later. There r4 before, n4 now.',
      ],
    ]);
  });

  s.test('a trace may see the change after the latency did', () => {
    const events = [change('13:51:40'), fakeShift(at('13:51:00'), [12.1e6, 8.3e6])];
    assert.equal(told({ events }), [
      [
        'info',
        'The path to a (IPv4) changed at 13:51 UTC at hop 4; its median had moved from 12.1 ms ' +
          'to 8.30 ms two rounds before. There r4 before, n4 now.',
      ],
    ]);
  });

  s.test('several changes are told by the last one, and the cut is told', () => {
    const detail = { beforeReached: true, afterReached: false };
    const events = [change('13:40:00'), change('13:51:00', { detail }), change('12:00:00')];
    assert.equal(told({ events }), [
      [
        'warn',
        'The path to a (IPv4) changed at 13:51 UTC at hop 4. There r4 before, n4 now. ' +
          'It no longer reaches the target. The last of 2 changes.',
      ],
    ]);
  });

  s.test('without a shift the rounds either side say what the median did', async () => {
    const beside = async (before: number, after: number): Promise<unknown> => {
      const event = change('13:51:00');
      const rounds = [-60_000, -30_000, 0, 30_000].map((offset) => {
        const ns = offset < 0 ? before : after;
        return fakeRound([ns, ns, ns], { fromMs: event.fromMs + offset });
      });
      const series = fakeSeries('a', 'v4');
      const snapshot = fakeSnapshot([series], { paths: [fakePath(HOPS[1])] });
      const input = fakeInput(snapshot, { events: [event], rounds: () => rounds });
      const [span] = SPANS;
      if (span === undefined) throw new Error('no span');
      const { facts } = await gatherFacts(input, series, { span, columnsMax: 240 });
      const [notice] = pathNotices(input, NOW_MS - 3_600_000, [facts]);
      return [notice?.tone, plain(`${notice?.title} ${notice?.detail}`)];
    };
    const changed = 'The path to a (IPv4) changed at 13:51 UTC at hop 4';
    assert.equal(await beside(8.3e6, 12.1e6), [
      'warn',
      `${changed}; its median went from 8.30 ms to 12.1 ms. There r4 before, n4 now.`,
    ]);
    assert.equal(await beside(8.3e6, 8.31e6), [
      'info',
      `${changed}. There r4 before, n4 now. Median 8.31 ms as before.`,
    ]);
  });

  s.test('a change with an effect stands before a newer one without', () => {
    const paths = ['a', 'b'].map((target) => fakePath(HOPS[1], { target }));
    const events = [
      change('13:51:10'),
      fakeShift(at('13:52:00'), [8.3e6, 12.1e6]),
      change('14:10:00', { target: 'b' }),
      fakeShift(at('14:25:00'), [8.3e6, 12.1e6], { target: 'b' }),
    ];
    const order = told({ paths, events }).map(([, text]) => /path to (\w)/.exec(text ?? '')?.[1]);
    assert.equal(order, ['a', 'b']);
  });

  s.test('a median that moved alone says what the path did', () => {
    const events = [fakeShift(at('13:53:00'), [8.3e6, 12.1e6])];
    const moved = 'The median of a (IPv4) moved from 8.30 ms to 12.1 ms at 13:53 UTC.';
    assert.equal(told({ events }), [['warn', `${moved} Its path is the same as before.`]]);
    assert.equal(told({ events, paths: [] }), [['warn', `${moved} Its path is not traced.`]]);
  });

  s.test('what is not measured any more is not told', () => {
    const events = [change('13:51:10', { target: 'gone' }), change('13:51:10', { target: null })];
    assert.equal(told({ events }), []);
  });

  s.test('loss on the way is told where nothing is pinged, and from two probes on', () => {
    const lossy = (percent: number) => {
      const loss = { lossKind: 'forwarding', pathLossPercent: percent } as const;
      return [fakePath('r1 t', { hops: [fakeHop(1, 'r1'), fakeHop(2, 't', loss)] })];
    };
    assert.equal(told({ paths: lossy(12), series: [] }), [
      [
        'warn',
        'On the path to a (IPv4) 12 % are lost. Seen from hop 2 (t) on, and by all that answer ' +
          'beyond it.',
      ],
    ]);
    assert.equal(told({ paths: lossy(3.3), series: [] }), []);
    assert.equal(told({ paths: lossy(12) }), []);
  });

  s.test('a target that no trace reaches is told, unless echoes show that it is there', () => {
    const cut = fakePath('r1', {
      end: 'silence',
      path: { ...fakePath('r1').path, reached: false } as PathSnapshot['path'],
    });
    const silent = 'The last trace did not reach a (IPv4): nobody answers beyond hop 1.';
    assert.equal(told({ paths: [cut], series: [] }), [['info', `${silent} No trace did so far.`]]);
    assert.equal(told({ paths: [cut] }), []);
    const lost = fakePath('r1 t', { end: 'silence', hops: [fakeHop(1, 'r1'), fakeHop(2, null)] });
    assert.equal(told({ paths: [lost] }), [['warn', `${silent} It did before.`]]);
  });

  s.test('many are the first few and a count, and only these are worded', () => {
    const paths = Array.from({ length: 500 }, (_, index) =>
      fakePath(HOPS[1], { target: `t${index}` }),
    );
    const events = paths.map(({ target }) => change('13:51:10', { target }));
    const all = told({ paths, events });
    assert.is(all.length, 4);
    assert.is(all.at(-1)?.[1], '497 more paths changed.');
  });
});

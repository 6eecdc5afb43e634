import { equal, is, not, ok } from 'uvu/assert';
import { parseAddress } from '../../src/core/address.ts';
import { SPARKY_BUCKETS } from '../../src/core/snapshot.ts';
import {
  isLocal,
  lookAtSends,
  type Measured,
  newMeasured,
  seriesKey,
  toRound,
  toSnapshot,
} from '../../src/measure/series.ts';
import { answerAfter, openRig, type Rig, silence, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';
import { target4 } from './smokeping-rig.ts';

const EPERM = 1;
const ENOBUFS = 105;
const EMSGSIZE = 90;

/** A measurement of 198.18.0.1 on an engine of its own. */
function measuring(rig: Rig, part: Parameters<typeof target4>[1] = {}): Measured {
  const measured = newMeasured(target4('a', part), 'v4');
  measured.series = rig.engine.addSeries(specOf(4, 1));
  measured.address = parseAddress('198.18.0.1');
  measured.ip = '198.18.0.1';
  measured.reason = null;
  return measured;
}

function snapshotOf(rig: Rig, measured: Measured) {
  const state = measured.series === null ? null : rig.engine.state(measured.series);
  return toSnapshot(measured, state, true);
}

suite('series', (s) => {
  s.test('host, size, tos, source and device make a series, and nothing else does', () => {
    const plain = target4('a');
    const same = {
      ...plain,
      id: 'b',
      intervalMs: 10,
      labels: { a: 'b' },
      families: ['v6' as const],
    };
    const others = [
      { host: 'b.example' },
      { size: 57 },
      { tos: 1 },
      { source: '198.18.0.9' },
      { device: 'eth0' },
    ];

    is(seriesKey(same), seriesKey(plain));
    const keys = [plain, ...others.map((part) => ({ ...plain, ...part }))].map(seriesKey);
    is(new Set(keys).size, keys.length);
  });

  s.test('without an address there are zeros, no figures, and a reason', () => {
    const shown = toSnapshot(newMeasured(target4('a'), 'v6'), null, true);

    equal(
      [shown.state, shown.ip, shown.reason],
      ['unresolved', null, 'its name is being resolved'],
    );
    equal([shown.counters.sent, shown.counters.sendErrors.blocked, shown.ttl], [0, 0, null]);
    is(shown.sparky.counts.length, SPARKY_BUCKETS.length + 1);
    equal(shown.outages, { open: false, total: 0, seconds: 0 });
    equal([shown.lastRound, shown.current, shown.source], [null, true, '']);
  });

  s.test('shows the engine’s counters as they are', () => {
    const rig = openRig(answerAfter(5));
    const measured = measuring(rig, { source: '198.18.0.9', tos: 184, labels: { site: 'x' } });
    rig.run(9995);

    const shown = snapshotOf(rig, measured);

    equal([shown.counters.sent, shown.counters.received], [10, 10]);
    equal([shown.source, shown.tos, shown.labels], ['198.18.0.9', 184, { site: 'x' }]);
    equal([shown.state, shown.reason, shown.ttl], ['measuring', null, 57]);
    is(shown.sparky.counts[SPARKY_BUCKETS.indexOf('0.0064')], 10);
    ok(Math.abs(shown.sparky.sumSeconds - 0.05) < 1e-9);
  });

  s.test('is down while the engine has an outage open', () => {
    const rig = openRig(silence);
    const measured = measuring(rig);
    rig.run(20_000);

    is(snapshotOf(rig, measured).state, 'down');
  });

  s.test('says why the kernel takes nothing, until it takes something', () => {
    let refused = 0;
    const rig = openRig(() => ({ refused, arrivals: [] }));
    const measured = measuring(rig, { size: 1472 });
    const states = [0, EPERM, EMSGSIZE, 0].map((errno) => {
      refused = errno;
      rig.run(2000);
      lookAtSends(measured, rig.engine);
      return snapshotOf(rig, measured);
    });

    equal(
      states.map(({ state, reason }) => [state, reason]),
      [
        ['measuring', null],
        ['unavailable', 'a filter of this machine refuses packets to 198.18.0.1'],
        ['unavailable', 'packets of 1472 bytes are too large for the interface'],
        ['measuring', null],
      ],
    );
  });

  s.test('stays unavailable between two sends that are far apart', () => {
    const rig = openRig(() => ({ refused: EPERM, arrivals: [] }));
    const measured = measuring(rig);
    rig.engine.setInterval(measured.series ?? 0, 60_000);
    rig.run(61_000, 100);
    lookAtSends(measured, rig.engine);
    const first = snapshotOf(rig, measured).state;
    rig.run(2000);
    lookAtSends(measured, rig.engine);

    equal([first, snapshotOf(rig, measured).state], ['unavailable', 'unavailable']);
  });

  s.test('what was refused among others long ago says nothing of a quiet second', () => {
    let echoes = 0;
    const rig = openRig(() => ({ refused: echoes++ % 2 === 0 ? EPERM : 0, arrivals: [] }));
    const measured = measuring(rig);
    rig.run(6000);
    lookAtSends(measured, rig.engine);
    rig.run(500);
    lookAtSends(measured, rig.engine);

    is(snapshotOf(rig, measured).state, 'measuring');
  });

  s.test('a full queue passes by itself', () => {
    const rig = openRig(() => ({ refused: ENOBUFS, arrivals: [] }));
    const measured = measuring(rig);
    rig.run(2000);

    is(lookAtSends(measured, rig.engine), false);
    is(snapshotOf(rig, measured).state, 'measuring');
  });

  s.test('tells when it is the interface that is at fault', () => {
    const rig = openRig(() => ({ refused: 19, arrivals: [] }));
    const measured = measuring(rig, { device: 'wwan0' });
    rig.run(2000);

    is(lookAtSends(measured, rig.engine), true);
    is(lookAtSends(measured, rig.engine), false);
    is(snapshotOf(rig, measured).reason, 'its interface wwan0 is down or gone');
  });

  s.test('a round names the target, the address and its number', () => {
    const rig = openRig(answerAfter(5));
    const measured = measuring(rig);
    rig.run(36_000);
    const [closed] = rig.engine.takeRounds();
    if (closed === undefined) throw new Error('no round was closed');

    const round = toRound(measured, closed, { bootId: 'b', sequence: 7 });

    equal(
      [round.target, round.host, round.family, round.ip],
      ['a', 'a.example', 'v4', '198.18.0.1'],
    );
    equal([round.bootId, round.sequence, round.kind], ['b', 7, 'smokeping']);
    equal([round.sent, round.received, round.lost], [closed.sent, closed.received, 0]);
    equal([round.rttNs?.min, round.rttNs?.max, round.exact], [5_000_000, 5_000_000, true]);
  });

  s.test('a round without an answer has no figures', () => {
    const rig = openRig(silence);
    const measured = measuring(rig);
    rig.run(36_000);
    const [closed] = rig.engine.takeRounds();
    if (closed === undefined) throw new Error('no round was closed');

    is(toRound(measured, closed, { bootId: 'b', sequence: 0 }).rttNs, null);
  });

  s.test('loopback is local, everything else is not', () => {
    const measured = newMeasured(target4('a'), 'v4');
    not.ok(isLocal(measured));
    measured.address = parseAddress('127.0.0.53');
    ok(isLocal(measured));
    measured.address = parseAddress('192.0.2.1');
    not.ok(isLocal(measured));
  });
});

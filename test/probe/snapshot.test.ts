import { equal, is, match, not, ok } from 'uvu/assert';
import { judgeConfig } from '../../src/probe/config-file.ts';
import { buildSnapshot, gatherFacts } from '../../src/probe/snapshot.ts';
import { answerAfter, openRig, specOf } from '../fake/rig.ts';
import { suite } from '../helper.ts';
import { makeSeries } from './metrics-snapshot.ts';

const STORE = { bytes: 7, oldestMs: 5, errors: 1, lastError: 'no space', torn: 2 };

function facts(document: object = {}) {
  const rig = openRig(answerAfter(5));
  const loaded = judgeConfig({ schema: 1, ...document }, 'x');
  return { rig, facts: gatherFacts(rig.engine, '1.2.3', { ...loaded, file: '/etc/x.json' }) };
}

suite('snapshot', (s) => {
  s.test('the configuration names the host, else the system does', () => {
    is(facts({ hostname: 'probe07' }).facts.hostname, 'probe07');
    not.equal(facts().facts.hostname, '');
  });

  s.test('each start has a name of its own', () => {
    const names = [facts().facts.bootId, facts().facts.bootId];
    match(names[0] ?? '', /^[0-9a-f]{12}$/);
    is(new Set(names).size, 2);
  });

  s.test('remembers what it was started with when another configuration is applied', () => {
    const { facts: known } = facts({ listen: { port: 9000 } });
    known.applied = { ...known.applied, ...judgeConfig({ schema: 1 }, 'y') };

    equal([known.startedWith.listen.port, known.applied.config.listen.port], [9000, 9740]);
  });

  s.test('puts together what store, engine and measurement say', () => {
    const { rig, facts: known } = facts();
    rig.engine.addSeries(specOf(4, 1));
    rig.run(2500);
    known.applied.error = 'x.json: not JSON';
    known.isConfigReadable = false;
    const series = [makeSeries({})];

    const snapshot = buildSnapshot(known, { series, store: STORE, paths: [], openEvents: [] });

    is(snapshot.series, series);
    equal(snapshot.store, { bytes: 7, oldestMs: 5, errors: 1, lastError: 'no space' });
    const { etag } = known.applied;
    const appliedMs = known.startedMs;
    const file = '/etc/x.json';
    const error = 'x.json: not JSON';
    equal(snapshot.config, { etag, file, appliedMs, error, readable: false });
    equal([snapshot.version, snapshot.addon], ['1.2.3', 'fake']);
    equal(snapshot.clock, { state: 'synced', offsetNs: null });
    ok(snapshot.nowMs >= snapshot.startedMs);
    const { transport, stamps, ticks, tickLate } = snapshot.engine;
    equal([transport, stamps, ticks], ['fake', 'kernel', 250]);
    is(tickLate.counts.length, tickLate.bounds.length + 1);
    is(
      tickLate.counts.reduce((sum, count) => sum + count, 0),
      3,
    );
  });

  s.test('says when nothing disciplines the clock', () => {
    const { rig, facts: known } = facts();
    rig.transport.isSynced = false;
    rig.run(100);

    const { clock } = buildSnapshot(known, { series: [], store: STORE, paths: [], openEvents: [] });

    is(clock.state, 'unsynced');
  });
});

import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { readAssigned, setsOf, withSet } from '../../../src/control/fleet/assigned.ts';
import { disableProbe } from '../../../src/control/fleet/binding.ts';
import { documentOf } from '../../../src/control/fleet/compose.ts';
import { showProbe } from '../../../src/control/fleet/detail.ts';
import { searchOf, searchText } from '../../../src/control/fleet/find.ts';
import { byComposition, composeFor } from '../../../src/control/fleet/judge.ts';
import { saveSet } from '../../../src/control/fleet/sets.ts';
import { PROBE_DETAIL } from '../../../src/core/fleet.ts';
import { SET_INPUT } from '../../../src/core/fleet-sets.ts';
import { suite } from '../../helper.ts';
import { add, askToBe, inLab, macOf, refused, say } from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';
import { probeReport, reportOf } from '../report-lab.ts';

suite('control/fleet', ({ test }) => {
  test('all about a probe: what it should run, what it runs, and what it said', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1), groups: ['north'] });
      for (const [id, scope] of [
        ['own', 'probe'],
        ['every', 'all'],
        ['site', 'group'],
      ] as const) {
        const value = { probe: 'probe01', all: '', group: 'north' }[scope];
        const measurements = { smokeping: { targets: [`${id}.example`] } };
        const input = { id, measurements, assignments: [{ scope, value }] };
        await saveSet(context, SYSTEM, v.parse(SET_INPUT, input));
      }
      const config = { etag: '"x"', appliedMs: 1, error: null, unsupported: ['u'], capped: ['c'] };
      await say(context, 'probe01', reportOf({ config }));
      const detail = await showProbe(context, 'probe01');
      assert.ok(v.is(PROBE_DETAIL, detail));
      assert.equal(detail.sets, ['every', 'site', 'own']);
      const { etag } = await documentOf(context, 1);
      assert.equal(detail.config, {
        ...{ wantedEtag: etag, etag: '"x"', error: null, unsupported: ['u'], capped: ['c'] },
      });
      assert.equal(detail.measured, probeReport().series);
      assert.is(detail.clock?.state, 'synced');
      await refused(showProbe(context, 'nobody'), 'ERR_NOT_FOUND', /nobody/);
    });
  });

  test('candidates and events are shown, newest first, strangers’ keys among them', async () => {
    await inLab(async ({ context, clock }) => {
      await add(context, { mac: macOf(1) });
      await askToBe(context, 'probe01', 1);
      clock.nowMs += 1000;
      const last = await askToBe(context, 'probe01', 2);
      await context.store.db
        .insertInto('probe_events')
        .values([
          { probeId: 1, eventId: 'old', kind: 'outage', target: 'a', family: 'v4', ...times(1) },
          {
            probeId: 1,
            eventId: 'new',
            kind: 'foreign-key',
            target: null,
            family: null,
            ...times(2),
          },
        ])
        .execute();
      const detail = await showProbe(context, 'probe01');
      assert.ok(v.is(PROBE_DETAIL, detail));
      assert.is(detail.candidates[0]?.fingerprint, last);
      assert.equal(
        detail.events.map(({ id, kind }) => `${id} ${kind}`),
        ['new foreign-key', 'old outage'],
      );
      assert.equal(detail.events[0]?.detail, { attempts: 1 });
    });
  });

  test('a search finds what it was stored as', () => {
    const texts = { location: 'KÖLN', contact: '', note: '' };
    const probe = { name: 'p', mac: 'm', hardware: 'h', address: null, ...texts };
    const text = searchOf(probe, { groups: ['north'], tags: ['Two Words'] });
    for (const word of ['köln', 'Ko\u0308ln', 'two words', 'NORTH']) {
      assert.ok(text.includes(searchText(word)), word);
    }
  });

  test('a set that comes in two ways counts as the more specific', async () => {
    await inLab(async ({ context }) => {
      const assigned = await readAssigned(context.store.db);
      const set = { id: 'x', createdMs: 0, measurements: {} };
      const rows = [
        { scope: 'probe' as const, value: '1' },
        { scope: 'all' as const, value: '' },
        { scope: 'group' as const, value: 'g' },
      ];
      const with1 = withSet(assigned, set, rows);
      const scopes = [setsOf(with1, 1, ['g']), setsOf(with1, 2, ['g']), setsOf(with1, 2, [])].map(
        (sets) => sets.map(({ scope }) => scope).join(),
      );
      assert.equal(scopes, ['probe', 'group', 'all']);
      assert.is(setsOf(assigned, 1, ['g']).length, 0, 'the original is as it was');
      assert.is(setsOf(withSet(with1, set, []), 1, ['g']).length, 0);
    });
  });

  test('probes that run the same are judged together, however they are grouped', () => {
    const set = (id: string) => ({ id, createdMs: 0, measurements: {} });
    const assigned = {
      sets: new Map([
        ['a', set('a')],
        ['b', set('b')],
      ]),
      all: new Set<string>(),
      byGroup: new Map([
        ['g', new Set(['a'])],
        ['h', new Set(['a'])],
      ]),
      byProbe: new Map([[9, new Set(['b'])]]),
    };
    const runner = (id: number, groups: string[]) => ({
      id,
      name: `p${id}`,
      groups,
      isDisabled: false,
    });
    const runners = [runner(1, ['g']), runner(2, ['h']), runner(3, []), runner(9, ['g'])];
    const all = byComposition(assigned, runners);
    assert.equal(
      all.map((one) => one.runners.map(({ id }) => id)),
      [[1, 2], [3], [9]],
    );
    const some = byComposition(assigned, runners, (sets) => sets.some(({ id }) => id === 'b'));
    assert.equal(
      some.map((one) => one.runners.map(({ id }) => id)),
      [[9]],
    );
  });

  test('a set of a later version is passed on, and its probe is not refused for it', () => {
    const measurements = { quantum: { spin: 1 }, smokeping: { targets: ['a.example'] } };
    const set = { id: 'x', createdMs: 0, scope: 'all' as const, measurements };
    const { config, text } = composeFor('probe01', [set]);
    assert.is(config.measurements.smokeping.targets.length, 1);
    assert.match(text, /"quantum":\{"spin":1\}/);
  });

  test('a disabled probe’s row says since when', async () => {
    await inLab(async ({ context, clock }) => {
      await add(context, { mac: macOf(1) });
      await disableProbe(context, SYSTEM, 'probe01');
      clock.nowMs += 120_000;
      assert.is((await showProbe(context, 'probe01')).reason, 'disabled 2 min ago');
    });
  });
});

function times(fromMs: number) {
  return { fromMs, untilMs: null, scope: null, detail: '{"attempts":1}', heardMs: fromMs };
}

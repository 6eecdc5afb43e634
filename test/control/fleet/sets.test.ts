import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { disableProbe } from '../../../src/control/fleet/binding.ts';
import { documentOf } from '../../../src/control/fleet/compose.ts';
import { showProbe } from '../../../src/control/fleet/detail.ts';
import { changeProbe } from '../../../src/control/fleet/probes.ts';
import {
  listSets,
  previewSet,
  removeSet,
  saveSet,
  showSet,
} from '../../../src/control/fleet/sets.ts';
import type { ControlContext } from '../../../src/control/request/context.ts';
import { SET_ANSWER, SET_INPUT, SET_PREVIEW } from '../../../src/core/fleet-sets.ts';
import { suite } from '../../helper.ts';
import { add, audits, inLab, macOf, refused, say } from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';
import { reportOf } from '../report-lab.ts';

type Input = v.InferInput<typeof SET_INPUT>;

const ALL = [{ scope: 'all' as const }];

suite('control/fleet/sets', ({ test }) => {
  test('a set is saved, shown, changed and removed', async () => {
    await inLab(async ({ context }) => {
      await fleetOf(context, 3);
      const made = await save(context, {
        id: 'basics',
        title: 'Basics',
        measurements: { smokeping: { targets: ['a.example'] } },
        assignments: [
          { scope: 'group', value: 'even' },
          { scope: 'probe', value: 'probe01' },
        ],
      });
      assert.ok(v.is(SET_ANSWER, made));
      assert.is(made.probes, 2);
      assert.equal(made.assignments, [
        { scope: 'group', value: 'even' },
        { scope: 'probe', value: 'probe01' },
      ]);
      const changed = await save(context, { id: 'basics', measurements: {}, assignments: ALL });
      assert.equal([changed.probes, changed.title], [3, '']);
      assert.equal(await listSets(context), [changed]);
      await disableProbe(context, SYSTEM, 'probe02');
      assert.is((await showSet(context, 'basics')).probes, 2);
      await removeSet(context, SYSTEM, 'basics');
      assert.equal(await listSets(context), []);
      await refused(removeSet(context, SYSTEM, 'basics'), 'ERR_NOT_FOUND', /"basics"/);
      const actions = (await audits(context)).map(({ action }) => action);
      assert.equal(
        actions.filter((action) => action.startsWith('set.')),
        ['set.add', 'set.edit', 'set.remove'],
      );
    });
  });

  test('of two who read a set and change it, the second is told, and loses nothing', async () => {
    await inLab(async ({ context }) => {
      const first = await save(context, { id: 'basics', title: 'One', measurements: {} });
      const { changedMs } = first;
      const second = await save(context, { ...pick(first), title: 'Two', changedMs });
      await refused(
        save(context, { ...pick(first), title: 'Three', changedMs }),
        'ERR_CONFLICT',
        /somebody else has changed the set basics meanwhile/,
      );
      assert.is((await showSet(context, 'basics')).title, 'Two');
      // The clock stands still here, and yet no two states bear the same time.
      assert.ok(second.changedMs > changedMs);
      await removeSet(context, SYSTEM, 'basics');
      await refused(
        save(context, { ...pick(second), changedMs: second.changedMs }),
        'ERR_CONFLICT',
        /has removed/,
      );
    });
  });

  test('saving what is saved already changes nothing', async () => {
    await inLab(async ({ context }) => {
      const input = { id: 'basics', measurements: { path: {} }, assignments: ALL };
      await save(context, input);
      const revision = context.revision.value;
      const before = await audits(context);
      await save(context, input);
      assert.is((await audits(context)).length, before.length);
      assert.is(context.revision.value, revision);
    });
  });

  test('a set is judged as by the probe, and a kind to come is refused by name', async () => {
    await inLab(async ({ context }) => {
      const faulty: [Record<string, unknown>, RegExp][] = [
        [
          { smokeping: { targets: [{ host: 'a.example', size: 3 }] } },
          /targets\.0\.size: expected a whole/,
        ],
        [{ smokeping: { rond: '30s' } }, /measurements\.smokeping\.rond: unknown key/],
        [{ http: {} }, /measurements\.http: this version has no such measurement/],
        [{ smokeping: { targets: ['a', 'a'] } }, /targets\.1\.id: expected an id of its own/],
      ];
      for (const [measurements, message] of faulty) {
        const input = { id: 'x', measurements };
        await refused(save(context, input), 'ERR_INPUT_INVALID', message);
        await refused(preview(context, input), 'ERR_INPUT_INVALID', message);
      }
      assert.equal(await listSets(context), []);
    });
  });

  test('what is too much together is refused with probe and set, not saved', async () => {
    await inLab(async ({ context }) => {
      await fleetOf(context, 2);
      const usual = { smokeping: { timeout: '60s', targets: ['a.example'] } };
      await save(context, { id: 'patient', measurements: usual, assignments: ALL });
      const fast = {
        id: 'fast',
        measurements: { smokeping: { interval: '100ms', targets: ['b.example'] } },
        assignments: [{ scope: 'group' as const, value: 'even' }],
      };
      await refused(
        save(context, fast),
        'ERR_INPUT_INVALID',
        /targets\.1\.interval: expected at least "120ms".*\(probe02, set fast\)/,
      );
      assert.is((await listSets(context)).length, 1);
      await save(context, { ...fast, assignments: [] });
    });
  });

  test('a set is not taken away when what is left does not go together', async () => {
    await inLab(async ({ context }) => {
      await fleetOf(context, 1);
      const put = (id: string, smokeping: object, scope: 'all' | 'probe') =>
        save(context, {
          id,
          measurements: { smokeping },
          assignments: [scope === 'all' ? { scope } : { scope, value: 'probe01' }],
        });
      await put('own', { timeout: '1s' }, 'probe');
      await put('fast', { timeout: '1s', interval: '10ms', targets: ['a.example'] }, 'all');
      await refused(
        put('fast', { interval: '1ms', targets: ['a'] }, 'all'),
        'ERR_INPUT_INVALID',
        /10ms/,
      );
      await put('aged', { timeout: '30s' }, 'all');
      const fault = /expected at least "60ms".*probe01, set fast/;
      await refused(removeSet(context, SYSTEM, 'own'), 'ERR_INPUT_INVALID', fault);
      const unassigned = save(context, {
        id: 'own',
        measurements: { smokeping: { timeout: '1s' } },
      });
      await refused(unassigned, 'ERR_INPUT_INVALID', fault);
      assert.is((await showSet(context, 'own')).probes, 1);
    });
  });

  test('a document that fits into no request is refused', async () => {
    await inLab(async ({ context }) => {
      await fleetOf(context, 1);
      const labels = { site: 'x'.repeat(200) };
      const targets = Array.from({ length: 1200 }, (_, at) => ({ host: `h${at}.example`, labels }));
      const input = {
        id: 'long',
        measurements: { smokeping: { interval: '1h', targets } },
        assignments: ALL,
      };
      const large = /probe01 would get a document of \d+ bytes from the sets long/;
      await refused(save(context, input), 'ERR_INPUT_INVALID', large);
    });
  });

  test('who is named has to be there, and "all" names nobody', async () => {
    await inLab(async ({ context }) => {
      const save1 = (assignments: Input['assignments']) =>
        save(context, { id: 'x', measurements: {}, assignments });
      await refused(save1([{ scope: 'probe', value: 'nobody' }]), 'ERR_NOT_FOUND', /nobody/);
      await refused(save1([{ scope: 'all', value: 'x' }]), 'ERR_INPUT_INVALID', /no value/);
      await refused(save1([{ scope: 'group' }]), 'ERR_INPUT_INVALID', /name of a group/);
      const twice = await save1([
        { scope: 'group', value: 'g' },
        { scope: 'group', value: 'g' },
      ]);
      assert.is(twice.assignments.length, 1);
    });
  });

  test('what changes while a set is judged is judged, too', async () => {
    await inLab(async ({ context }) => {
      await fleetOf(context, 9);
      const half = (id: string) => {
        const targets = Array.from({ length: 1100 }, (_, at) => `h${at}.${id}.example`);
        const smokeping = { interval: '1m', targets };
        const assignments = [{ scope: 'group' as const, value: id }];
        return save(context, { id, measurements: { smokeping }, assignments });
      };
      await half('odd');
      for (let at = 2; at <= 9; at++) {
        const name = `probe0${at}`;
        await changeProbe(context, SYSTEM, name, { groups: ['third'] });
        const assignments = [{ scope: 'probe' as const, value: name }];
        await save(context, { id: name, measurements: { path: {} }, assignments });
      }
      const saving = half('third');
      // By now it has read who would run it, and is judging.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      const groups = ['odd', 'third'];
      const joining = changeProbe(context, SYSTEM, 'probe01', { groups });
      const results = await Promise.allSettled([saving, joining]);
      assert.equal(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      const { sets } = await showProbe(context, 'probe01');
      assert.ok(sets.length <= 1, sets.join());
    });
  });

  test('a preview says what it would cost, and saves nothing', async () => {
    await inLab(async ({ context }) => {
      await fleetOf(context, 10);
      const first = { smokeping: { targets: ['192.0.2.1'] } };
      await save(context, { id: 'first', measurements: first, assignments: ALL });
      const shown = await preview(context, {
        id: 'second',
        measurements: { smokeping: { interval: '500ms', targets: ['192.0.2.2'] } },
        assignments: [{ scope: 'group', value: 'even' }],
      });
      assert.ok(v.is(SET_PREVIEW, shown));
      assert.equal([shown.probes, shown.example?.probe], [5, 'probe02']);
      assert.equal(
        [shown.example?.before.packetsPerSecond, shown.example?.after.packetsPerSecond],
        [2, 6],
      );
      assert.is(shown.most.packetsPerSecond, 6);
      assert.is(shown.fleet.packetsPerSecond, 5 * 2 + 5 * 6);
      assert.equal(shown.destinations, [
        { host: '192.0.2.1', packetsPerSecond: 10 },
        { host: '192.0.2.2', packetsPerSecond: 10 },
      ]);
      assert.equal(shown.warnings, []);
      assert.is((await listSets(context)).length, 1);
      const saved = await documentOf(context, 2);
      assert.not.match(saved.text, /192\.0\.2\.2/);
    });
  });

  test('the example is as dear as its own paths are long', async () => {
    await inLab(async ({ context }) => {
      await fleetOf(context, 1);
      const path = {
        ...{ target: '192.0.2.1', host: '192.0.2.1', family: 'v4' as const, ip: '192.0.2.1' },
        ...{ protocol: 'icmp' as const, state: 'tracing' as const, sinceMs: null },
        hops: [null, '192.0.2.1'],
      };
      await say(context, 'probe01', reportOf({ paths: [path] }));
      const measurements = { path: { interval: '10s', targets: ['192.0.2.1'] } };
      const shown = await preview(context, { id: 'x', measurements, assignments: ALL });
      assert.is(shown.example?.after.packetsPerSecond, (2 * 3 * 2) / 10);
      assert.is(shown.most.packetsPerSecond, (2 * 3 * 15) / 10);
    });
  });

  test('a preview warns of what others would feel and of what boards hold back', async () => {
    await inLab(async ({ context }) => {
      await fleetOf(context, 60);
      const crowd = await preview(context, {
        id: 'crowd',
        measurements: { smokeping: { targets: ['192.0.2.1'] } },
        assignments: [...ALL, { scope: 'group', value: 'empty' }],
      });
      assert.match(
        crowd.warnings.join('\n'),
        /192\.0\.2\.1 gets 60 packets a second from the fleet/,
      );
      assert.match(crowd.warnings.join('\n'), /no probe in the group empty/);
      const flood = await preview(context, {
        id: 'flood',
        measurements: {
          smokeping: { interval: '10ms', targets: [{ host: '192.0.2.1', size: 1400 }] },
        },
        assignments: [{ scope: 'probe', value: 'probe01' }],
      });
      const told = flood.warnings.join('\n');
      assert.match(told, /probe01: 23\.0 GiB a day/);
      assert.match(
        told,
        /probe01: the boards will hold this back: 192\.0\.2\.1: 100 packets a second/,
      );
      const nobody = await preview(context, { id: 'x', measurements: {} });
      assert.equal([nobody.probes, nobody.example], [0, null]);
      assert.equal(nobody.warnings, ['no probe would run this set']);
    });
  });

  test('a preview tells what gives way to what', async () => {
    await inLab(async ({ context, clock }) => {
      await fleetOf(context, 2);
      const dns = (host: string) => ({ smokeping: { targets: [{ id: 'dns', host }] } });
      await save(context, { id: 'old', measurements: dns('192.0.2.1'), assignments: ALL });
      clock.nowMs += 1000;
      const young = { id: 'new', measurements: dns('192.0.2.2'), assignments: ALL };
      const { warnings, example } = await preview(context, young);
      assert.match(
        warnings.join(),
        /probe01 and 1 more: smokeping: dns of set new becomes dns@new/,
      );
      assert.match(JSON.stringify(example?.document), /dns@new/);
      await save(context, young);
      assert.equal((await preview(context, young)).warnings, warnings);
    });
  });

  test('ten thousand probes are previewed and judged in a moment', async () => {
    await inLab(async ({ context }) => {
      const insert = context.store.raw.prepare(
        `insert into probes (name, mac, hardware, location, contact, note, search, createdMs)
         values (?, ?, 'generic', '', '', '', '', 0)`,
      );
      const label = context.store.raw.prepare(`insert into probe_labels values (?, 'group', ?)`);
      context.store.raw.transaction(() => {
        for (let id = 1; id <= 10_000; id++) {
          insert.run(`probe${String(id).padStart(2, '0')}`, macOf(id));
          label.run(id, `g${id % 100}`);
        }
      })();
      const set = context.store.raw.prepare(`insert into sets values (?, '', '', ?, 0, 0)`);
      const assign = context.store.raw.prepare(`insert into assignments values (?, 'group', ?)`);
      for (let group = 0; group < 100; group++) {
        const own = { smokeping: { targets: [`host${group}.example`] } };
        set.run(`set${group}`, JSON.stringify(own));
        assign.run(`set${group}`, `g${group}`);
      }
      const targets = Array.from({ length: 20 }, (_, at) => `t${at}.example`);
      const input = { id: 'all', measurements: { smokeping: { targets } }, assignments: ALL };
      const from = performance.now();
      const shown = await preview(context, input);
      const middle = performance.now();
      await save(context, input);
      const spans = [middle - from, performance.now() - middle].map((ms) => ms.toFixed(0));
      console.log(`10 000 probes, 100 compositions: preview ${spans[0]} ms, save ${spans[1]} ms`);
      assert.is(shown.probes, 10_000);
      assert.ok(middle - from < 3000);
    });
  });
});

async function fleetOf(context: ControlContext, count: number): Promise<void> {
  for (let at = 1; at <= count; at++) {
    await add(context, { mac: macOf(at), groups: at % 2 === 0 ? ['even'] : [] });
  }
}

async function save(context: ControlContext, input: Input) {
  return await saveSet(context, SYSTEM, v.parse(SET_INPUT, input));
}

async function preview(context: ControlContext, input: Input) {
  return await previewSet(context, v.parse(SET_INPUT, input));
}

function pick({ id, title, note, measurements, assignments }: v.InferOutput<typeof SET_ANSWER>) {
  return { id, title, note, measurements, assignments };
}

import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { showProbe } from '../../../src/control/fleet/detail.ts';
import { changeProbe, removeProbe } from '../../../src/control/fleet/probes.ts';
import { saveSet } from '../../../src/control/fleet/sets.ts';
import type { ControlContext } from '../../../src/control/request/context.ts';
import { PROBE_ROW } from '../../../src/core/fleet.ts';
import { suite } from '../../helper.ts';
import { add, askUnknown, audits, find, inLab, macOf, refused, say } from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';
import { reportOf } from '../report-lab.ts';

suite('control/fleet/probes', ({ test }) => {
  test('a MAC in any notation is registered, with a name and an address', async () => {
    await inLab(async ({ context }) => {
      const row = await add(context, {
        mac: '0200.5E10.0001',
        groups: ['north'],
        tags: ['x', 'x'],
      });
      assert.is(v.is(PROBE_ROW, row), true);
      const { name, mac, address, groups, tags, hardware, state, health } = row;
      assert.equal([name, mac, address], ['probe01', '02:00:5e:10:00:01', 'fd00:1:2:3::1']);
      assert.equal([groups, tags, hardware], [['north'], ['x'], 'generic']);
      assert.equal([state, health], ['registered', 'waiting']);
      const next = await add(context, { mac: '02-00-5e-10-00-02' });
      assert.equal([next.name, next.address], ['probe02', 'fd00:1:2:3::2']);
    }, PREFIX);
  });

  test('a MAC or name that is taken is refused by the name of who has it', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1), name: 'pop-north' });
      await refused(add(context, { mac: macOf(1) }), 'ERR_CONFLICT', /that of pop-north already/);
      const same = add(context, { mac: macOf(2), name: 'pop-north' });
      await refused(same, 'ERR_CONFLICT', /02:00:5e:00:00:01 already/);
      await refused(
        add(context, { mac: macOf(3), hardware: 'toaster' }),
        'ERR_INPUT_INVALID',
        /toaster/,
      );
      await refused(
        add(context, { mac: macOf(4), name: 'x-' }),
        'ERR_INPUT_INVALID',
        /letter or digit/,
      );
      assert.is(await count(context), 1);
    }, PREFIX);
  });

  test('a hundred people at once get no name and no address twice', async () => {
    await inLab(async ({ context }) => {
      const numbers = Array.from({ length: 100 }, (_, at) => at);
      const rows = await Promise.all(numbers.map((at) => add(context, { mac: macOf(at + 1) })));
      assert.is(new Set(rows.map(({ name }) => name)).size, 100);
      assert.is(new Set(rows.map(({ address }) => address)).size, 100);
      assert.ok(rows.some(({ name }) => name === 'probe100'));
    }, PREFIX);
  });

  test('one MAC is registered once, however many ask at the same time', async () => {
    await inLab(async ({ context }) => {
      const all = Array.from({ length: 20 }, () => add(context, { mac: macOf(1) }));
      const results = await Promise.allSettled(all);
      assert.is(results.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.is(await count(context), 1);
    }, PREFIX);
  });

  test('a board that asked before it was registered waits for approval then', async () => {
    await inLab(async ({ context }) => {
      await askUnknown(context, macOf(1), 7);
      const row = await add(context, { mac: macOf(1) });
      assert.is(row.state, 'pending');
      assert.match(row.reason, /waits for approval/);
      const boards = await context.store.db.selectFrom('boards').selectAll().execute();
      assert.is(boards.length, 0);
    }, PREFIX);
  });

  test('a change names what changes, and the rest stays', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1), groups: ['north'], tags: ['x'], location: 'Roof' });
      const revision = context.revision.value;
      const row = await changeProbe(context, SYSTEM, 'probe01', { name: 'roof', tags: [] });
      assert.equal([row.name, row.groups, row.tags, row.location], ['roof', ['north'], [], 'Roof']);
      assert.ok(context.revision.value > revision);
      assert.is((await find(context, { search: 'roof' })).total, 1);
      assert.is((await find(context, { search: 'probe01' })).total, 0);
      const missing = changeProbe(context, SYSTEM, 'probe01', {});
      await refused(missing, 'ERR_NOT_FOUND', /no probe "probe01"/);
    }, PREFIX);
  });

  test('a change that changes nothing leaves no trace', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1), groups: ['north'] });
      const before = await audits(context);
      await changeProbe(context, SYSTEM, 'probe01', { name: 'probe01', groups: ['north'] });
      assert.is((await audits(context)).length, before.length);
    }, PREFIX);
  });

  test('two probes cannot have one name', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      await add(context, { mac: macOf(2) });
      const same = changeProbe(context, SYSTEM, 'probe02', { name: 'probe01' });
      await refused(same, 'ERR_CONFLICT', /probe01/);
    }, PREFIX);
  });

  test('a group is not joined when its sets are too much for the probe', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1), groups: ['one'] });
      for (const group of ['one', 'two']) {
        const targets = Array.from({ length: 1100 }, (_, at) => `h${at}.${group}.example`);
        await saveSet(context, SYSTEM, {
          id: group,
          title: '',
          note: '',
          measurements: { smokeping: { interval: '1m', targets } },
          assignments: [{ scope: 'group', value: group }],
        });
      }
      const both = changeProbe(context, SYSTEM, 'probe01', { groups: ['one', 'two'] });
      await refused(both, 'ERR_INPUT_INVALID', /at most 2048.*probe01 with the sets one, two/);
      assert.equal((await showProbe(context, 'probe01')).groups, ['one']);
      const another = add(context, { mac: macOf(2), groups: ['one', 'two'] });
      await refused(another, 'ERR_INPUT_INVALID', /probe02/);
      assert.is(await count(context), 1);
    }, PREFIX);
  });

  test('what is removed leaves nothing behind, and frees its name and address', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1), groups: ['north'], tags: ['x'] });
      const { id } = await onlyProbe(context);
      await say(context, 'probe01', reportOf());
      await saveSet(context, SYSTEM, {
        ...{ id: 'own', title: '', note: '', measurements: {} },
        assignments: [{ scope: 'probe', value: 'probe01' }],
      });
      await removeProbe(context, SYSTEM, 'probe01');
      const tables = ['probes', 'probe_labels', 'probe_states', 'assignments'] as const;
      for (const table of tables) {
        const rows = await context.store.db.selectFrom(table).selectAll().execute();
        assert.is(rows.length, 0, table);
      }
      const again = await add(context, { mac: macOf(1) });
      assert.equal([again.name, again.address], ['probe01', 'fd00:1:2:3::1']);
      const row = await context.store.db
        .selectFrom('probes')
        .select('id')
        .executeTakeFirstOrThrow();
      assert.is.not(row.id, id, 'an id is never given again');
      await refused(removeProbe(context, SYSTEM, 'probe07'), 'ERR_NOT_FOUND', /probe07/);
    }, PREFIX);
  });

  test('the audit log has what was and what is, and no key', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1), location: 'Roof' });
      await changeProbe(context, SYSTEM, 'probe01', { location: 'Cellar' });
      await removeProbe(context, SYSTEM, 'probe01');
      const entries = await audits(context);
      const actions = ['probe.add', 'probe.edit', 'probe.remove'];
      assert.equal(
        entries.map(({ action }) => action),
        actions,
      );
      const [, edit] = entries;
      assert.is(JSON.parse(edit?.before ?? '').location, 'Roof');
      assert.is(JSON.parse(edit?.after ?? '').location, 'Cellar');
      assert.is(entries[2]?.after, null);
    }, PREFIX);
  });
});

const PREFIX = { config: { addressPrefix: 'fd00:1:2:3::/64' } };

async function count(context: ControlContext): Promise<number> {
  return (await find(context, {})).total;
}

async function onlyProbe({ store }: ControlContext): Promise<{ id: number }> {
  return await store.db.selectFrom('probes').select('id').executeTakeFirstOrThrow();
}

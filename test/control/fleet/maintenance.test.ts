import * as assert from 'uvu/assert';
import {
  addMaintenance,
  endMaintenance,
  listMaintenance,
  windowOf,
} from '../../../src/control/fleet/maintenance.ts';
import { changeProbe, removeProbe } from '../../../src/control/fleet/probes.ts';
import { suite } from '../../helper.ts';
import { add, audits, find, inLab, macOf, refused, say } from '../fleet-lab.ts';
import { NOW_MS, SYSTEM } from '../lab.ts';
import { reportOf } from '../report-lab.ts';

const HOUR_MS = 3_600_000;
const SPAN = { fromMs: NOW_MS, untilMs: NOW_MS + HOUR_MS, reason: 'new roof' };

suite('control/fleet/maintenance', ({ test }) => {
  test('a window silences who is in it, for its time', async () => {
    await inLab(async ({ context, clock }) => {
      for (const at of [1, 2, 3]) {
        await add(context, { mac: macOf(at), groups: at === 1 ? ['north'] : [] });
        await say(context, `probe0${at}`, reportOf());
      }
      await addMaintenance(context, SYSTEM, { scope: 'group', value: 'north', ...SPAN });
      await addMaintenance(context, SYSTEM, { scope: 'probe', value: 'probe02', ...SPAN });
      clock.nowMs += HOUR_MS - 1;
      const healths = async () => {
        const { probes } = await find(context, { sort: 'name' });
        return probes.map(({ health }) => health);
      };
      assert.equal(await healths(), ['maintenance', 'maintenance', 'silent']);
      const [row] = (await find(context, { sort: 'name' })).probes;
      assert.match(row?.reason ?? '', /^maintenance for 0 s more \(new roof\); silent for 59 min$/);
      clock.nowMs += 1;
      assert.equal(await healths(), ['silent', 'silent', 'silent']);
      const span = { fromMs: NOW_MS, untilMs: clock.nowMs + 1, reason: '' };
      await addMaintenance(context, SYSTEM, { scope: 'all', value: '', ...span });
      assert.equal(await healths(), ['maintenance', 'maintenance', 'maintenance']);
    });
  });

  test('a window may end early, and one to come is taken back', async () => {
    await inLab(async ({ context, clock }) => {
      const now = await addMaintenance(context, SYSTEM, { scope: 'all', value: '', ...SPAN });
      const later = { fromMs: NOW_MS + HOUR_MS, untilMs: NOW_MS + 2 * HOUR_MS, reason: '' };
      const next = await addMaintenance(context, SYSTEM, { scope: 'all', value: '', ...later });
      clock.nowMs += 60_000;
      for (let click = 0; click < 2; click++) await endMaintenance(context, SYSTEM, now.id);
      await endMaintenance(context, SYSTEM, next.id);
      const windows = await listMaintenance(context);
      assert.equal(
        windows.map(({ untilMs }) => untilMs),
        [NOW_MS + 60_000],
      );
      await refused(endMaintenance(context, SYSTEM, next.id), 'ERR_NOT_FOUND', /window/);
      const actions = (await audits(context)).map(({ action }) => action);
      assert.equal(actions, [
        'maintenance.add',
        'maintenance.add',
        'maintenance.end',
        'maintenance.end',
      ]);
    });
  });

  test('a window has to end after it begins, after now, and within a year', async () => {
    await inLab(async ({ context }) => {
      const spans = [
        [NOW_MS, NOW_MS, /behind the beginning/],
        [NOW_MS - 2, NOW_MS - 1, /still to come/],
        [NOW_MS, NOW_MS + 400 * 24 * HOUR_MS, /at most 366 days/],
      ] as const;
      for (const [fromMs, untilMs, message] of spans) {
        const input = { scope: 'all' as const, value: '', fromMs, untilMs, reason: '' };
        await refused(addMaintenance(context, SYSTEM, input), 'ERR_INPUT_INVALID', message);
      }
      const nobody = addMaintenance(context, SYSTEM, { scope: 'probe', value: 'nobody', ...SPAN });
      await refused(nobody, 'ERR_NOT_FOUND', /nobody/);
    });
  });

  test('a window follows its probe through a new name, and goes with it', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      await addMaintenance(context, SYSTEM, { scope: 'probe', value: 'probe01', ...SPAN });
      await changeProbe(context, SYSTEM, 'probe01', { name: 'roof' });
      assert.is((await listMaintenance(context))[0]?.value, 'roof');
      await removeProbe(context, SYSTEM, 'roof');
      assert.equal(await listMaintenance(context), []);
    });
  });

  test('of several windows the one that ends last counts', () => {
    const window = (untilMs: number) => ({ untilMs, reason: '' });
    const windows = {
      all: window(5),
      groups: new Map([
        ['a', window(9)],
        ['b', window(7)],
      ]),
      probes: new Map([[1, window(8)]]),
    };
    assert.is(windowOf(windows, 1, ['a', 'b'])?.untilMs, 9);
    assert.is(windowOf(windows, 1, [])?.untilMs, 8);
    assert.is(windowOf(windows, 2, ['c'])?.untilMs, 5);
    assert.is(windowOf({ ...windows, all: null }, 2, []), null);
  });
});

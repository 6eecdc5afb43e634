import * as assert from 'uvu/assert';
import { forgetBoard, listBoards, registerBoard } from '../../../src/control/fleet/boards.ts';
import { showProbe } from '../../../src/control/fleet/detail.ts';
import { suite } from '../../helper.ts';
import { add, askUnknown, audits, inLab, keyOf, macOf, refused } from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';

suite('control/fleet/boards', ({ test }) => {
  test('a board that is registered is bound to the key that asked', async () => {
    await inLab(async ({ context }) => {
      const id = await askUnknown(context, macOf(1), 1);
      await askUnknown(context, macOf(1), 2);
      await askUnknown(context, macOf(3), 3);
      assert.is((await listBoards(context)).length, 3);
      const row = await registerBoard(context, SYSTEM, id, { name: 'roof', groups: ['north'] });
      assert.equal([row.name, row.state, row.mac], ['roof', 'bound', macOf(1)]);
      assert.equal([row.hardware, row.groups, row.model], ['generic', ['north'], 'Board']);
      assert.is((await showProbe(context, 'roof')).fingerprint, keyOf(1).fingerprint);
      assert.equal(
        (await listBoards(context)).map(({ mac }) => mac),
        [macOf(3)],
      );
    });
  });

  test('a second click finds it registered', async () => {
    await inLab(async ({ context }) => {
      const id = await askUnknown(context, macOf(1), 1);
      await registerBoard(context, SYSTEM, id, {});
      const again = registerBoard(context, SYSTEM, id, {});
      await refused(again, 'ERR_NOT_FOUND', /may be registered already/);
    });
  });

  test('hardware that the board only says it is does not stop it', async () => {
    await inLab(async ({ context }) => {
      const id = await askUnknown(context, macOf(1), 1);
      await context.store.db.updateTable('boards').set({ hardware: 'toaster' }).execute();
      const odd = registerBoard(context, SYSTEM, id, { hardware: 'toaster' });
      await refused(odd, 'ERR_INPUT_INVALID', /toaster/);
      assert.is((await registerBoard(context, SYSTEM, id, {})).hardware, 'generic');
    });
  });

  test('a key that is a probe already becomes no second one', async () => {
    await inLab(async ({ context }) => {
      const first = await askUnknown(context, macOf(1), 1);
      const second = await askUnknown(context, macOf(2), 1);
      await registerBoard(context, SYSTEM, first, {});
      const again = registerBoard(context, SYSTEM, second, {});
      await refused(again, 'ERR_CONFLICT', /is probe01 already/);
      assert.is((await listBoards(context)).length, 1, 'nothing of it was done');
      await add(context, { mac: macOf(3) });
    });
  });

  test('what is forgotten is gone, also the second time', async () => {
    await inLab(async ({ context }) => {
      const id = await askUnknown(context, macOf(1), 1);
      await forgetBoard(context, SYSTEM, id);
      await forgetBoard(context, SYSTEM, id);
      assert.is((await listBoards(context)).length, 0);
      assert.equal(
        (await audits(context)).map(({ action }) => action),
        ['board.forget'],
      );
    });
  });
});

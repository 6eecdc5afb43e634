import { equal, is } from 'uvu/assert';
import { forgetProbeKeys, probeOfKey } from '../../../src/control/fleet/probe-keys.ts';
import { makeCredential } from '../../../src/control/request/credential.ts';
import { suite } from '../../helper.ts';
import { type Lab, openLab } from '../lab.ts';

suite('control/fleet/probe-keys', (s) => {
  let lab: Lab;
  s.before(async () => {
    lab = await openLab();
  });
  s.after(() => lab.close());

  const nameOf = async (sha256: string) => (await probeOfKey(lab.context, sha256))?.name ?? null;

  async function giveKey(probeId: number, createdMs: number): Promise<string> {
    const { sha256 } = makeCredential('probe');
    await lab.context.store.write(async (db) => {
      const row = { keySha256: sha256, probeId, createdMs, usedMs: null };
      await db.insertInto('probe_keys').values(row).execute();
    });
    return sha256;
  }

  s.test('an older key works until the newer one is used, whatever the clock said', async () => {
    const { id, sha256 } = await lab.probe('one');
    const next = await giveKey(id, lab.clock.nowMs - 86_400_000);
    equal([await nameOf(sha256), await nameOf(sha256)], ['one', 'one']);

    equal(await nameOf(next), 'one');

    equal([await nameOf(sha256), await nameOf(next)], [null, 'one']);
    const kept = await lab.context.store.db
      .selectFrom('probe_keys')
      .selectAll()
      .where('probeId', '=', id)
      .execute();
    equal(
      kept.map(({ keySha256, usedMs }) => [keySha256, usedMs]),
      [[next, lab.clock.nowMs]],
    );
  });

  s.test(
    'a key that was given later and is not used yet survives the use of an older one',
    async () => {
      const { id } = await lab.probe('two');
      const first = await giveKey(id, lab.clock.nowMs);
      const second = await giveKey(id, lab.clock.nowMs + 1);
      equal([await nameOf(first), await nameOf(second), await nameOf(first)], ['two', 'two', null]);
    },
  );

  s.test('known keys cost no query, and are forgotten when told or after a minute', async () => {
    const { id, sha256 } = await lab.probe('three');
    is(await nameOf(sha256), 'three');
    const rename = (name: string) =>
      lab.context.store.write(async (db) => {
        await db.updateTable('probes').set({ name }).where('id', '=', id).execute();
      });
    await rename('four');
    is(await nameOf(sha256), 'three');
    forgetProbeKeys(lab.context, id);
    is(await nameOf(sha256), 'four');
    await rename('five');
    lab.clock.nowMs += 60_000;
    is(await nameOf(sha256), 'five');
  });

  s.test('a disabled and a removed probe are out at once', async () => {
    const { id, sha256 } = await lab.probe('six');
    is(await nameOf(sha256), 'six');
    await lab.context.store.write(async (db) => {
      await db.updateTable('probes').set({ disabledMs: 1 }).where('id', '=', id).execute();
    });
    forgetProbeKeys(lab.context, id);
    is(await nameOf(sha256), null);
    await lab.context.store.write(async (db) => {
      await db.deleteFrom('probes').where('id', '=', id).execute();
    });
    is(await nameOf(sha256), null);
  });

  s.test('what was read while it changed is not remembered', async () => {
    const { id, sha256 } = await lab.probe('seven');
    const reading = nameOf(sha256);
    forgetProbeKeys(lab.context, id);
    is(await reading, 'seven');
    await lab.context.store.write(async (db) => {
      await db.updateTable('probes').set({ disabledMs: 1 }).where('id', '=', id).execute();
    });
    is(await nameOf(sha256), null);
  });

  s.test('ten thousand known keys are answered from memory', async () => {
    const { sha256 } = await lab.probe('eight');
    await nameOf(sha256);
    const start = performance.now();
    for (let n = 0; n < 10_000; n++) await probeOfKey(lab.context, sha256);
    const perKeyUs = ((performance.now() - start) / 10_000) * 1000;
    is(perKeyUs < 50, true, `${perKeyUs} µs`);
  });
});

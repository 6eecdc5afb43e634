import * as assert from 'uvu/assert';
import { nextAddress, nextName } from '../../../src/control/fleet/names.ts';
import { removeProbe } from '../../../src/control/fleet/probes.ts';
import type { ControlContext } from '../../../src/control/request/context.ts';
import { addressKey } from '../../../src/core/prefix.ts';
import { suite } from '../../helper.ts';
import { add, inLab, macOf, refused } from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';

suite('control/fleet/names', ({ test }) => {
  test('numbers have two digits at least and go on after 99, 999 and 9999', async () => {
    await inLab(async ({ context }) => {
      const next = () => nextName(context.store.db, 'probe');
      assert.is(await next(), 'probe01');
      const steps = [
        ['probe07', 'probe08'],
        ['probe99', 'probe100'],
        ['probe999', 'probe1000'],
        ['probe9999', 'probe10000'],
      ] as const;
      for (const [name, after] of steps) {
        await put(context, name);
        assert.is(await next(), after);
      }
    });
  });

  test('names that only look alike do not count', async () => {
    await inLab(async ({ context }) => {
      for (const name of ['probe', 'probe05a', 'probe-77', 'probes99', 'xprobe50', 'probe1a']) {
        await put(context, name);
      }
      assert.is(await nextName(context.store.db, 'probe'), 'probe01');
      await put(context, 'probe7');
      assert.is(await nextName(context.store.db, 'probe'), 'probe08');
      assert.is(await nextName(context.store.db, 'probe-'), 'probe-78');
      await put(context, 'probe0099');
      assert.is(await nextName(context.store.db, 'probe'), 'probe100');
    });
  });

  test('after the highest number there is none', async () => {
    await inLab(async ({ context }) => {
      await put(context, 'probe999999999');
      await refused(nextName(context.store.db, 'probe'), 'ERR_CONFLICT', /give the probe a name/);
    });
  });

  test('a small prefix is given to its end, and what is freed is given again', async () => {
    await inLab(
      async ({ context }) => {
        for (const number of [1, 2, 3, 4, 5, 6]) {
          const { address } = await add(context, { mac: macOf(number) });
          assert.is(address, `192.0.2.${number}`);
        }
        const seventh = add(context, { mac: macOf(7) });
        await refused(seventh, 'ERR_CONFLICT', /all 6 addresses of 192\.0\.2\.0\/29 are given/);
        await removeProbe(context, SYSTEM, 'probe03');
        await removeProbe(context, SYSTEM, 'probe05');
        assert.is((await add(context, { mac: macOf(8) })).address, '192.0.2.3');
        assert.is((await add(context, { mac: macOf(9) })).address, '192.0.2.5');
      },
      { config: { addressPrefix: '192.0.2.0/29' } },
    );
  });

  test('without a prefix there is no address, and another prefix begins anew', async () => {
    await inLab(async ({ context }) => {
      assert.is((await add(context, { mac: macOf(1) })).address, null);
      assert.is(await nextAddress(context.store.db, null), null);
      assert.is((await nextAddress(context.store.db, 'fd00::/48'))?.text, 'fd00::1');
      await refused(nextAddress(context.store.db, 'fd00::1/48'), 'ERR_CONFIG_INVALID', /fd00::1/);
    });
  });

  test('ten thousand probes make it no slower', async () => {
    await inLab(async ({ context }) => {
      fill(context, 10_000);
      const { db } = context.store;
      const from = performance.now();
      for (let count = 0; count < 20; count++) {
        assert.is(await nextName(db, 'probe'), 'probe10001');
        assert.is((await nextAddress(db, 'fd00::/48'))?.text, 'fd00::2711');
      }
      const perTurnMs = (performance.now() - from) / 20;
      console.log(`name and address of 10 000: ${perTurnMs.toFixed(2)} ms`);
      assert.ok(perTurnMs < 50, `${perTurnMs} ms`);
    });
  });
});

async function put(context: ControlContext, name: string): Promise<void> {
  await add(context, { mac: macOf(serial++), name });
}

let serial = 1000;

function fill({ store }: ControlContext, count: number): void {
  const insert = store.raw.prepare(
    `insert into probes (name, mac, hardware, address, addressKey, location, contact, note, search,
       createdMs) values (?, ?, 'generic', ?, ?, '', '', '', '', 0)`,
  );
  store.raw.transaction(() => {
    for (let number = 1; number <= count; number++) {
      const address = `fd00::${number.toString(16)}`;
      const name = `probe${String(number).padStart(2, '0')}`;
      insert.run(name, macOf(number), address, addressKey(address));
    }
  })();
}

// The edge of the addon: what could write outside the WebAssembly memory is refused by it, too.
import { equal, is, ok, throws } from 'uvu/assert';
import { isAddonBuilt, loadAddon } from '../../src/engine/addon.ts';
import { loadHot, outboxAt } from '../../src/engine/hot.ts';
import { ABI_VERSION } from '../../src/engine/limits.ts';
import { suite } from '../helper.ts';

const EAFNOSUPPORT = 97;

const missing = isAddonBuilt() ? null : 'build/flint.node is not built';

function traysOf(hot: ReturnType<typeof loadHot>) {
  const { CONTROL: control, OUTBOX: outbox, INBOX: inbox, STAMPS: stamps } = hot.layout;
  return { memory: hot.buffer, control, outbox, inbox, stamps };
}

suite('native/addon', (s) => {
  s.testIf(missing, 'its version and the size of its records are ours', () => {
    const addon = loadAddon();

    is(addon.abi, ABI_VERSION);
    is(addon.recordBytes, loadHot().layout.RECORD_BYTES);
  });

  s.testIf(missing, 'it takes no memory but an ArrayBuffer, and no tray outside it', () => {
    const { Transport } = loadAddon();
    const trays = traysOf(loadHot());
    const end = trays.memory.byteLength;
    const open = Transport as unknown as new (given?: unknown) => unknown;

    throws(() => new open(), /expected \{ memory/);
    throws(() => new open(7), /expected \{ memory/);
    for (const memory of [undefined, null, {}, new SharedArrayBuffer(end), new Uint8Array(end)]) {
      throws(() => new open({ ...trays, memory }), /must be an ArrayBuffer/);
    }
    for (const name of ['control', 'outbox', 'inbox', 'stamps']) {
      for (const place of [end, end - 8, 4, -8, 2 ** 32 - 8, 2 ** 33 + end]) {
        throws(
          () => new open({ ...trays, [name]: place }),
          /outside the memory/,
          `${name} ${place}`,
        );
      }
    }
  });

  s.testIf(missing, 'without a socket every packet is refused, and the clocks are read', () => {
    const hot = loadHot();
    const transport = new (loadAddon().Transport)(traysOf(hot));
    const before = process.hrtime.bigint();

    const sent = transport.send(64);
    const drained = transport.drain();

    equal([sent, drained, transport.sockets()], [0, 0, []]);
    for (const index of [0, 63]) {
      is(hot.view.getUint32(outboxAt(hot, index) + 24, true), EAFNOSUPPORT);
      const user = Number(hot.view.getBigUint64(outboxAt(hot, index) + 56, true)) / 1e6;
      ok(Math.abs(user - Date.now()) < 1000);
    }
    const at = (place: number) => hot.view.getBigUint64(hot.layout.CONTROL + place, true);
    ok(Math.abs(Number(at(8)) / 1e6 - Date.now()) < 1000, 'REALTIME');
    ok(at(0) > 0n && at(16) < 1_000_000n, 'MONOTONIC_RAW');
    ok(hot.view.getUint32(hot.layout.CONTROL + 28, true) <= 1);
    transport.drain();
    const later = process.hrtime.bigint();
    ok(at(0) > 0n && later > before);
    transport.close();
    transport.close();
    is(transport.send(1), 0);
  });

  s.testIf(missing, 'the raw clock runs with the monotonic one', async () => {
    const hot = loadHot();
    const transport = new (loadAddon().Transport)(traysOf(hot));
    const raw = () => {
      transport.drain();
      return hot.view.getBigUint64(hot.layout.CONTROL, true);
    };
    const from = [raw(), process.hrtime.bigint()] as const;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const apart = Number(raw() - from[0] - (process.hrtime.bigint() - from[1]));

    ok(Math.abs(apart) < 5e6, `${apart} ns`);
  });

  s.testIf(missing, 'it sends no more than the outbox holds', () => {
    const transport = new (loadAddon().Transport)(traysOf(loadHot()));

    is(transport.send(2 ** 32 - 1), 0);
  });
});

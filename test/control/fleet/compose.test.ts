import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { documentOf } from '../../../src/control/fleet/compose.ts';
import { changeProbe, removeProbe } from '../../../src/control/fleet/probes.ts';
import { removeSet, saveSet } from '../../../src/control/fleet/sets.ts';
import type { ControlContext } from '../../../src/control/request/context.ts';
import { parseProbeConfig } from '../../../src/core/config.ts';
import { SET_INPUT } from '../../../src/core/fleet-sets.ts';
import { suite } from '../../helper.ts';
import { add, inLab, macOf, refused } from '../fleet-lab.ts';
import { SYSTEM } from '../lab.ts';

suite('control/fleet/compose', ({ test }) => {
  test('a document is what the probe takes, and its ETag the digest of its text', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1), groups: ['north'] });
      await save(context, 'basics', ['a.example']);
      const { text, etag } = await documentOf(context, 1);
      assert.is(etag, `"${createHash('sha256').update(text).digest('hex')}"`);
      const parsed = parseProbeConfig(JSON.parse(text), 'local');
      assert.ok(parsed.ok);
      if (!parsed.ok) return;
      assert.is(parsed.config.hostname, 'probe01');
      assert.equal(
        parsed.config.measurements.smokeping.targets.map(({ id }) => id),
        ['a.example'],
      );
    });
  });

  test('a probe without sets gets a document that names no kind', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      const { text } = await documentOf(context, 1);
      assert.is(text, '{"hostname":"probe01","measurements":{},"schema":1}');
      await refused(documentOf(context, 99), 'ERR_NOT_FOUND', /99/);
    });
  });

  test('every change shows at once, and what is changed back has its old ETag', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      const etag = async () => (await documentOf(context, 1)).etag;
      const empty = await etag();
      await save(context, 'basics', ['a.example']);
      const basics = await etag();
      assert.is.not(basics, empty);
      await saveSet(context, SYSTEM, input('north', ['b.example'], { scope: 'group', value: 'n' }));
      assert.is(await etag(), basics);
      await changeProbe(context, SYSTEM, 'probe01', { groups: ['n'] });
      assert.is.not(await etag(), basics);
      await changeProbe(context, SYSTEM, 'probe01', { groups: [] });
      assert.is(await etag(), basics);
      await changeProbe(context, SYSTEM, 'probe01', { name: 'roof' });
      assert.is.not(await etag(), basics);
      await changeProbe(context, SYSTEM, 'roof', { name: 'probe01' });
      await removeSet(context, SYSTEM, 'basics');
      assert.is(await etag(), empty);
      await removeProbe(context, SYSTEM, 'probe01');
      await refused(etag(), 'ERR_NOT_FOUND', /no probe/);
    });
  });

  test('whoever asks while a set is saved gets no document that is stale later', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      for (let turn = 0; turn < 20; turn++) {
        const saving = save(context, 'basics', [`host${turn}.example`]);
        const asked = Array.from({ length: 5 }, () => documentOf(context, 1));
        await Promise.all([saving, ...asked]);
        assert.match((await documentOf(context, 1)).text, new RegExp(`host${turn}\\.example`));
      }
    });
  });

  test('ten thousand probes ask in a moment, again and again', async () => {
    await inLab(async ({ context }) => {
      fill(context, 10_000);
      for (let at = 0; at < 10; at++) {
        const targets = Array.from({ length: 30 }, (_, n) => `h${n}.g${at}.example`);
        const scope = { scope: 'group' as const, value: `g${at}` };
        await saveSet(context, SYSTEM, input(`set${at}`, targets, scope));
      }
      const askAll = async () => {
        const from = performance.now();
        for (let id = 1; id <= 10_000; id++) await documentOf(context, id);
        return performance.now() - from;
      };
      const heap = process.memoryUsage().heapUsed;
      const [cold, warm] = [await askAll(), await askAll()];
      const mebibytes = (process.memoryUsage().heapUsed - heap) / 1_048_576;
      console.log(
        `10 000 documents: ${cold.toFixed(0)} ms after a change, ${warm.toFixed(0)} ms without; ` +
          `${mebibytes.toFixed(1)} MiB`,
      );
      assert.ok(warm < 1000);
      const texts = new Set<string>();
      for (let id = 1; id <= 20; id++) texts.add((await documentOf(context, id)).etag);
      assert.is(texts.size, 20);
    });
  });
});

function input(
  id: string,
  targets: string[],
  assignment: { scope: 'all' | 'group'; value?: string },
) {
  const measurements = { smokeping: { targets } };
  return v.parse(SET_INPUT, { id, measurements, assignments: [assignment] });
}

async function save(context: ControlContext, id: string, targets: string[]): Promise<void> {
  await saveSet(context, SYSTEM, input(id, targets, { scope: 'all' }));
}

function fill({ store }: ControlContext, count: number): void {
  const insert = store.raw.prepare(
    `insert into probes (name, mac, hardware, location, contact, note, search, createdMs)
     values (?, ?, 'generic', '', '', '', '', 0)`,
  );
  const label = store.raw.prepare(`insert into probe_labels values (?, 'group', ?)`);
  store.raw.transaction(() => {
    for (let id = 1; id <= count; id++) {
      insert.run(`probe${String(id).padStart(2, '0')}`, macOf(id));
      label.run(id, `g${id % 10}`);
    }
  })();
}

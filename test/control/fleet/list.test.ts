import * as assert from 'uvu/assert';
import type * as v from 'valibot';
import { disableProbe } from '../../../src/control/fleet/binding.ts';
import { addMaintenance } from '../../../src/control/fleet/maintenance.ts';
import type { ControlContext } from '../../../src/control/request/context.ts';
import { PROBE_HEALTHS, type PROBES_QUERY } from '../../../src/core/fleet.ts';
import { suite } from '../../helper.ts';
import { add, askToBe, find, inLab, macOf, say } from '../fleet-lab.ts';
import { type Lab, SYSTEM } from '../lab.ts';
import { eventAt, probeReport, reportOf } from '../report-lab.ts';

type Query = v.InferInput<typeof PROBES_QUERY>;

suite('control/fleet/list', ({ test }) => {
  test('worst first: silent, in trouble, waiting, well, in maintenance, disabled', async () => {
    await inLab(async (lab) => {
      await makeFleet(lab);
      const { probes, total } = await find(lab.context, {});
      assert.equal(
        probes.map(({ name, health }) => `${name} ${health}`),
        [
          'late silent',
          'long silent',
          'uplink trouble',
          'single trouble',
          'asked waiting',
          'new waiting',
          'fine well',
          'roof maintenance',
          'off disabled',
        ],
      );
      assert.is(total, 9);
      const best = (await find(lab.context, { order: 'asc' })).probes;
      assert.is(best[0]?.name, 'off');
    });
  });

  test('the list and a single probe tell the same health, at every time', async () => {
    await inLab(async (lab) => {
      await makeFleet(lab);
      for (const laterMs of [0, 179_999, 180_000, 3_600_000]) {
        lab.clock.nowMs += laterMs;
        for (const health of PROBE_HEALTHS) {
          const { probes, total } = await find(lab.context, { health });
          assert.is(probes.length, total);
          for (const probe of probes) assert.is(probe.health, health, probe.name);
        }
        const sum = await Promise.all(
          PROBE_HEALTHS.map(async (health) => (await find(lab.context, { health })).total),
        );
        assert.is(
          sum.reduce((a, b) => a + b),
          9,
        );
      }
    });
  });

  test('every word of a search has to be found, wherever it stands', async () => {
    await inLab(async ({ context }) => {
      await add(context, {
        mac: macOf(1),
        name: 'roof',
        location: 'Straße Köln',
        tags: ['Big One'],
      });
      await add(context, { mac: macOf(2), name: 'cellar', location: 'Köln', note: '100% _ \\' });
      assert.equal(await names(context, { search: 'KÖLN' }), ['cellar', 'roof']);
      assert.equal(await names(context, { search: 'köln  roof' }), ['roof']);
      assert.equal(await names(context, { search: '0200.5e00.0002' }), ['cellar']);
      assert.equal(await names(context, { search: '02:00:5e' }), ['cellar', 'roof']);
      assert.equal(await names(context, { search: 'big one' }), ['roof']);
      for (const odd of ['%', '_', '\\', "100% '"]) {
        const expected = odd.includes("'") ? [] : ['cellar'];
        assert.equal(await names(context, { search: odd }), expected, odd);
      }
    });
  });

  test('groups, tags and states narrow the list', async () => {
    await inLab(async (lab) => {
      await makeFleet(lab);
      const { context } = lab;
      assert.equal(await names(context, { group: 'north', sort: 'name' }), ['roof', 'uplink']);
      assert.equal(await names(context, { tag: 'old' }), ['long']);
      assert.equal(await names(context, { state: 'pending' }), ['asked']);
      assert.equal(await names(context, { state: 'disabled' }), ['off']);
      assert.equal(await names(context, { group: 'north', health: 'trouble' }), ['uplink']);
      assert.equal(await names(context, { group: 'nobody' }), []);
    });
  });

  test('each order has its own way round, and what is unknown comes last', async () => {
    await inLab(async (lab) => {
      const { context } = lab;
      for (const [at, name] of ['probe10', 'probe9', 'alpha', 'probe100'].entries()) {
        lab.clock.nowMs += 1000;
        await add(context, { mac: macOf(at + 1), name, location: at === 2 ? '' : `L${4 - at}` });
        if (at < 2) await say(context, name, reportOf({ version: `${at}.0.0` }));
      }
      const sorted = async (query: Query) => (await names(context, query)).join(' ');
      assert.is(await sorted({ sort: 'name' }), 'alpha probe9 probe10 probe100');
      assert.is(await sorted({ sort: 'name', order: 'desc' }), 'probe100 probe10 probe9 alpha');
      assert.is(await sorted({ sort: 'seen' }), 'probe9 probe10 alpha probe100');
      assert.is(await sorted({ sort: 'seen', order: 'asc' }), 'probe10 probe9 alpha probe100');
      assert.is(await sorted({ sort: 'created' }), 'probe100 alpha probe9 probe10');
      assert.is(await sorted({ sort: 'location' }), 'probe100 probe9 probe10 alpha');
      assert.is(await sorted({ sort: 'version' }), 'probe10 probe9 alpha probe100');
      assert.is(await sorted({ sort: 'version', order: 'desc' }), 'probe9 probe10 alpha probe100');
    });
  });

  test('pages do not overlap, and the last one ends', async () => {
    await inLab(async ({ context }) => {
      for (let at = 1; at <= 7; at++) await add(context, { mac: macOf(at) });
      const pages = await Promise.all(
        ['0', '3', '6', '9'].map((offset) => names(context, { sort: 'name', limit: '3', offset })),
      );
      assert.equal(
        pages.map(({ length }) => length),
        [3, 3, 1, 0],
      );
      assert.is(new Set(pages.flat()).size, 7);
    });
  });

  test('a row tells how much of its series ails, and why', async () => {
    await inLab(async ({ context }) => {
      await add(context, { mac: macOf(1) });
      const [first, second] = probeReport().series;
      if (first === undefined || second === undefined) throw new Error('the lab changed');
      const down = { ...second, state: 'down' as const, reason: 'no answer' };
      await say(context, 'probe01', reportOf({ series: [first, down] }));
      const [row] = (await find(context, {})).probes;
      assert.equal([row?.series, row?.ailing, row?.health], [2, 1, 'trouble']);
      assert.match(row?.reason ?? '', /no answer/);
      await context.store.db.updateTable('probe_states').set({ report: '{"torn' }).execute();
      assert.is((await find(context, {})).probes[0]?.series, 0);
    });
  });

  test('a page of a hundred out of ten thousand comes within fifty milliseconds', async () => {
    await inLab(async ({ context }) => {
      fill(context, 10_000);
      const queries: Query[] = [
        {},
        { search: 'roof 42' },
        { sort: 'seen' },
        { sort: 'location', offset: '5000' },
        { health: 'trouble' },
        { group: 'g7', sort: 'name' },
      ];
      for (const query of queries) {
        const figures: number[] = [];
        for (let turn = 0; turn < 9; turn++) {
          const from = performance.now();
          await find(context, query);
          figures.push(performance.now() - from);
        }
        const [leastMs = 0] = figures.sort((a, b) => a - b);
        const medianMs = figures[4] ?? 0;
        const worstMs = figures.at(-1) ?? 0;
        const what = JSON.stringify(query);
        console.log(`10 000 probes, ${what}: ${medianMs.toFixed(1)} (${worstMs.toFixed(1)}) ms`);
        // The least, and twice the goal: others use this machine, too.
        assert.ok(leastMs < 100, `${what}: ${leastMs} ms`);
      }
    });
  });
});

/** One probe of every kind. */
async function makeFleet({ context, clock }: Lab): Promise<void> {
  const nowMs = clock.nowMs;
  const all = ['fine', 'new', 'asked', 'off', 'roof', 'uplink', 'single', 'late', 'long'];
  for (const [at, name] of all.entries()) {
    const groups = name === 'roof' || name === 'uplink' ? ['north'] : [];
    await add(context, { mac: macOf(at + 1), name, groups, tags: name === 'long' ? ['old'] : [] });
  }
  const open = { untilMs: null };
  clock.nowMs = nowMs - 900_000;
  await say(context, 'long', reportOf());
  clock.nowMs = nowMs - 300_000;
  await say(context, 'late', reportOf());
  clock.nowMs = nowMs;
  await say(context, 'fine', reportOf());
  await say(context, 'roof', reportOf());
  await say(context, 'uplink', reportOf({ events: [eventAt('1', { ...open, scope: 'uplink' })] }));
  await say(context, 'single', reportOf({ events: [eventAt('2', open)] }));
  await askToBe(context, 'asked', 1);
  await disableProbe(context, SYSTEM, 'off');
  const span = { fromMs: nowMs, untilMs: nowMs + 7_200_000, reason: '' };
  await addMaintenance(context, SYSTEM, { scope: 'probe', value: 'roof', ...span });
}

async function names(context: ControlContext, query: Query): Promise<string[]> {
  return (await find(context, query)).probes.map(({ name }) => name);
}

/** Every fifth is in trouble, every seventh silent; reports are as long as those of real probes. */
function fill({ store, nowMs }: ControlContext, count: number): void {
  const probe = store.raw.prepare(
    `insert into probes (id, name, mac, hardware, location, contact, note, search, createdMs)
     values (?, ?, ?, 'generic', ?, '', '', ?, ?)`,
  );
  const label = store.raw.prepare(`insert into probe_labels values (?, 'group', ?)`);
  const state = store.raw.prepare(
    `insert into probe_states values (?, ?, '192.0.2.1', '1', 'b', ?, ?)`,
  );
  const [one] = probeReport().series;
  const series = Array.from({ length: 40 }, (_, at) => ({ ...one, target: `host${at}.example` }));
  const report = JSON.stringify(reportOf({ series: series as never }));
  console.log(`a kept report has ${report.length} bytes`);
  store.raw.transaction(() => {
    for (let id = 1; id <= count; id++) {
      const name = `probe${String(id).padStart(2, '0')}`;
      const location = `${id % 500} roof street`;
      probe.run(id, name, macOf(id), location, `${name}\n${macOf(id)}\n${location}`, id);
      label.run(id, `g${id % 100}`);
      const seenMs = nowMs() - (id % 7 === 0 ? 1_000_000 + id : id);
      state.run(id, seenMs, id % 5 === 0 ? 100 + (id % 800) : 0, report);
    }
  })();
}

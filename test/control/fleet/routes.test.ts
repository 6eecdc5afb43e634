import * as assert from 'uvu/assert';
import * as v from 'valibot';
import { addFleetRoutes } from '../../../src/control/fleet/routes.ts';
import { addFleetBoardRoutes } from '../../../src/control/fleet/routes-boards.ts';
import { addFleetSetRoutes } from '../../../src/control/fleet/routes-sets.ts';
import { ROUTES } from '../../../src/control/routes.ts';
import { PROBE_DETAIL, PROBE_ROW, PROBES_ANSWER } from '../../../src/core/fleet.ts';
import { SET_PREVIEW } from '../../../src/core/fleet-sets.ts';
import { PROBLEM } from '../../../src/core/wire.ts';
import { suite } from '../../helper.ts';
import { askToBe, askUnknown, inLab, keyOf, macOf } from '../fleet-lab.ts';
import { type Lab, NOW_MS } from '../lab.ts';

const MAC = macOf(1);
const CHOICE = { fingerprint: keyOf(1).fingerprint };
const SET = { id: 'basics', measurements: { smokeping: { targets: ['a.example'] } } };
const WINDOW = { scope: 'all', fromMs: NOW_MS, untilMs: NOW_MS + 60_000 };

/** Everything that changes something. */
const CHANGES: [string, string, unknown][] = [
  ['POST', '/probes', { mac: MAC }],
  ['PATCH', '/probes/probe01', { location: 'Roof' }],
  ['POST', '/probes/probe01/approve', CHOICE],
  ['POST', '/probes/probe01/refuse', CHOICE],
  ['POST', '/probes/probe01/disable', {}],
  ['POST', '/probes/probe01/enable', {}],
  ['POST', '/probes/probe01/rearm', {}],
  ['POST', '/probes/probe01/replace', { mac: MAC }],
  ['DELETE', '/probes/probe01', undefined],
  ['POST', '/boards/1/register', {}],
  ['DELETE', '/boards/1', undefined],
  ['PUT', '/sets/basics', SET],
  ['POST', '/sets/preview', SET],
  ['DELETE', '/sets/basics', undefined],
  ['GET', '/claim-tokens', undefined],
  ['POST', '/claim-tokens', { label: 'x' }],
  ['DELETE', '/claim-tokens/1', undefined],
  ['POST', '/maintenance', WINDOW],
  ['DELETE', '/maintenance/1', undefined],
];

suite('control/fleet/routes', ({ test }) => {
  test('the server has all of them', () => {
    for (const add of [addFleetRoutes, addFleetSetRoutes, addFleetBoardRoutes]) {
      assert.ok(ROUTES.includes(add));
    }
  });

  test('a viewer changes nothing, and nobody sees anything without a name', async () => {
    await inLab(async (lab) => {
      const viewer = await lab.token('viewer');
      const { bearer } = await lab.probe('probe01');
      for (const [method, path, body] of CHANGES) {
        const url = `/api/v1${path}`;
        const request = { method, url, ...(body === undefined ? {} : { body }) };
        assert.is((await lab.ask({ ...request, as: viewer })).status, 403, `${method} ${path}`);
        assert.is((await lab.ask(request)).status, 401, `${method} ${path}`);
        assert.is((await lab.ask({ ...request, as: { bearer } })).status, 401, `${method} ${path}`);
      }
      for (const path of [
        '/probes',
        '/probes/probe01',
        '/boards',
        '/sets',
        '/hardware',
        '/maintenance',
      ]) {
        assert.is((await lab.ask({ url: `/api/v1${path}` })).status, 401, path);
        assert.is((await lab.ask({ url: `/api/v1${path}`, as: viewer })).status, 200, path);
      }
      const { probes } = await lab.context.store.db
        .selectFrom('probes')
        .select((fn) => fn.fn.countAll<number>().as('probes'))
        .executeTakeFirstOrThrow();
      assert.is(probes, 1);
    });
  });

  test('a board’s whole life over the API', async () => {
    await inLab(async (lab) => {
      const call = await caller(lab);
      const made = await call('POST', '/probes', 201, { mac: '02-00-5E-00-00-01', groups: ['n'] });
      assert.ok(v.is(PROBE_ROW, made));
      await askToBe(lab.context, 'probe01', 1);
      const detail = await call('GET', '/probes/probe01', 200);
      assert.ok(v.is(PROBE_DETAIL, detail));
      assert.is((await row(call, 'POST', '/probes/probe01/approve', CHOICE)).state, 'bound');
      assert.is(
        (await row(call, 'PATCH', '/probes/probe01', { location: 'Roof' })).location,
        'Roof',
      );
      assert.is((await row(call, 'POST', '/probes/probe01/disable', {})).state, 'disabled');
      assert.is((await row(call, 'POST', '/probes/probe01/enable')).state, 'bound');
      assert.is((await row(call, 'POST', '/probes/probe01/rearm', {})).state, 'registered');
      const other = { mac: macOf(2) };
      assert.is((await row(call, 'POST', '/probes/probe01/replace', other)).mac, macOf(2));
      const list = v.parse(PROBES_ANSWER, await call('GET', '/probes?search=roof&limit=1', 200));
      assert.equal([list.total, list.probes[0]?.name], [1, 'probe01']);
      await call('DELETE', '/probes/probe01', 200);
      await call('DELETE', '/probes/probe01', 404);
    });
  });

  test('sets, boards, tokens and windows over the API', async () => {
    await inLab(async (lab) => {
      const call = await caller(lab);
      const shown = await call('POST', '/sets/preview', 200, SET);
      assert.ok(v.is(SET_PREVIEW, shown));
      await call('PUT', '/sets/basics', 200, SET);
      await call('PUT', '/sets/other', 400, SET);
      await call('GET', '/sets/basics', 200);
      assert.is(((await call('GET', '/sets', 200)) as { sets: [] }).sets.length, 1);
      await call('DELETE', '/sets/basics', 200);
      const id = await askUnknown(lab.context, MAC, 1);
      assert.is(((await call('GET', '/boards', 200)) as { boards: [] }).boards.length, 1);
      await call('POST', `/boards/${id}/register`, 201, { name: 'roof' });
      await call('DELETE', `/boards/${id}`, 200);
      const token = await call('POST', '/claim-tokens', 201, { label: 'x' });
      assert.match(String((token as { token: string }).token), /^flint_claim_/);
      const listed = JSON.stringify(await call('GET', '/claim-tokens', 200));
      assert.not.match(listed, /flint_claim_|sha256/i);
      await call('DELETE', '/claim-tokens/1', 200);
      await call('POST', '/maintenance', 201, WINDOW);
      assert.is(
        ((await call('GET', '/maintenance', 200)) as { maintenance: [] }).maintenance.length,
        1,
      );
      await call('DELETE', '/maintenance/1', 200);
      assert.is(((await call('GET', '/hardware', 200)) as { hardware: [] }).hardware.length, 1);
    });
  });

  test('what is odd is refused with what is wrong, and never breaks the server', async () => {
    await inLab(async (lab) => {
      const call = await caller(lab);
      const odd: [string, string, number, unknown?][] = [
        ['POST', '/probes', 400, { mac: 'nonsense' }],
        ['POST', '/probes', 400, { mac: MAC, groups: Array(33).fill('g') }],
        ['POST', '/probes', 400, { mac: MAC, colour: 'red' }],
        ['POST', '/probes', 400, []],
        ['GET', '/probes?limit=1001', 400],
        ['GET', '/probes?sort=colour', 400],
        ['GET', '/probes?limit=1&limit=2', 400],
        ['GET', '/probes/..%2f..%2fx', 400],
        ['GET', '/probes/%00', 400],
        ['POST', '/boards/0/register', 400, {}],
        ['POST', '/boards/9007199254740993/register', 404, {}],
        ['PUT', '/sets/basics', 400, { ...SET, measurements: { http: {} } }],
        ['PUT', '/sets/basics', 400, { ...SET, measurements: { smokeping: [] } }],
        ['POST', '/sets/preview', 400, { ...SET, assignments: [{ scope: 'all', value: 'x' }] }],
        ['POST', '/claim-tokens', 400, { label: 'x', uses: 0 }],
        ['POST', '/maintenance', 400, { ...WINDOW, untilMs: 1 }],
      ];
      for (const [method, path, status, body] of odd) {
        const problem = await call(method, path, status, body);
        assert.ok(v.is(PROBLEM, problem), `${method} ${path}: ${JSON.stringify(problem)}`);
      }
      const fault = await call('PUT', '/sets/basics', 400, {
        ...SET,
        measurements: { smokeping: { targets: [{ host: 'a', size: 1 }] } },
      });
      const { issues } = v.parse(PROBLEM, fault);
      assert.is(issues?.[0]?.path, 'measurements.smokeping.targets.0.size');
    });
  });
});

type Call = (method: string, path: string, status: number, body?: unknown) => Promise<unknown>;

async function caller(lab: Lab): Promise<Call> {
  const as = await lab.token('operator');
  return async (method, path, status, body) => {
    const url = `/api/v1${path}`;
    const answer = await lab.ask({ method, url, as, ...(body === undefined ? {} : { body }) });
    assert.is(answer.status, status, `${method} ${path}: ${answer.text}`);
    return answer.json;
  };
}

async function row(call: Call, method: string, path: string, body?: unknown) {
  return v.parse(PROBE_ROW, await call(method, path, 200, body));
}

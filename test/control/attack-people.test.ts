// What people and pages of others may try with sessions, forms, tokens and roles.
import { equal, is, match, ok } from 'uvu/assert';
import { changeOperator, changeOwnPassword } from '../../src/control/accounts/operators.ts';
import { hashPassword } from '../../src/control/accounts/passwords.ts';
import { makeToken } from '../../src/control/accounts/tokens.ts';
import type { Access, ControlServer } from '../../src/control/request/context.ts';
import {
  createBuckets,
  loginThrottleOf,
  throttleOf,
} from '../../src/control/request/rate-limit.ts';
import { sourcePrefixOf } from '../../src/control/request/source-prefix.ts';
import { ROUTES } from '../../src/control/routes.ts';
import { suite } from '../helper.ts';
import { inLab, refused } from './fleet-lab.ts';
import { type Ask, type Lab, SYSTEM } from './lab.ts';

interface Known {
  method: string;
  url: string;
  access: Access;
  isPage: boolean;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const VALUES: Readonly<Record<string, string>> = { name: 'probe01', id: '1', change: 'role' };
const PASSWORD = 'a long word 4 tests';

suite('control against people', (s) => {
  s.test('every change by cookie needs the token of its session, and none follows a link', () =>
    inLab(async (lab) => {
      const mine = await lab.session('admin');
      const other = await lab.session('admin');
      const { csrf } = other as { csrf: string };
      const before = changesOf(lab);
      const all = routesOf(lab).filter(
        ({ method, access }) => method !== 'GET' && isForPeople(access),
      );
      ok(all.length > 40, `${all.length}`);
      for (const route of all) {
        const statuses = [];
        for (const headers of [{}, { 'x-csrf-token': csrf }, { origin: 'https://evil.example' }]) {
          const more = { ...headers, cookie: mine.cookie };
          statuses.push((await lab.ask(askOf(route, more))).status);
        }
        equal(statuses, [403, 403, 403], `${route.method} ${route.url}`);
      }
      is(changesOf(lab), before);
    }),
  );

  s.test('to look changes nothing, and what is private is kept by nobody', () =>
    inLab(async (lab) => {
      const as = await lab.session('admin');
      await lab.probe('probe01');
      const before = changesOf(lab);
      for (const route of routesOf(lab).filter(({ method }) => method === 'GET')) {
        const { status, headers } = await lab.ask({ url: urlOf(route), as });
        const cache = String(headers['cache-control']);
        ok(status < 500, `${route.url} ${status}`);
        if (isForPeople(route.access)) is(cache, 'no-store', route.url);
        else match(cache, /^(?:no-store|public, max-age=\d+(?:, immutable)?)$/, route.url);
      }
      is(changesOf(lab), before);
    }),
  );

  s.test('no role does what is for a higher one, by page or by API', () =>
    inLab(async (lab) => {
      for (const [role, barred] of [
        ['viewer', ['operator', 'admin']],
        ['operator', ['admin']],
      ] as const) {
        const session = await lab.session(role);
        const token = await lab.token(role);
        await lab.ask({ url: '/api/v1/session', as: token });
        const before = changesOf(lab);
        for (const route of routesOf(lab)) {
          if (!(barred as readonly string[]).includes(route.access)) continue;
          for (const as of [session, token]) {
            const { status } = await lab.ask({ ...askOf(route, {}), as });
            is(status, 403, `${role}: ${route.method} ${route.url}`);
          }
        }
        is(changesOf(lab), before);
      }
    }),
  );

  s.test('a planted cookie is never taken over by a login', () =>
    inLab(async (lab) => {
      const { id } = await lab.makeOperator('anna', 'viewer');
      await setPassword(lab, id);
      const planted = `flint_session_${'A'.repeat(43)}`;
      const { status, headers } = await lab.ask({
        ...{ method: 'POST', url: '/api/v1/login', headers: { cookie: `flint=${planted}` } },
        body: { name: 'anna', password: PASSWORD },
      });
      is(status, 200);
      is(String(headers['set-cookie']).includes(planted), false);
      is((await lab.ask({ url: '/', headers: { cookie: `flint=${planted}` } })).status, 303);
      const { cookie } = await lab.session('admin');
      const two = { cookie: `flint=${planted}; ${cookie}` };
      is((await lab.ask({ url: '/api/v1/session', headers: two })).status, 401);
    }),
  );

  s.test(
    'who loses the role loses it in his tokens and sessions at once, and gets it nowhere',
    () =>
      inLab(async (lab) => {
        const token = await lab.token('admin', 'eve');
        const session = await lab.session('admin', 'eve');
        await lab.makeOperator('anna', 'admin');
        await changeOperator(lab.context, SYSTEM, 'eve', { role: 'viewer' });
        for (const as of [token, session]) {
          is((await lab.ask({ url: '/api/v1/users', as })).status, 403);
          is((await lab.ask({ url: '/api/v1/probes', as })).status, 200);
        }
        const body = { label: 'x', role: 'admin' };
        const made = await lab.ask({ method: 'POST', url: '/api/v1/tokens', as: session, body });
        is(made.status, 400);
        await changeOperator(lab.context, SYSTEM, 'eve', { disabled: true });
        for (const as of [token, session]) {
          is((await lab.ask({ url: '/api/v1/probes', as })).status, 401);
        }
        await changeOperator(lab.context, SYSTEM, 'eve', { disabled: false });
        is((await lab.ask({ url: '/api/v1/probes', as: session })).status, 401);
      }),
  );

  s.test('a token to read with ends itself and nothing else of its owner', () =>
    inLab(async (lab) => {
      const { actor } = await lab.makeOperator('anna', 'admin');
      const session = await lab.session('admin', 'anna');
      const make = (label: string, role: 'viewer' | 'admin') =>
        makeToken(lab.context, actor, 'anna', { label, role, lifetimeMs: null });
      const strong = await make('strong', 'admin');
      const weak = await make('weak', 'viewer');
      const as = { bearer: weak.token };
      const end = async (url: string) => (await lab.ask({ method: 'DELETE', url, as })).status;
      is(await end(`/api/v1/tokens/${strong.id}`), 404);
      is(await end(`/api/v1/sessions/${session.sha256.slice(0, 16)}`), 403);
      is((await lab.ask({ url: '/api/v1/session', as: session })).status, 200);
      is(await end(`/api/v1/tokens/${weak.id}`), 200);
      is((await lab.ask({ url: '/api/v1/session', as })).status, 401);
    }),
  );

  s.test('a password that is being changed does not undo what an administrator did', () =>
    inLab(async (lab) => {
      const { id, actor } = await lab.makeOperator('eve', 'viewer');
      await setPassword(lab, id);
      const given = { current: PASSWORD, keepSession: null, from: '127.0.0.1' };
      const under = changeOwnPassword(lab.context, actor, { ...given, password: 'of the thief 1' });
      const caught = refused(under, 'ERR_CONFLICT', /meanwhile/);
      await lab.context.store.write((db) =>
        db.updateTable('operators').set({ password: null }).where('id', '=', id).execute(),
      );
      await caught;
      const { password } = await lab.context.store.db
        .selectFrom('operators')
        .select('password')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      is(password, null);
    }),
  );

  s.test(
    'boards that are refused by the hundred keep nobody of their network from logging in',
    () =>
      inLab(async (lab) => {
        const { id } = await lab.makeOperator('anna', 'admin');
        await setPassword(lab, id);
        for (let n = 0; n < 200; n++) throttleOf(lab.context).failed('127.0.0.1');
        const body = { name: 'anna', password: PASSWORD };
        is((await lab.ask({ method: 'POST', url: '/api/v1/login', body })).status, 200);
        for (let n = 0; n < 200; n++) loginThrottleOf(lab.context).failed('127.0.0.1');
        is((await lab.ask({ method: 'POST', url: '/api/v1/login', body })).status, 429);
      }),
  );

  s.test('a million networks fill no memory', () => {
    const buckets = createBuckets({
      burst: 60,
      refillMs: 2_000,
      entriesMax: 8_192,
      nowMs: () => 0,
    });
    const startMs = performance.now();
    for (let n = 0; n < 1_000_000; n++) {
      buckets.take(
        sourcePrefixOf(`2001:db8:${(n >> 8).toString(16)}:${(n & 255).toString(16)}00::1`),
      );
    }
    is(buckets.size, 8_192);
    const elapsedMs = performance.now() - startMs;
    process.stdout.write(`a million networks: ${elapsedMs.toFixed(0)} ms\n`);
    ok(elapsedMs < 15_000);
  });
});

function routesOf({ context }: Lab): Known[] {
  const known: Known[] = [];
  const add = (given: {
    method: string;
    url: string;
    config: { access: Access; isPage?: boolean };
  }) => {
    const { method, url, config } = given;
    known.push({ method, url, access: config.access, isPage: config.isPage === true });
  };
  const server = { route: add, decorate: () => undefined, addHook: () => undefined };
  for (const addRoutes of ROUTES) addRoutes(server as unknown as ControlServer, context);
  return known;
}

function isForPeople(access: Access): boolean {
  return access !== 'public' && access !== 'probe';
}

function urlOf({ url }: Known): string {
  return url.replace(/:(\w+)/g, (_all, name: string) => VALUES[name] ?? 'x');
}

function askOf(route: Known, headers: Record<string, string>): Ask {
  const { method, isPage } = route;
  const url = urlOf(route);
  if (method === 'GET') return { url, headers };
  const body = isPage ? 'a=b' : {};
  return { method, url, body, headers: isPage ? { ...headers, ...FORM } : headers };
}

function changesOf({ context }: Lab): unknown {
  return context.store.raw.prepare('select total_changes()').pluck().get();
}

async function setPassword({ context }: Lab, id: number): Promise<void> {
  const password = await hashPassword(PASSWORD);
  await context.store.write((db) =>
    db.updateTable('operators').set({ password }).where('id', '=', id).execute(),
  );
}

import * as assert from 'uvu/assert';
import { decode } from '../../../src/core/codec.ts';
import { ProbeError } from '../../../src/core/error.ts';
import type { Round } from '../../../src/core/round.ts';
import type { PathSnapshot } from '../../../src/core/snapshot.ts';
import type { Server, ServerOptions } from '../../../src/probe/api/api.ts';
import type { EventsQuery, RoundsQuery } from '../../../src/probe/api/query.ts';
import type { BoardSnapshot } from '../../../src/probe/mesh-watch.ts';
import { fakeBoardSnapshot } from '../../fake/board.ts';
import { suite } from '../../helper.ts';
import { type Fetched, get, startTestServer } from '../api-client.ts';
import { parseMetrics } from '../metrics-parse.ts';
import { makeRound, makeSeries, makeSnapshot, NOW_MS } from '../metrics-snapshot.ts';
import { makePath } from '../path-snapshot.ts';

suite('api-routes', ({ test }) => {
  test('metrics are served whole and by group', async () => {
    const names = async (path: string) => {
      const { status, headers, text } = await fetchOnce(path);
      assert.is(status, 200);
      assert.is(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
      return parseMetrics(text).map(({ name }) => name);
    };

    const smokeping = await names('/metrics/smokeping');
    const path = await names('/metrics/path');
    const self = await names('/metrics/self');

    assert.equal(await names('/metrics'), [...smokeping, ...path, ...self]);
    assert.ok(smokeping.includes('smokeping_requests_total'));
    assert.ok(self.includes('flint_build_info'));
  });

  test('groups that are not measured yet, and those that never were, get 404', async () => {
    for (const group of ['http-v4', 'http-v6', 'throughput']) {
      const { status, text } = await fetchOnce(`/metrics/${group}`);
      assert.is(status, 404);
      assert.match(text, group);
    }
    assert.is((await fetchOnce('/metrics/all')).status, 404);
    assert.is((await fetchOnce('/metrics/')).status, 404);
  });

  test('rounds come as JSON, one a line, with the shape of the core', async () => {
    const { headers, text } = await fetchOnce('/api/v1/rounds');

    assert.is(headers['content-type'], 'application/json; charset=utf-8');
    assert.is(headers.vary, 'accept');
    assert.is(text.split('\n').length, 5);
    const expected = { rounds: [makeRound(), makeRound({ sequence: 813 })], next: 'abc' };
    assert.equal(JSON.parse(text), expected);
  });

  test('rounds come as msgpack when it is asked for, with the same content', async () => {
    for (const accept of ['application/msgpack', 'text/html, application/msgpack;q=0.9']) {
      const { headers, body } = await fetchOnce('/api/v1/rounds', { headers: { accept } });
      assert.is(headers['content-type'], 'application/msgpack');
      const expected = { rounds: [makeRound(), makeRound({ sequence: 813 })], next: 'abc' };
      assert.equal(decode(body), expected);
    }
    for (const accept of ['*/*', 'application/json', 'application/msgpack;q=0']) {
      const { headers } = await fetchOnce('/api/v1/rounds', { headers: { accept } });
      assert.is(headers['content-type'], 'application/json; charset=utf-8', accept);
    }
  });

  test('many rounds are streamed whole in both forms', async () => {
    const rounds: Round[] = Array.from({ length: 3_000 }, (_, sequence) => makeRound({ sequence }));
    const change = { rounds: async () => ({ rounds, next: null }) };
    const server = await startTestServer(change);
    try {
      const json = await get(server, '/api/v1/rounds');
      const accept = 'application/msgpack';
      const packed = await get(server, '/api/v1/rounds', { headers: { accept } });
      assert.equal(JSON.parse(json.text), { rounds, next: null });
      assert.equal(decode(packed.body), { rounds, next: null });
    } finally {
      await server.close();
    }
  });

  test('the query reaches the store with types and defaults', async () => {
    const asked: RoundsQuery[] = [];
    const rounds = async (query: RoundsQuery) => {
      asked.push(query);
      return { rounds: [], next: null };
    };
    await fetchOnce('/api/v1/rounds', {}, { rounds });
    const search = 'target=a%40b&family=v6&since=5&until=10&limit=7&next=x';
    await fetchOnce(`/api/v1/rounds?${search}`, {}, { rounds });

    const nothing = { target: null, family: null, sinceMs: null, untilMs: null };
    assert.equal(asked, [
      { ...nothing, limit: 1_000, next: null },
      { target: 'a@b', family: 'v6', sinceMs: 5, untilMs: 10, limit: 7, next: 'x' },
    ]);
  });

  test('a wrong query is refused with a sentence, and so is what the store refuses', async () => {
    const wrong = await fetchOnce('/api/v1/rounds?limit=many');
    const rounds = () => Promise.reject(new ProbeError('ERR_USAGE', 'next is none of ours'));
    const refused = await fetchOnce('/api/v1/rounds?next=zzz', {}, { rounds });

    assert.is(wrong.status, 400);
    assert.equal(JSON.parse(wrong.text).error.code, 'bad-query');
    assert.match(wrong.text, 'must be a whole number from 1 to 10000');
    assert.is(refused.status, 400);
    assert.match(refused.text, 'next is none of ours');
  });

  test('events are listed, and can be asked for by target and time', async () => {
    const asked: EventsQuery[] = [];
    const event = {
      id: '1',
      kind: 'outage',
      target: 'a400',
      family: 'v4',
      fromMs: NOW_MS,
      untilMs: null,
      scope: 'target',
      detail: { lost: 9 },
    } as const;
    const events = async (query: EventsQuery) => {
      asked.push(query);
      return [event];
    };

    const { text } = await fetchOnce('/api/v1/events?target=a400&since=1', {}, { events });

    assert.equal(JSON.parse(text), { events: [event] });
    const expected = { target: 'a400', family: null, sinceMs: 1, untilMs: null, limit: 1_000 };
    assert.equal(asked, [expected]);
  });

  test('paths are listed, one a line, with all that is known of them', async () => {
    const multipath = { nodes: [], links: [], sent: 9, isComplete: true, atMs: NOW_MS };
    const path = makePath({ multipath: { ...multipath, nodeMissMax: 0.05, pathMissMax: 0.1 } });
    const { text } = await fetchPaths('', [path, makePath({ family: 'v6' })]);

    const { target: id, recent: _, ...rest } = path;
    const { paths } = JSON.parse(text);
    assert.equal(paths[0], { id, ...rest });
    assert.is(paths[1].family, 'v6');
    assert.is(text.split('\n').length, 2 + 3);
  });

  test('paths can be asked for by target and family, and by nothing else', async () => {
    const all = [makePath(), makePath({ family: 'v6' }), makePath({ target: 'b' })];
    const ids = async (query: string) =>
      JSON.parse((await fetchPaths(query, all)).text).paths.map(
        ({ id, family }: { id: string; family: string }) => `${id} ${family}`,
      );

    assert.equal(await ids('?target=a400'), ['a400 v4', 'a400 v6']);
    assert.equal(await ids('?target=a400&family=v6'), ['a400 v6']);
    assert.equal(await ids('?family=v4'), ['a400 v4', 'b v4']);
    assert.equal(await ids('?target=nobody'), []);
    for (const query of ['?limit=1', '?family=v5', '?family=v4&family=v6', '?target=']) {
      const { status, text } = await fetchPaths(query, all);
      assert.equal([status, JSON.parse(text).error.code], [400, 'bad-query'], query);
    }
  });

  test('the status tells of the board where there is an agent; unknown is null', async () => {
    const ask = async (board: BoardSnapshot | null) => {
      const snapshot = async () => makeSnapshot({ board });
      return JSON.parse((await fetchOnce('/api/v1/status', {}, { snapshot })).text);
    };

    const { mesh, lockdown, push, board } = await ask(fakeBoardSnapshot({ push: null }));
    assert.equal([mesh.state, lockdown.state, push], ['joined', 'in-force', null]);
    assert.equal([board.error, board.listener.address], [null, 'fd57::a']);

    const silent = await ask(fakeBoardSnapshot({}, { state: null, reason: 'silent' }));
    assert.equal([silent.mesh, silent.board.error, silent.board.writtenMs], [null, 'silent', null]);
    assert.is('mesh' in (await ask(null)), false);
  });

  test('the status tells about the probe and each current target', async () => {
    const old = makeSeries({ ip: '203.0.113.39', current: false });
    const snapshot = makeSnapshot({ series: [old, makeSeries()] });
    const { text } = await fetchOnce('/api/v1/status', {}, { snapshot: async () => snapshot });

    const status = JSON.parse(text);
    assert.is(status.hostname, 'probe07');
    assert.is(status.uptimeMs, 24_391_000);
    assert.equal(status.clock, { state: 'synced', offsetNs: 125_000 });
    assert.is(status.config.etag, 'c0ffee');
    assert.is(status.engine.transport, 'native');
    assert.equal(status.targets, [
      {
        id: 'a400',
        host: 'a400.speedtest.example',
        family: 'v4',
        ip: '203.0.113.40',
        state: 'measuring',
        reason: null,
        lastRound: makeRound(),
      },
    ]);
  });

  test('a probe without targets has a valid status', async () => {
    const snapshot = makeSnapshot({ series: [] });
    const { text } = await fetchOnce('/api/v1/status', {}, { snapshot: async () => snapshot });

    assert.equal(JSON.parse(text).targets, []);
  });

  test('health is 200 or 503 with the reason', async () => {
    const reason = 'the store could not be written for 130 s: ENOSPC';
    const good = await fetchOnce('/healthz');
    const bad = await fetchOnce('/healthz', {}, { health: () => ({ ok: false, reason }) });

    assert.equal([good.status, JSON.parse(good.text)], [200, { ok: true, reason: null }]);
    assert.equal([bad.status, JSON.parse(bad.text)], [503, { ok: false, reason }]);
  });

  test('pages get their decoded path and query; a style sheet may be kept for ever', async () => {
    const asked: string[] = [];
    const page: ServerOptions['page'] = async (path, query) => {
      asked.push(`${path} ${query.get('span')}`);
      if (path === '/gone') return null;
      return { status: 200, body: '<p>ü', type: 'text/html; charset=utf-8' };
    };
    const ask = (path: string) => fetchOnce(path, {}, { page });

    const target = await ask('/target/a%40b?span=6h');
    const style = await ask('/style-1a2b.css');
    const gone = await ask('/gone');
    await ask('/api/v1/nothing');

    assert.equal(asked, ['/target/a@b 6h', '/style-1a2b.css null', '/gone null']);
    assert.is(target.text, '<p>ü');
    assert.is(target.headers['content-length'], '5');
    assert.is(target.headers['cache-control'], 'no-store');
    assert.is(style.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.is(gone.status, 404);
    assert.is(JSON.parse(gone.text).error.code, 'not-found');
  });

  test('a page may bring headers of its own', async () => {
    const headers = { 'content-security-policy': "default-src 'none'", refresh: '30' };
    const page = async () => ({ status: 404, body: 'none', type: 'text/plain', headers });
    const answer = await fetchOnce('/target/x', {}, { page });

    assert.is(answer.status, 404);
    assert.is(answer.headers['content-security-policy'], "default-src 'none'");
    assert.is(answer.headers['refresh'], '30');
    assert.is(answer.headers['x-content-type-options'], 'nosniff');
  });

  test('every short answer ends its line', async () => {
    for (const path of ['/healthz', '/api/v1/status', '/api/v1/events', '/nothing']) {
      assert.match((await fetchOnce(path)).text, /\n$/);
    }
  });
});

function fetchPaths(query: string, paths: PathSnapshot[]): Promise<Fetched> {
  const snapshot = async () => makeSnapshot({ paths });
  return fetchOnce(`/api/v1/paths${query}`, {}, { snapshot });
}

async function fetchOnce(
  path: string,
  options: { headers?: Record<string, string> } = {},
  change: Partial<ServerOptions> = {},
): Promise<Fetched> {
  const server: Server = await startTestServer(change);
  try {
    return await get(server, path, options);
  } finally {
    await server.close();
  }
}

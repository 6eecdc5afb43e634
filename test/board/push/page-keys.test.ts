import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { equal, not, ok } from 'uvu/assert';
import { ask } from '../../../src/board/push/ask.ts';
import { readFigures } from '../../../src/board/push/figures.ts';
import { openRunDirectory } from '../../../src/board/push/files.ts';
import { keepPageKeys, loadPageKeys, type PageKeys } from '../../../src/board/push/page-keys.ts';
import { pushPlaces } from '../../../src/board/push/places.ts';
import { scrapeConfig } from '../../../src/board/push/scrape.ts';
import { VMAGENT_WORDS, vmagentEnvironment } from '../../../src/board/push/vmagent-env.ts';
import { suite } from '../../helper.ts';
import { inPlace } from '../place.ts';
import { answer } from './http-lab.ts';
import { pushSettings } from './settings.ts';

const missing = spawnSync('vmagent', ['-version']).error === undefined ? null : 'no vmagent here';
const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** Everything that changes something or tells more than that it is there. */
const SHUT: readonly string[] = [
  ...['/', '/metrics', '/flags', '/config', '/targets', '/api/v1/targets', '/service-discovery'],
  ...['/api/v1/status/config', '/-/reload', '/write', '/influx/write', '/api/v1/write'],
  ...['/api/v1/import', '/api/v1/import/prometheus', '/api/v1/import/csv', '/opentsdb/api/put'],
  ...['/datadog/api/v1/series', '/debug/pprof/', '/debug/pprof/heap', '/debug/pprof/cmdline'],
];

interface Page {
  url: string;
  port: number;
  keys: PageKeys;
  child: ChildProcess;
  /** Bodies of what was written to the server. */
  pushed: () => number;
}

/** A real vmagent as a board has it, that scrapes itself each second. */
async function withPage(use: (page: Page) => Promise<void>): Promise<void> {
  await inPlace(async ({ directory, state, run }) => {
    const server = await answer(() => ({ status: 204 }));
    const places = pushPlaces(state, run);
    openRunDirectory(places, own);
    mkdirSync(places.queue, { recursive: true });
    writeFileSync(places.bearer, 'token-of-probe01');
    const port = await freePort();
    const settings = pushSettings({ url: server.url, port, nodeExporter: null });
    const keys = keepPageKeys(places);
    const text = scrapeConfig({ probe: 'probe01', settings, keys });
    writeFileSync(places.scrape, text.replaceAll('60000ms', '1s').replaceAll('10000ms', '1s'));
    const env = vmagentEnvironment({
      ...{ settings, places, queueBytesMax: 1e9, isRelayed: false, keys },
    });
    const child = spawn('vmagent', [...VMAGENT_WORDS], {
      ...{ cwd: directory, env: { PATH: process.env['PATH'], ...env }, stdio: 'ignore' },
    });
    try {
      await until(async () => (await readFigures(port, keys)) !== null);
      const url = `http://127.0.0.1:${port}`;
      await use({ ...{ url, port, keys, child }, pushed: () => server.asked.length });
    } finally {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      await server.close();
    }
  });
}

suite('push-page-keys', ({ test, testIf }) => {
  test('they stay the same, in a file of ours alone', async () => {
    await inPlace(({ state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, own);
      equal(loadPageKeys(places), null);
      const keys = keepPageKeys(places);
      equal(keepPageKeys(places), keys);
      equal(loadPageKeys(places), keys);
      equal(statSync(places.pageKey).mode & 0o777, 0o600);
      equal(new Set([...Object.values(keys), readFileSync(places.pageKey, 'utf8')]).size, 4);
    });
  });

  test('a file that somebody may have written, or that is cut, makes new ones', async () => {
    await inPlace(({ state, run }) => {
      const places = pushPlaces(state, run);
      openRunDirectory(places, own);
      const first = keepPageKeys(places);
      for (const text of ['', 'short', `${'a'.repeat(43)}\n`, 'a'.repeat(1 << 20)]) {
        writeFileSync(places.pageKey, text);
        equal(loadPageKeys(places), null);
        not.equal(keepPageKeys(places), first);
      }
      chmodSync(places.pageKey, 0o666);
      equal(loadPageKeys(places), null);
      keepPageKeys(places);
      equal(statSync(places.pageKey).mode & 0o777, 0o600);
    });
  });

  testIf(missing, 'nobody without them is told anything by vmagent, or writes to it', async () => {
    await withPage(async ({ url, keys, child, port, pushed }) => {
      const wrong = `Basic ${Buffer.from('flint:').toString('base64')}`;
      for (const path of SHUT) {
        for (const question of [
          { url: url + path },
          { url: `${url}${path}?authKey=` },
          { url: url + path, headers: { authorization: wrong } },
          { url: url + path, method: 'POST' as const, body: 'forged 1\n' },
          { url: `${url}${path}?authKey=${keys.metrics}`, skip: path === '/metrics' },
        ]) {
          if ('skip' in question && question.skip) continue;
          const given = await ask({ ...question, timeoutMs: 5_000, bytesMax: 1 << 20 });
          ok(given.ok && given.status === 401, `${question.url}: ${JSON.stringify(given)}`);
        }
      }
      const words = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
      for (const key of Object.values(keys)) ok(!words.includes(key));
      equal(await readFigures(port, { metrics: 'another' }), null);
      // What it scraped of itself arrives all the same.
      await until(async () => pushed() > 0);
      const authorization = `Basic ${Buffer.from(`flint:${keys.password}`).toString('base64')}`;
      await until(async () => {
        const targets = await ask({
          ...{ url: `${url}/api/v1/targets`, headers: { authorization } },
          ...{ timeoutMs: 5_000, bytesMax: 1 << 20 },
        });
        return targets.ok && isUp(targets.text);
      });
    });
  });
});

function isUp(text: string): boolean {
  const { data } = JSON.parse(text) as {
    data: { activeTargets: { health: string; labels: { job: string } }[] };
  };
  return data.activeTargets.some(
    ({ health, labels }) => labels.job === 'vmagent' && health === 'up',
  );
}

async function until(accept: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (await accept()) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error('it did not come to that');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

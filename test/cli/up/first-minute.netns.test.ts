// timeout: 240 s
// The first minute of `flint up`, and its second start: in a namespace with a gateway and without a
// resolver that answers.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { type Namespace, openNamespace, openVeth, requireLab } from '../../lab/net.ts';
import {
  attachDaemon,
  type Fetcher,
  openFetcher,
  type RunningDaemon,
} from '../../probe/daemon-lab.ts';
import { startFlint } from '../flint.ts';

const missing = requireLab();

suite('up/first minute', (s) => {
  let near: Namespace;
  let far: Namespace;
  let fetcher: Fetcher;
  let daemon: RunningDaemon;
  let startedMs = 0;
  const directory = mkdtempSync(join(tmpdir(), 'flint-up-'));

  async function start(): Promise<RunningDaemon> {
    const started = startFlint(near, `up --state ${directory}/state`);
    await started.waitFor('Ctrl-C ends all of it', 30_000);
    return attachDaemon(started, fetcher, 9740);
  }

  s.before(async () => {
    chmodSync(directory, 0o755);
    if (missing !== null) return;
    [near, far] = [await openNamespace(), await openNamespace()];
    const { far: end } = await openVeth(near, far);
    await near.ip(`route add default via ${end.v4}`);
    fetcher = openFetcher(near);
    startedMs = performance.now();
    daemon = await start();
  });

  s.after(async () => {
    await near?.close();
    await far?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  s.testIf(missing, 'greets, and nothing of trouble is in its log', () => {
    const greeting = daemon.log();

    match(greeting, 'flint is up: a control, an agent and a probe on this machine');
    not.match(greeting, / (info|warn|error) /);
  });

  s.testIf(missing, 'has pages from the first second, which whoever is here may read', async () => {
    const own = await daemon.until(
      () => daemon.get('/'),
      ({ body }) => body.includes('localhost'),
    );
    const pages = await fetcher.get(8740, '/');
    const sets = await fetcher.get(8740, '/sets/first-targets');

    is(own.status, 200);
    for (const name of ['localhost', '@gateway', 'one.one.one.one'])
      ok(own.body.includes(name), name);
    is(pages.status, 200);
    match(pages.body, 'this-machine');
    is(sets.status, 200);
    for (const name of ['@gateway', 'dns.quad9.net']) ok(sets.body.includes(name), name);
  });

  s.testIf(
    missing,
    'shows the first rounds within a minute, whatever does not resolve',
    async () => {
      const rounds = await daemon.until(
        () => daemon.rounds(),
        (all) => ['localhost', '@gateway'].every((id) => all.some(({ target }) => target === id)),
        65_000,
      );
      const { targets, uptimeMs } = await daemon.status();

      ok(uptimeMs < 65_000, `${uptimeMs} ms`);
      const families = rounds.filter(({ target }) => target === 'localhost');
      equal([...new Set(families.map(({ family }) => family))].sort(), ['v4', 'v6']);
      // The resolvers of the machine lie beyond the gateway, which leads nowhere.
      const answered = rounds.filter(({ target }) => target !== '@resolver');
      for (const { sent, received, lost } of answered) equal([received, lost], [sent, 0]);
      const unknown = targets.filter(({ id }) => id.includes('.one') || id.includes('quad9'));
      is(unknown.length, 4);
      for (const one of unknown) equal([one.state, one.ip], ['unresolved', null]);
      is((await daemon.get('/healthz')).status, 200);
      match((await daemon.get('/')).body, '<svg');
    },
    70_000,
  );

  s.testIf(
    missing,
    'the control draws its first graph within a minute of the start',
    async () => {
      const page = await daemon.until(
        () => fetcher.get(8740, '/probes/this-machine'),
        ({ body }) => body.includes('class="smoke"'),
        70_000 - (performance.now() - startedMs),
      );

      match(page.body, 'localhost');
      console.log(`first graph after ${Math.round(performance.now() - startedMs)} ms`);
    },
    70_000,
  );

  s.testIf(missing, 'ends with 0 on Ctrl-C, and goes on where it was', async () => {
    const before = await daemon.rounds();
    const { code } = await daemon.stop('SIGINT');
    daemon = await start();
    const after = await daemon.rounds();

    is(code, 0);
    const key = ({ bootId, target, family, sequence }: (typeof after)[0]) =>
      `${bootId} ${target} ${family} ${sequence}`;
    const kept = new Set(after.map(key));
    for (const round of before) ok(kept.has(key(round)), key(round));
    is((await daemon.events('start')).length, 2);
  });

  s.testIf(missing, 'ends when its terminal is closed', async () => {
    const { code } = await daemon.stop('SIGHUP');

    is(code, 0);
  });
});

// The first minute of `flint up`, and its second start: in a namespace with a gateway and without a
// resolver that answers.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type Namespace, openNamespace, openVeth, requireLab } from '../lab/net.ts';
import {
  attachDaemon,
  type Fetcher,
  openFetcher,
  type RunningDaemon,
} from '../probe/daemon-lab.ts';
import { startFlint } from './flint.ts';

const missing = requireLab();

suite('up/first minute', (s) => {
  let near: Namespace;
  let far: Namespace;
  let fetcher: Fetcher;
  let daemon: RunningDaemon;
  const directory = mkdtempSync(join(tmpdir(), 'flint-up-'));

  async function start(): Promise<RunningDaemon> {
    const started = startFlint(near, `up --state ${directory}/state`);
    await started.waitFor('Ctrl-C ends it', 10_000);
    return attachDaemon(started, fetcher, 9740);
  }

  s.before(async () => {
    chmodSync(directory, 0o755);
    if (missing !== null) return;
    [near, far] = [await openNamespace(), await openNamespace()];
    const { far: end } = await openVeth(near, far);
    await near.ip(`route add default via ${end.v4}`);
    fetcher = openFetcher(near);
    daemon = await start();
  });

  s.after(async () => {
    await near?.close();
    await far?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  s.testIf(missing, 'greets with its targets, and nothing else is in its log', () => {
    const greeting = daemon.log();

    match(
      greeting,
      'flint measures localhost, @gateway, @resolver, one.one.one.one, dns.quad9.net',
    );
    not.match(greeting, / (info|warn|error) /);
  });

  s.testIf(missing, 'has a page from the first second', async () => {
    const { status, body } = await daemon.get('/');

    is(status, 200);
    for (const name of ['localhost', '@gateway', 'one.one.one.one']) ok(body.includes(name), name);
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

// timeout: 240 s
// waits
// `flint up` as a command: its greeting, its ports, its end.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { scratchFile } from '../../lab/namespace.ts';
import {
  type LabProcess,
  type Namespace,
  openNamespace,
  requireLab,
  sleep,
} from '../../lab/net.ts';
import { flint, startFlint } from '../flint.ts';

const missing = requireLab();
/** Four programs of a second each, on a machine that may have other work. */
const UP_MS_MAX = 60_000;
let lab: Namespace;

/** The processes that it started, by pid. */
function childrenOf({ pid }: { pid: number }): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return readFileSync(file, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

async function until(isSo: () => boolean): Promise<boolean> {
  for (let n = 0; n < 100 && !isSo(); n++) await sleep(100);
  return isSo();
}

function areGone(pids: readonly number[]): Promise<boolean> {
  return until(() => !pids.some((pid) => existsSync(`/proc/${pid}`)));
}

async function startUp(words: string): Promise<LabProcess> {
  const up = startFlint(lab, `up ${words}`, { timeoutMs: 60_000 });
  await up.waitFor('Ctrl-C ends all of it', 30_000);
  return up;
}

suite('flint up', (s) => {
  s.before(async () => {
    if (missing === null) lab = await openNamespace();
  });
  s.after(async () => {
    if (missing === null) await lab.close();
  });

  s.testIf(
    missing,
    'greets with its pages, and a second one says which port is taken',
    async () => {
      const state = scratchFile('state');
      const up = await startUp(`--port 8751 --probe-port 9751 --state ${state}`);

      const pages = await flint(
        lab,
        `up --port 8751 --probe-port 9752 --state ${scratchFile('b')}`,
      );
      const probe = await flint(
        lab,
        `up --port 8752 --probe-port 9751 --state ${scratchFile('c')}`,
      );
      const same = await flint(lab, `up --port 8753 --probe-port 9753 --state ${state}`);
      const { code } = await up.stop('SIGINT');

      const { stderr } = up.output();
      is(code, 0, stderr);
      match(stderr, /log in {3}http:\/\/127\.0\.0\.1:8751\/login\/link\/flint_login_\S{43} /);
      match(stderr, 'pages    http://127.0.0.1:8751/');
      match(stderr, 'probe    http://127.0.0.1:9751/');
      match(stderr, `state    ${state}`);
      match(stderr, 'stamps   from the kernel, both ways');
      match(stderr, /root was given up; running as \w+/);
      not.match(stderr, / (warn|error) /);
      is(pages.code, 1);
      match(pages.stderr, /flint: cannot listen on 127\.0\.0\.1:8751.*with --port\n$/);
      is(probe.code, 1);
      match(probe.stderr, /flint: cannot listen on 127\.0\.0\.1:9751.*with --probe-port\n$/);
      is(same.code, 1);
      match(same.stderr, /flint: .*another/);
    },
    UP_MS_MAX,
  );

  s.testIf(
    missing,
    'none of its processes is root, and all of them end with it',
    async () => {
      const up = await startUp(`--state ${scratchFile('state')}`);
      const children = childrenOf(up);
      const pids = [up.pid, ...children];
      const users = pids.map((pid) =>
        /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')),
      );

      is(children.length, 3);
      for (const user of users) not.equal(user?.[1], '0');
      // Even when nobody is left to tell them.
      process.kill(up.pid, 'SIGKILL');
      ok(await areGone(pids), 'a process was left');
    },
    UP_MS_MAX,
  );

  s.testIf(
    missing,
    'when one of its processes dies all end, and it says which',
    async () => {
      const up = await startUp(`--state ${scratchFile('state')}`);
      const children = childrenOf(up);
      process.kill(children[0] ?? 0, 'SIGKILL');
      const { code } = await up.exited;

      is(code, 1);
      match(up.output().stderr, 'the control was ended by SIGKILL, so all of it ends');
      ok(await areGone(children), 'a process was left');
    },
    UP_MS_MAX,
  );

  s.testIf(
    missing,
    'what it keeps is for its user alone, and nothing secret is in the open',
    async () => {
      const state = scratchFile('state');
      const up = await startUp(`--state ${state}`);
      const credentials = join(state, 'agent', 'credentials.json');
      ok(await until(() => existsSync(credentials)), 'it was not enrolled');
      await up.stop('SIGINT');

      equal(readdirSync(state).sort(), ['agent', 'control', 'rounds', 'run', 'up']);
      const { stderr } = up.output();
      const key = JSON.parse(readFileSync(credentials, 'utf8')).apiKey;
      match(key, /^flint_probe_/);
      not.match(stderr, key);
      const claim = readFileSync(join(state, 'up', 'claim-token'), 'utf8').trim();
      not.match(stderr, claim);
    },
    UP_MS_MAX,
  );
});

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { equal, is, match } from 'uvu/assert';
import { suite } from '../helper.ts';
import { openNamespace, openVeth, requireLab, sleep, threads } from './net.ts';

const missing = requireLab('ping');

/** Empty when the process has ended. */
function commandLine(pid: string): string {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

suite('namespaces', (s) => {
  s.testIf(missing, 'go with the next run when theirs was killed', async () => {
    const name = `flt-${spawnSync('true').pid}-1`; // of a process that is no more
    spawnSync('ip', ['netns', 'add', name]);
    const script = `ip netns exec ${name} sleep 60 >/dev/null 2>&1 & echo $!`;
    const orphan = spawnSync('sh', ['-c', script]).stdout.toString().trim();
    await sleep(100);
    match(commandLine(orphan), 'sleep');

    const namespace = await openNamespace();
    await namespace.close();

    is(existsSync(`/run/netns/${name}`), false);
    is(commandLine(orphan), '');
  });

  s.testIf(
    missing,
    'answer whole prefixes of both families behind a veth pair at once',
    async () => {
      const near = await openNamespace();
      const far = await openNamespace();
      try {
        await openVeth(near, far);

        for (const host of ['10.78.3.4', 'fd78::3:4']) {
          await near.run('ping', ['-n', '-c', '2', '-i', '0.01', '-W', '1', host]);
        }
      } finally {
        await near.close();
        await far.close();
      }
    },
  );

  s.testIf(missing, 'open ping sockets to the groups that were told', async () => {
    const namespace = await openNamespace({ pingGroupRange: '0 2147483647' });
    try {
      const range = await namespace.run('cat', ['/proc/sys/net/ipv4/ping_group_range']);
      match(range, /^0\s+2147483647$/m);
    } finally {
      await namespace.close();
    }
  });

  s.testIf(missing, 'end what runs inside, and leave no name behind', async () => {
    const namespace = await openNamespace();
    const sleeper = namespace.spawn('sleep', ['60']);
    await sleep(100);
    const [main] = threads(sleeper.pid);
    equal([main?.name, main?.uids], ['sleep', [0, 0, 0, 0]]);
    match(main?.capabilities.Eff ?? '', /^[0-9a-f]{16}$/);

    await namespace.close();

    is((await sleeper.exited).signal, 'SIGTERM');
    is(existsSync(`/proc/${sleeper.pid}`), false);
    is(existsSync(`/run/netns/${namespace.name}`), false);
  });

  s.testIf(missing, 'give up on a command that does not end', async () => {
    const namespace = await openNamespace();
    let reason = '';
    try {
      await namespace.exec('sleep', ['60'], { timeoutMs: 100 });
    } catch (error) {
      reason = String(error);
    } finally {
      await namespace.close();
    }
    match(reason, /no end after 100 ms/);
  });
});

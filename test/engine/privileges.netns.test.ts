// Root given up, read where the kernel keeps it: no thread of the process may have kept any of it.
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { scratchFile } from '../lab/namespace.ts';
import {
  type LabProcess,
  type Namespace,
  openNamespace,
  requireLab,
  sleep,
  type Thread,
  threads,
} from '../lab/net.ts';
import { ROOT } from '../native/copy.ts';
import { DriverError, NOBODY, openDriver } from '../native/remote.ts';

const NONE = '0000000000000000';

const missing = requireLab();
let lab: Namespace;

/** What a thread may still do; the bounding set only limits what an exec could bring. */
function powers({ uids, gids, groups, capabilities }: Thread) {
  const { Inh, Prm, Eff, Amb } = capabilities;
  return { uids, gids, groups, capabilities: [Inh, Prm, Eff, Amb] };
}

function powerless(uid: number, gid: number) {
  const four = (id: number) => [id, id, id, id];
  return { uids: four(uid), gids: four(gid), groups: [], capabilities: [NONE, NONE, NONE, NONE] };
}

function judge(pid: number, uid: number, gid: number): void {
  const all = threads(pid);
  ok(all.length >= 5, `${all.length} threads`);
  for (const thread of all) equal(powers(thread), powerless(uid, gid), thread.name);
}

function startProbe(env: NodeJS.ProcessEnv = {}): { probe: LabProcess; state: string } {
  const config = scratchFile('json');
  const state = scratchFile('state');
  writeFileSync(
    config,
    JSON.stringify({
      schema: 1,
      listen: { address: '127.0.0.1', port: 0 },
      measurements: { smokeping: { targets: ['127.0.0.1', '::1'] } },
    }),
  );
  const places = ['--config', config, '--state', state, '--run', scratchFile('run')];
  const words = [`${ROOT}dist/main.js`, 'probe', ...places];
  return { probe: lab.spawn(process.execPath, words, { env: { ...process.env, ...env } }), state };
}

suite('privileges', (s) => {
  s.before(async () => {
    if (missing === null) lab = await openNamespace();
  });
  s.after(async () => {
    if (missing === null) await lab.close();
  });

  s.testIf(missing, 'the daemon, started as root, keeps nothing of it in any thread', async () => {
    const { probe, state } = startProbe();
    await probe.waitFor('measuring');

    judge(probe.pid, NOBODY.uid, NOBODY.gid);
    // The agent of a board may keep its key beside the rounds: the directory stays root's.
    is(statSync(join(state, 'rounds')).uid, NOBODY.uid);
    equal([statSync(state).uid, statSync(state).mode & 0o777], [0, 0o711]);

    // Threads that come later are born of those.
    await sleep(1500);
    judge(probe.pid, NOBODY.uid, NOBODY.gid);
    const { code } = await probe.stop();
    is(code, 0);
  });

  s.testIf(missing, 'called by sudo, the daemon becomes the caller', async () => {
    const { probe } = startProbe({ SUDO_UID: '1234', SUDO_GID: '1235', SUDO_USER: 'ada' });
    await probe.waitFor('measuring');

    judge(probe.pid, 1234, 1235);
    await probe.stop();
  });

  s.testIf(missing, 'the sockets stay when root has gone', async () => {
    const driver = await openDriver(lab);
    const icmp = { kind: 'raw', identifier: 0x1230 } as const;
    await driver.ask('open', icmp);
    await driver.ask('drop', NOBODY);

    await driver.ask('send', {
      packets: [
        { family: 4, to: '127.0.0.1', key: 1, identifier: 0x1230, ttl: 9, tos: 0xb8 },
        { family: 6, to: '::1', key: 2, identifier: 0x1230, source: '::1' },
      ],
    });
    const { packets, stamps } = await driver.ask('gather', { packets: 2, stamps: 2, ms: 1000 });
    const again = await driver.ask('open', icmp).catch((error: unknown) => error);

    equal([packets.length, stamps.length], [2, 2]);
    judge(driver.process.pid, NOBODY.uid, NOBODY.gid);
    ok(again instanceof DriverError, 'a second raw socket was opened');
    is(again.failure.code, 'ERR_SOCKET_PERMISSION');
    await driver.close();
  });

  s.testIf(missing, 'where the kernel refuses, going on as root is no option', async () => {
    const before = ['setpriv', '--bounding-set=-setuid', '--inh-caps=-setuid'];
    const driver = await openDriver(lab, { before });

    const error = await driver.ask('drop', NOBODY).catch((thrown: unknown) => thrown);

    ok(error instanceof DriverError);
    is(error.failure.code, 'ERR_SOCKET_PERMISSION');
    match(error.message, /root could not be given up for nobody \(uid 65534\)/);
    await driver.close();
  });
});

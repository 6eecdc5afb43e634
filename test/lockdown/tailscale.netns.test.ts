// timeout: 240 s
// waits
// The lockdown beside a real tailscaled, in each of its three ways to treat the machine's own
// firewall, against a real headscale whose policy allows everything: what is refused, the lockdown
// refuses.
import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flint } from '../cli/flint.ts';
import { suite } from '../helper.ts';
import type { LabProcess, Namespace } from '../lab/net.ts';
import {
  LOGIN_SERVER,
  type Machine,
  missingTailnet,
  openTailnetLab,
  type TailnetLab,
  until,
} from '../mesh/tailnet-lab.ts';
import { startServices } from './house.ts';

const ALLOW_ALL = '{ "acls": [{ "action": "accept", "src": ["*"], "dst": ["*:*"] }] }\n';

async function joinMesh(lab: TailnetLab, machine: Machine, mode: string): Promise<void> {
  const key = await lab.key('monitoring');
  await machine.tailscale(
    `up --login-server=${LOGIN_SERVER} --auth-key=${key} --accept-dns=false ` +
      `--netfilter-mode=${mode} --timeout=30s`,
  );
}

async function addressOf(machine: Machine): Promise<string> {
  return (await machine.tailscale('ip -4')).trim();
}

async function answers(from: Namespace, address: string, port: number): Promise<boolean> {
  const script = `const s = require('net').connect({ host: '${address}', port: ${port} });
    s.setTimeout(2500, () => end('no')); s.on('error', () => end('no'));
    s.on('data', () => end('yes'));
    function end(word) { console.log(word); process.exit(0); }`;
  return (await from.run(process.execPath, ['-e', script])).trim() === 'yes';
}

suite('the lockdown beside tailscaled', (s) => {
  const missing = missingTailnet();
  let lab: TailnetLab;
  let probe: Machine;
  let jump: Machine;
  let stranger: Machine;
  let services: LabProcess;
  let config: string;
  const run = (words: string) => {
    const places = `--config ${config} --state ${join(probe.directory, 'state')}`;
    return flint(probe.namespace, `lockdown ${words} ${places}`);
  };

  s.before(async () => {
    if (missing !== null) return;
    lab = await openTailnetLab();
    writeFileSync(join(lab.directory, 'policy.hujson'), ALLOW_ALL);
    await lab.stopServer();
    await lab.startServer();
    [probe, jump, stranger] = [await lab.machine(), await lab.machine(), await lab.machine()];
    config = join(probe.directory, 'agent.json');
    mkdirSync(join(probe.directory, 'state'));
    services = await startServices(probe.namespace);
    for (const one of [jump, stranger]) {
      await one.startDaemon();
      await joinMesh(lab, one, 'off');
    }
    const jumpHost = await addressOf(jump);
    const tailnet = { kind: 'tailscale', loginServer: LOGIN_SERVER, readers: [jumpHost] };
    const lockdown = { jumpHosts: [jumpHost] };
    writeFileSync(config, JSON.stringify({ schema: 1, control: LOGIN_SERVER, tailnet, lockdown }));
  });

  s.after(async () => {
    await services?.stop('SIGKILL');
    for (const one of [probe, jump, stranger]) await one?.stopDaemon();
    await lab?.close();
  });

  s.testIf(
    missing,
    'a board that is shut before tailscaled starts joins its mesh',
    async () => {
      const { code, stderr } = await run('apply');
      equal(code, 0, stderr);
      await probe.startDaemon();

      await joinMesh(lab, probe, 'off');

      match(await addressOf(probe), /^100\./);
    },
    60_000,
  );

  for (const mode of ['off', 'nodivert', 'on']) {
    s.testIf(
      missing,
      `with netfilter ${mode} the jump host comes in, a peer does not, and nothing drifts`,
      async () => {
        await probe.tailscale(`set --netfilter-mode=${mode}`);
        const hasChains = async () =>
          /ts-input/.test(await probe.namespace.run('nft', ['list', 'ruleset']));
        await until(
          'tailscaled has changed its rules',
          async () => (await hasChains()) === (mode !== 'off'),
        );
        const address = await addressOf(probe);

        await until('the jump host comes in', () => answers(jump.namespace, address, 22));
        deepEqual(
          await Promise.all([
            answers(jump.namespace, address, 9740),
            answers(jump.namespace, address, 9100),
            answers(stranger.namespace, address, 22),
            answers(stranger.namespace, address, 9740),
            answers(stranger.namespace, '10.99.1.2', 22),
          ]),
          [true, false, false, false, false],
        );
        const verified = await run('verify');
        deepEqual([verified.code, verified.stdout.split('\n')[0]], [0, 'the lockdown is in force']);
        equal((await run('apply')).code, 0);
        equal(await hasChains(), mode !== 'off', 'the rules of tailscaled are as they were');
      },
      60_000,
    );
  }
});

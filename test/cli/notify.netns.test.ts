// waits
// The programs that run as services, in front of a socket such as a service manager listens on.
import { writeFileSync } from 'node:fs';
import { equal, is, match, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { scratchFile } from '../lab/namespace.ts';
import { type LabProcess, type Namespace, openNamespace, requireLab, sleep } from '../lab/net.ts';
import { MAIN } from './flint.ts';

const missing = requireLab('python3');

// Node has no datagram sockets of this kind.
const MANAGER = `
import json, os, socket, sys
place = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind('\\0' + place[1:] if place[0] == '@' else place)
if place[0] != '@':
    os.chmod(place, 0o777)
print('listening', flush=True)
while True:
    print(json.dumps(listener.recv(4096).decode()), flush=True)
`;

let lab: Namespace;

interface Manager {
  heard(): string[];
  until(accept: (heard: string[]) => boolean): Promise<string[]>;
  stop(): Promise<unknown>;
}

async function openManager(place: string): Promise<Manager> {
  const listener = lab.spawn('python3', ['-c', MANAGER, place]);
  await listener.waitFor('listening');
  const heard = () => {
    const lines = listener.output().stdout.split('\n').slice(1, -1);
    return lines.map((line) => JSON.parse(line) as string);
  };
  return {
    heard,
    async until(accept) {
      for (let i = 0; i < 200; i++) {
        if (accept(heard())) return heard();
        await sleep(50);
      }
      throw new Error(`heard only ${JSON.stringify(heard())}`);
    },
    stop: () => listener.stop(),
  };
}

function start(words: readonly string[], env: Record<string, string>): LabProcess {
  const own = { RUNTIME_DIRECTORY: scratchFile('run'), CONFIGURATION_DIRECTORY: '/nonexistent' };
  return lab.spawn(process.execPath, [MAIN, ...words], { env: { ...process.env, ...own, ...env } });
}

function fileOf(document: unknown): string {
  const file = scratchFile('json');
  writeFileSync(file, JSON.stringify(document));
  return file;
}

const isBeat = (text: string) => text === 'WATCHDOG=1';
const beats = (heard: string[]) => heard.filter(isBeat).length;
const words = (heard: string[]) => heard.filter((text) => !isBeat(text));

suite('services', (s) => {
  s.before(async () => {
    if (missing === null) lab = await openNamespace();
  });
  s.after(async () => {
    if (missing === null) await lab.close();
  });

  s.testIf(
    missing,
    'the probe is ready, alive, reloaded and ended, and silent when frozen',
    async () => {
      const place = scratchFile('socket');
      const manager = await openManager(place);
      const smokeping = { targets: ['127.0.0.1', '::1'] };
      const config = { schema: 1, listen: { port: 0 }, measurements: { smokeping } };
      const given = ['--config', fileOf(config), '--state', scratchFile('state')];
      const probe = start(['probe', ...given], { NOTIFY_SOCKET: place, WATCHDOG_USEC: '400000' });

      const first = await manager.until((heard) => beats(heard) >= 3);
      match(first[0] ?? '', /^READY=1\nSTATUS=measuring 2 targets and 0 paths, stamps: kernel$/);
      process.kill(probe.pid, 'SIGHUP');
      const reloaded = words(await manager.until((heard) => words(heard).length >= 3));
      match(reloaded[1] ?? '', /^RELOADING=1\nMONOTONIC_USEC=\d+$/);
      match(reloaded[2] ?? '', /^READY=1\nSTATUS=measuring 2 targets/);

      process.kill(probe.pid, 'SIGSTOP');
      await sleep(100);
      const frozen = beats(manager.heard());
      await sleep(1000);
      is(beats(manager.heard()), frozen);
      process.kill(probe.pid, 'SIGCONT');
      await manager.until((heard) => beats(heard) > frozen);

      is((await probe.stop()).code, 0);
      equal(words(manager.heard()).slice(3), ['STOPPING=1']);
      await manager.stop();
    },
  );

  s.testIf(missing, 'so does the agent, whether the control answers or not', async () => {
    const manager = await openManager('@flint-agent-manager');
    const places = ['--state', scratchFile('state'), '--run', scratchFile('run')];
    const given = ['--control', 'https://127.0.0.1:1', '--mac', '02:00:00:00:00:01'];
    const env = { NOTIFY_SOCKET: '@flint-agent-manager', WATCHDOG_USEC: '400000' };
    const agent = start(['agent', ...given, ...places], env);

    const heard = await manager.until((all) => beats(all) >= 3);
    match(heard[0] ?? '', /^READY=1\nSTATUS=this board asks https:\/\/127\.0\.0\.1:1$/);
    is((await agent.stop()).code, 0);
    is(words(manager.heard()).at(-1), 'STOPPING=1');
    await manager.stop();
  });

  s.testIf(missing, 'so does the control', async () => {
    const manager = await openManager('@flint-control-manager');
    const config = { schema: 1, origin: 'http://127.0.0.1:8740', listen: { port: 0 } };
    const given = ['--config', fileOf(config), '--state', scratchFile('state')];
    const control = start(['control', ...given], { NOTIFY_SOCKET: '@flint-control-manager' });

    const [ready = ''] = await manager.until((all) => all.length > 0);
    match(ready, /^READY=1\nSTATUS=serving http:\/\/127\.0\.0\.1:8740 on port \d+$/);
    is((await control.stop()).code, 0);
    equal(manager.heard().slice(1), ['STOPPING=1']);
    await manager.stop();
  });

  s.testIf(missing, 'nobody who listens is one warning, and measuring goes on', async () => {
    const config = { schema: 1, listen: { port: 0 } };
    const given = ['--config', fileOf(config), '--state', scratchFile('state')];
    const probe = start(['probe', ...given], { NOTIFY_SOCKET: '@flint-nobody-listens' });

    await probe.waitFor('the service manager was not told: ECONNREFUSED', 10_000);
    const { code } = await probe.stop();
    const { stderr } = probe.output();

    is(code, 0);
    ok(!/Error/.test(stderr.replace(/ECONN\w+/g, '')), stderr);
  });
});

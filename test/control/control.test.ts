import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { equal, is, match, ok } from 'uvu/assert';
import { startControl } from '../../src/control/control.ts';
import { lockControl } from '../../src/control/store/control-lock.ts';
import { openLog } from '../../src/host/log.ts';
import { suite } from '../helper.ts';
import { configOf } from './lab.ts';
import { withDirectory } from './places.ts';
import { codeOf } from './refused.ts';
import { speak, startHere } from './running.ts';

const QUIET = openLog({ stream: { write: () => true }, nowMs: Date.now, journal: false });

function start(stateDirectory: string, document: Record<string, unknown> = {}) {
  const config = configOf({ listen: { port: 0 }, ...document });
  return startControl({ config, stateDirectory, version: '0.0.0', log: QUIET });
}

suite('control/control', (s) => {
  s.test('the first start needs nothing, keeps all to itself, and says how to get in', async () => {
    const running = await startHere();
    const at = (name: string) => `${running.stateDirectory}/control${name}`;
    const modes = ['', '/secrets.d', '/secrets.d/nonce', '/secrets.d/csrf', '/lock.db'].map(
      (name) => (statSync(at(name)).mode & 0o777).toString(8),
    );
    equal(modes, ['700', '700', '600', '600', '600']);
    match(
      running.lines.join(''),
      /nobody can log in yet: flint control user add NAME --role admin/,
    );
    match(running.control.origin, /^http:\/\/127\.0\.0\.1:[1-9]/);
    const { text } = await speak(running.control.port, [
      'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    ]);
    match(text, /^HTTP\/1\.1 200 /);
    await running.stop();
  });

  s.test('keys stay what they are from start to start', () =>
    withDirectory(async (directory) => {
      const first = await start(directory);
      const { nonce } = first.context.keys;
      await first.stop();
      const second = await start(directory);
      ok(second.context.keys.nonce.equals(nonce));
      await second.stop();
      writeFileSync(`${directory}/control/secrets.d/nonce`, 'short');
      is(await start(directory).catch(codeOf), 'ERR_STATE_IO');
    }),
  );

  s.test('a second one is told that the state is in use, and leaves it alone', () =>
    withDirectory(async (directory) => {
      const first = await start(directory);
      const error = await start(directory).catch((thrown: Error) => thrown);
      is(codeOf(error), 'ERR_CONTROL_BUSY');
      match((error as Error).message, /another flint control uses .*: stop that one, or choose/);
      await first.stop();
      await (await start(directory)).stop();
    }),
  );

  s.test('a holder that is killed leaves no lock behind', () =>
    withDirectory(async (directory) => {
      const module = new URL('../../src/control/store/control-lock.ts', import.meta.url).href;
      const script = `import { lockControl } from '${module}';
        lockControl(process.argv[1]); process.stdout.write('held'); setInterval(() => {}, 1000);`;
      const child = spawn(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '-e', script, directory],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await new Promise((resolve) => child.stdout.once('data', resolve));
      is(codeOf(attempt(() => lockControl(directory))), 'ERR_CONTROL_BUSY');
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      lockControl(directory).release();
    }),
  );

  s.test('a port that is taken, a file that is damaged and one that is none are told', () =>
    withDirectory(async (directory) => {
      const first = await start(directory);
      await withDirectory(async (other) => {
        const document = { listen: { port: first.port } };
        const error = await start(other, document).catch((thrown: Error) => thrown);
        match((error as Error).message, /cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\): an/);
        // Nothing stays locked after a start that failed.
        await (await start(other)).stop();
      });
      await first.stop();
      const file = `${directory}/control/control.db`;
      const whole = readFileSync(file);
      writeFileSync(file, 'this is no database at all, it only looks like a file'.repeat(99));
      const none = await start(directory).catch((thrown: Error) => thrown);
      match((none as Error).message, /control\.db cannot be used: file is not a database/);
      const torn = Buffer.from(whole);
      torn.fill(0x5a, 8_192, Math.min(torn.length, 24_576));
      writeFileSync(file, torn);
      const error = await start(directory).catch((thrown: Error) => thrown);
      is(codeOf(error), 'ERR_STATE_IO');
      ok(existsSync(file));
    }),
  );

  s.test('a state directory that is a file is told', () =>
    withDirectory(async (directory) => {
      writeFileSync(`${directory}/state`, '');
      is(await start(`${directory}/state`).catch(codeOf), 'ERR_STATE_IO');
      mkdirSync(`${directory}/open/control`, { recursive: true, mode: 0o755 });
      const control = await start(`${directory}/open`);
      is(statSync(`${directory}/open/control`).mode & 0o777, 0o700);
      await control.stop();
    }),
  );

  s.test('it stops within five seconds, whoever still talks', async () => {
    const running = await startHere();
    const { port } = running.control;
    const idle = connect({ port, host: '127.0.0.1' });
    const slow = connect({ port, host: '127.0.0.1' });
    for (const socket of [idle, slow]) {
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
    }
    slow.write('POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const startMs = Date.now();
    await running.stop();
    ok(Date.now() - startMs < 5_000, `${Date.now() - startMs} ms`);
    idle.destroy();
    slow.destroy();
  });
});

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, ok } from 'uvu/assert';
import { suite } from '../../helper.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const TOKEN = 'token-of-probe01';

function inDirectory(use: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-push-cli-'));
  try {
    chmodSync(directory, 0o755);
    mkdirSync(join(directory, 'secrets.d'));
    writeFileSync(join(directory, 'secrets.d', 'push-bearer'), TOKEN, { mode: 0o600 });
    use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function flint(directory: string, words: readonly string[]) {
  const env = {
    ...process.env,
    ...{ STATE_DIRECTORY: join(directory, 'state'), RUNTIME_DIRECTORY: join(directory, 'run') },
    INVOCATION_ID: undefined,
  };
  const all = ['--import', 'tsx', MAIN, ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

function configure(directory: string, push: object): string {
  const file = join(directory, 'agent.json');
  writeFileSync(file, JSON.stringify({ schema: 1, push }));
  return file;
}

suite('push-command', ({ test }) => {
  test('a dry run names files and commands, shows no secret and changes nothing', () => {
    inDirectory((directory) => {
      const file = configure(directory, { url: 'http://[fd00::1]/remote_write' });
      const { status, stdout } = flint(directory, ['push', '--config', file, '--dry-run']);
      equal(status, 0);
      ok(stdout.includes(`write ${join(directory, 'run', 'push', 'bearer')}`), stdout);
      ok(!stdout.includes(TOKEN), stdout);
      equal(existsSync(join(directory, 'run')), false);

      const json = flint(directory, ['push', '--config', file, '--dry-run', '--json']);
      equal(JSON.parse(json.stdout).user, 'flint-push');
    });
  });

  test('without a section "push" it is wrong use', () => {
    inDirectory((directory) => {
      const file = join(directory, 'agent.json');
      writeFileSync(file, '{"schema":1}');
      const { status, stderr } = flint(directory, ['push', '--config', file]);
      equal(status, 2);
      ok(stderr.includes('"push"'), stderr);
    });
  });

  test('the status of a push that does not run is trouble', () => {
    inDirectory((directory) => {
      const file = configure(directory, { url: 'http://[fd00::1]/', port: 1 });
      const { status, stdout } = flint(directory, ['push', '--config', file, '--status']);
      equal(status, 1);
      ok(stdout.includes('never started'), stdout);
    });
  });

  test('beside the units of an agent it says who does it already', () => {
    inDirectory((directory) => {
      const file = configure(directory, { url: 'http://[fd00::1]/', program: process.execPath });
      mkdirSync(join(directory, 'run', 'push'), { recursive: true });
      writeFileSync(join(directory, 'run', 'push', 'vmagent.env'), '');
      const { status, stderr } = flint(directory, ['push', '--config', file, '--once']);
      equal(status, 1);
      ok(/^flint: flint-agent\.service does this already.*vmagent\.env\n$/.test(stderr), stderr);
      equal(existsSync(join(directory, 'state')), false);
    });
  });

  test('the relay alone says who starts it', () => {
    inDirectory((directory) => {
      const { status, stderr } = flint(directory, ['push', 'relay']);
      equal(status, 2);
      ok(stderr.includes('FLINT_RELAY_URL'), stderr);
    });
  });
});

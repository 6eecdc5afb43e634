import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, ok } from 'uvu/assert';
import { suite } from '../helper.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

suite('vmauth-command', ({ test }) => {
  test('a control that is away: one line, exit 1, and a file that lets nobody in', () => {
    const directory = mkdtempSync(join(tmpdir(), 'flint-vmauth-cli-'));
    try {
      mkdirSync(join(directory, 'secrets.d'));
      writeFileSync(join(directory, 'secrets.d', 'metrics-api-key'), 'k', { mode: 0o600 });
      const config = join(directory, 'vmauth.json');
      const file = join(directory, 'users.json');
      writeFileSync(config, JSON.stringify({ schema: 1, control: 'http://127.0.0.1:1', file }));
      const words = ['--import', 'tsx', MAIN, 'vmauth', 'sync', '--config', config];
      const options = { encoding: 'utf8' } as const;

      const dry = spawnSync(process.execPath, [...words, '--dry-run', '--json'], options);
      equal([dry.status, JSON.parse(dry.stdout).ok], [1, false]);

      const { status, stderr } = spawnSync(process.execPath, words, options);
      equal(status, 1);
      ok(/^flint: no answer of the control: .*\n$/.test(stderr), stderr);
      equal(JSON.parse(readFileSync(file, 'utf8')).users.length, 1);

      const wrong = spawnSync(process.execPath, words.slice(0, 5), {
        ...options,
        env: { ...process.env, CONFIGURATION_DIRECTORY: directory, XDG_CONFIG_HOME: '/x' },
      });
      equal(wrong.status, 1);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

// `flint probe --check`, which opens nothing; the daemon itself is tried in test/probe.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { suite } from '../helper.ts';
import { MAIN } from './flint.ts';

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function check(file: string, cwd: string): Outcome {
  const words = [MAIN, 'probe', '--check', '--config', file];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, STATE_DIRECTORY: join(cwd, 'state') },
  });
  return { code: status, stdout, stderr };
}

suite('probe', (s) => {
  const directory = mkdtempSync(join(tmpdir(), 'flint-probe-'));

  function judge(content: unknown): Outcome {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(join(directory, 'probe.json'), text);
    return check('probe.json', directory);
  }

  s.after(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  s.test('a good configuration is one line, and nothing is made', () => {
    const { code, stdout, stderr } = judge({
      schema: 1,
      measurements: { smokeping: { targets: ['a.example', 'b.example'] } },
    });

    equal([code, stderr], [0, '']);
    match(stdout, /^\/.*\/probe.json: valid, 2 targets, etag [0-9a-f]{16}\n$/);
    equal(readdirSync(directory), ['probe.json']);
  });

  s.test('a wrong one is wrong use: file, key and reason on one line', () => {
    const { code, stdout, stderr } = judge({ schema: 1, store: { keep: '5 days' } });

    equal([code, stdout], [2, '']);
    is(stderr.trimEnd().split('\n').length, 1);
    match(stderr, /^flint: \/.*\/probe.json: store.keep: expected a duration from 1h to 90d/);
  });

  s.test('so is one that is not there', () => {
    const { code, stderr } = check('none.json', directory);

    is(code, 2);
    match(stderr, /^flint: \/.*\/none.json cannot be read: ENOENT/);
  });

  s.test('the default is a place of the system', () => {
    const words = [MAIN, 'probe', '--check'];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });

    match(`${stdout}${stderr}`, '/etc/flint/probe.json');
  });
});

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, is, match } from 'uvu/assert';
import { lockDirectory } from '../../src/board/lock.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

const CHILD = fileURLToPath(new URL('./lock-child.ts', import.meta.url));

async function startChild(directory: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, directory]);
  const [said] = await once(child.stdout, 'data');
  return { child, said: String(said) };
}

async function whyNot(directory: string): Promise<string> {
  return await lockDirectory(directory).then(
    () => 'locked',
    (error: Error) => error.message,
  );
}

suite('board/lock', ({ test }) => {
  test('a second process is told who has it, and gets it when that one was killed', () =>
    inPlace(async ({ directory }) => {
      const { child, said } = await startChild(directory);
      is(said, 'locked\n');

      match(await whyNot(directory), new RegExp(`in use by process ${child.pid}, an agent`));
      child.kill('SIGKILL');
      await once(child, 'exit');

      const lock = await lockDirectory(directory);
      is(readdirSync(directory).length, 1);
      lock.release();
      equal(readdirSync(directory), []);
    }));

  test('the same process does not get it twice', () =>
    inPlace(async ({ directory }) => {
      const lock = await lockDirectory(directory);
      match(await whyNot(directory), /in use/);
      lock.release();
      is(await whyNot(directory), 'locked');
    }));

  test('what another boot or a dead process left behind is cleared away', () =>
    inPlace(async ({ directory }) => {
      const stale = ['lock.00000000.1.1', `lock.00000000.${process.pid}.5`];
      for (const name of stale) writeFileSync(join(directory, name), '');
      writeFileSync(join(directory, 'lock.txt'), '');

      const lock = await lockDirectory(directory);
      equal(
        readdirSync(directory).filter((name) => stale.includes(name)),
        [],
      );
      is(readdirSync(directory).includes('lock.txt'), true);
      lock.release();
    }));

  test('a directory that cannot be written is an error with its cause', () =>
    inPlace(async ({ directory }) => {
      match(await whyNot(join(directory, 'none')), /cannot be locked: ENOENT/);
      mkdirSync(join(directory, 'a'));
      is(await whyNot(join(directory, 'a')), 'locked');
    }));
});

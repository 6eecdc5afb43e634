import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ProbeError } from '../../src/core/error.ts';
import { lockDirectory } from '../../src/host/lock.ts';
import { suite } from '../helper.ts';
import { inDirectory } from '../probe/store-place.ts';

const lock = (directory: string) =>
  lockDirectory(directory, { what: 'the store', advice: 'stop it' });

const CHILD = new URL('./lock-child.ts', import.meta.url).pathname;

suite('host/lock', ({ test }) => {
  test('lets one in at a time', () =>
    inDirectory(async (directory) => {
      const held = await lock(directory);
      await refused(directory, process.pid);
      await held.release();
      const again = await lock(directory);
      await again.release();

      assert.equal(readdirSync(directory), []);
    }));

  test('keeps another process out, and forgets it when it was killed', () =>
    inDirectory(async (directory) => {
      const child = await lockingChild(directory);
      await refused(directory, child.pid ?? 0);
      assert.is(locks(directory).length, 1);

      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      assert.is(locks(directory).length, 1);
      const held = await lock(directory);
      assert.is(locks(directory).length, 1);
      await held.release();
    }));

  test('sees that a process id was given away, or that the machine was restarted', () =>
    inDirectory(async (directory) => {
      const held = await lock(directory);
      const own = locks(directory)[0] ?? '';
      await held.release();
      const [, bootId = '', , startTicks = ''] = own.split('.');
      const living = process.ppid;
      for (const name of [
        `lock.${bootId}.${living}.1`,
        `lock.${'0'.repeat(8)}.${living}.${startTicks}`,
        `lock.${bootId}.4194305.${startTicks}`,
      ]) {
        writeFileSync(join(directory, name), '');
        const next = await lock(directory);
        assert.is(locks(directory).length, 1, name);
        await next.release();
      }
    }));

  test('believes a living process that its sandbox told another boot id', () =>
    inDirectory(async (directory) => {
      const child = await lockingChild(directory);
      const [name = ''] = locks(directory);
      const other = name.replace(/^lock\.[^.]+/, `lock.${'0'.repeat(8)}`);
      renameSync(join(directory, name), join(directory, other));
      await refused(directory, child.pid ?? 0);

      // Made before that process: the power was cut, and it only has the number and the start.
      const beforeS = Date.now() / 1000 - 3600;
      utimesSync(join(directory, other), beforeS, beforeS);
      const held = await lock(directory);
      assert.is(locks(directory).includes(other), false);
      await held.release();
      child.kill('SIGKILL');
    }));

  test('never takes itself for the one of an earlier boot', () =>
    inDirectory(async (directory) => {
      const held = await lock(directory);
      const [name = ''] = locks(directory);
      await held.release();
      const other = name.replace(/^lock\.[^.]+/, `lock.${'0'.repeat(8)}`);
      writeFileSync(join(directory, other), '');
      const next = await lock(directory);
      assert.equal(locks(directory), [name]);
      await next.release();
    }));

  test('never lets two in that come at once', () =>
    inDirectory(async (directory) => {
      const children = await Promise.allSettled([1, 2, 3].map(() => lockingChild(directory)));
      const inside = children.filter((child) => child.status === 'fulfilled');

      assert.ok(inside.length <= 1, `${inside.length} are in`);
      for (const child of inside) child.value.kill('SIGKILL');
    }));

  test('says why when the directory takes no lock', async () => {
    try {
      await lock('/nowhere/at/all');
      assert.unreachable();
    } catch (error) {
      assert.instance(error, ProbeError);
      assert.match((error as Error).message, 'the store /nowhere/at/all cannot be locked (ENOENT)');
      assert.is((error as ProbeError).errno, 'ENOENT');
    }
  });
});

async function refused(directory: string, pid: number): Promise<void> {
  try {
    await lock(directory);
    assert.unreachable('a second lock was given');
  } catch (error) {
    assert.instance(error, ProbeError);
    assert.is((error as ProbeError).code, 'ERR_STATE_IO');
    assert.match((error as Error).message, `${directory} is in use by process ${pid}: stop it`);
  }
}

/** Resolves when the child holds the lock, rejects when it did not get it. */
function lockingChild(directory: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve(child));
    child.once('exit', () => reject(new Error('the child did not get the lock')));
  });
}

function locks(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('lock.'));
}

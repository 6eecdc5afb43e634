// Signals at awkward moments; those of a daemon that runs are in the tests of the daemon.
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { equal, is, match } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type LabProcess, type Namespace, openNamespace, requireLab } from '../lab/net.ts';
import { ROOT } from '../native/copy.ts';
import { startFlint } from './flint.ts';

const missing = requireLab();
const CHILD = fileURLToPath(new URL('./serve-child.ts', import.meta.url));
const CONFIG = { schema: 1, measurements: { smokeping: { targets: ['127.0.0.1'] } } };

suite('serve', (s) => {
  let place: Namespace;
  const directory = mkdtempSync(join(tmpdir(), 'flint-serve-'));
  const file = join(directory, 'probe.json');
  let states = 0;

  /** Gets the signal before it serves. */
  function start(signal: NodeJS.Signals): { child: LabProcess; state: string } {
    const state = join(directory, `state${states++}`);
    const words = ['--import', 'tsx', CHILD, signal, file, state];
    return { child: place.spawn(process.execPath, words, { cwd: ROOT }), state };
  }

  s.before(async () => {
    chmodSync(directory, 0o755);
    writeFileSync(file, JSON.stringify(CONFIG));
    if (missing === null) place = await openNamespace();
  });

  s.after(async () => {
    await place?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  s.testIf(missing, 'ends in order when it is told so while it starts', async () => {
    const { child, state } = start('SIGTERM');
    const { code, signal } = await child.exited;

    equal([code, signal], [0, null], child.output().stderr);
    const names = readdirSync(join(state, 'rounds'));
    equal(
      names.filter((name) => name.startsWith('lock')),
      [],
    );
  });

  s.testIf(missing, 'a reload that is asked for while it starts does not end it', async () => {
    const { child } = start('SIGHUP');
    await child.waitFor(/started on \d+/, 10_000);
    const { code } = await child.stop();

    is(code, 0, child.output().stderr);
  });

  s.testIf(missing, 'goes on when nobody reads its log any more', async () => {
    const state = join(directory, 'unread');
    const child = startFlint(place, `probe --config ${file} --state ${state}`);
    await child.waitFor(' measuring ', 10_000);
    child.child.stderr.destroy();
    writeFileSync(file, '{}');
    await new Promise((resolve) => setTimeout(resolve, 600));
    writeFileSync(file, JSON.stringify(CONFIG));
    const { code, signal } = await child.stop();

    equal([code, signal], [0, null]);
  });

  s.testIf(missing, 'says in one line what it was started as', async () => {
    const state = join(directory, 'line');
    const child = startFlint(place, `probe --config ${file} --state ${state}`);
    await child.waitFor(' measuring ', 10_000);
    await child.stop();

    match(
      child.output().stderr,
      /^\S+Z info measuring targets=1 stamps=kernel listen=http:\/\/127\.0\.0\.1:9740\/ user=\w+\n/,
    );
  });
});

import { equal, is } from 'uvu/assert';
import { suite } from '../helper.ts';
import { type Namespace, openNamespace, requireLab } from '../lab/net.ts';
import { ROOT } from '../native/copy.ts';

const missing = requireLab();
const SCRIPT = `
import { leaveRoot } from '${ROOT}dist/cli/leave-root.js';
leaveRoot();
leaveRoot();
console.log(process.getuid() !== 0, process.getgroups().includes(0));
`;

let namespace: Namespace;

suite('cli/leave-root', (s) => {
  s.before(async () => {
    if (missing === null) namespace = await openNamespace();
  });
  s.after(() => namespace?.close());

  s.testIf(missing, 'gives root up, and is content when it is gone already', async () => {
    const words = ['--input-type=module', '-e', SCRIPT];
    const { code, stdout } = await namespace.exec(process.execPath, words);

    equal([code, stdout], [0, 'true false\n']);
  });

  s.testIf(missing, 'stays root where there is no other user to be', async () => {
    // A user namespace that knows one user alone.
    const words = [
      '--user',
      '--map-root-user',
      process.execPath,
      '--input-type=module',
      '-e',
      SCRIPT,
    ];
    const { code, stdout, stderr } = await namespace.exec('unshare', words);

    is(code, 0, stderr);
    is(stdout.split(' ')[0], 'false');
  });
});

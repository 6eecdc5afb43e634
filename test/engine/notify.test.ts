// What a service manager hears is in test/cli/notify.netns.test.ts.
import { equal } from 'uvu/assert';
import { isAddonBuilt } from '../../src/engine/addon.ts';
import { notify } from '../../src/engine/notify.ts';
import { suite } from '../helper.ts';

const missing = isAddonBuilt() ? null : 'build/flint.node is not built';
const [EAFNOSUPPORT, ENOENT, ECONNREFUSED, ENAMETOOLONG] = [97, 2, 111, 36];

suite('engine/notify', (s) => {
  for (const [says, address, errno] of [
    ['nothing', '', EAFNOSUPPORT],
    ['a slash alone', '/', EAFNOSUPPORT],
    ['no path', 'here', EAFNOSUPPORT],
    ['a virtual machine', 'vsock:2:1', EAFNOSUPPORT],
    ['no name', '@', EAFNOSUPPORT],
    ['a path where nothing is', '/no/such/socket', ENOENT],
    ['a name that nobody has', `@flint-nobody-${process.pid}`, ECONNREFUSED],
    ['a path too long', `/${'x'.repeat(107)}`, ENAMETOOLONG],
  ] as const) {
    s.testIf(missing, `${says} is an errno, and no wait`, () => {
      equal(notify(address, 'READY=1'), errno);
    });
  }
});

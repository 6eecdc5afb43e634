import { equal, is, ok } from 'uvu/assert';
import { diagnose } from '../../src/probe/diagnose.ts';
import { suite } from '../helper.ts';

// What each check finds is tried in namespaces, by the tests of `flint doctor`; this runs anywhere.

suite('diagnose', (s) => {
  s.test(
    'every check has a verdict and a finding, and every bad one a way out or a reason',
    async () => {
      const checks = await diagnose();

      const names = checks.map(({ name }) => name);
      is(new Set(names).size, names.length);
      for (const name of [
        'node',
        'addon',
        'fallback',
        'sockets',
        'loopback',
        'state',
        '@gateway',
      ]) {
        ok(names.includes(name), name);
      }
      for (const { name, verdict, finding, mend } of checks) {
        ok(['good', 'poor', 'bad'].includes(verdict), name);
        ok(finding.length > 0 && !/undefined|\[object|\n/.test(finding), `${name}: ${finding}`);
        ok(mend === null || mend.length > 0);
      }
      equal(checks[0]?.finding.startsWith(process.versions.node), true);
    },
  );
});

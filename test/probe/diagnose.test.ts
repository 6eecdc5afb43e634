import { equal, is, ok } from 'uvu/assert';
import { diagnose, judgeFallback } from '../../src/probe/diagnose.ts';
import { suite } from '../helper.ts';

// What each check finds is tried in namespaces, by the tests of `flint doctor`; this runs anywhere.

suite('diagnose', (s) => {
  s.test('a fallback that is not there is mended in a clone alone', () => {
    const missing = { reason: "Cannot find module 'raw-socket'" };
    const clone = judgeFallback(missing, { isClone: true, hasAddon: true });
    const installed = judgeFallback(missing, { isClone: false, hasAddon: true });
    const bare = judgeFallback(missing, { isClone: false, hasAddon: false });

    equal([clone.verdict, clone.mend], ['good', 'npm rebuild raw-socket']);
    ok(/^none: .*; none is needed, as the addon loads$/.test(installed.finding));
    equal([installed.verdict, installed.mend], ['good', null]);
    ok(/the addon is what it needs/.test(bare.finding));
    equal(bare.mend, null);
  });

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

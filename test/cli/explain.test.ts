import { spawnSync } from 'node:child_process';
import { equal, match } from 'uvu/assert';
import { suite } from '../helper.ts';

const MODULES = {
  explain: new URL('../../src/cli/explain.ts', import.meta.url).href,
  error: new URL('../../src/core/error.ts', import.meta.url).href,
  command: new URL('../../src/cli/command.ts', import.meta.url).href,
};

/** What is said on standard error about an error, and the exit code. */
function said(error: string): [string, number | null] {
  const script = `
    import { explain } from '${MODULES.explain}';
    import { ProbeError } from '${MODULES.error}';
    import { UsageError } from '${MODULES.command}';
    process.exitCode = explain(${error});`;
  const words = ['--import', 'tsx', '--input-type=module', '--eval', script];
  const { stderr, status } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  return [stderr, status];
}

suite('explain', (s) => {
  s.test('wrong use is 2, what this machine lacks 3, trouble 1, each in a line', () => {
    equal(said(`new UsageError('say what')`), ['flint: say what\n', 2]);
    equal(said(`new ProbeError('ERR_CONFIG_INVALID', 'x.json: bad')`), ['flint: x.json: bad\n', 2]);
    equal(said(`new ProbeError('ERR_ADDON_MISSING', 'no addon')`), ['flint: no addon\n', 3]);
    equal(said(`new ProbeError('ERR_STATE_IO', 'disk full')`), ['flint: disk full\n', 1]);
    equal(said(`new ProbeError('ERR_SOCKET_PERMISSION', 'taken', { syscall: 'listen' })`), [
      'flint: taken\n',
      1,
    ]);
  });

  s.test('a bug is told with its place', () => {
    const [text, code] = said(`new TypeError('x is not a function')`);

    equal(code, 1);
    match(text, /^flint: TypeError: x is not a function\n {4}at /);
  });
});

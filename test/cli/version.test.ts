import { match } from 'uvu/assert';
import { version } from '../../src/cli/version.ts';
import { suite } from '../helper.ts';

suite('cli/version', (s) => {
  s.test('it is a version as npm writes them', () => {
    match(version(), /^\d+\.\d+\.\d+(-[\w.]+)?$/);
  });
});

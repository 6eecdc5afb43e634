import * as assert from 'uvu/assert';
import { readPlain } from '../../src/cli/plain.ts';
import { COMMANDS } from '../../src/cli/table.ts';
import { suite } from '../helper.ts';

function read(...words: string[]): Record<string, unknown> | null {
  const spec = COMMANDS.find(({ usage }) => usage === 'probe');
  if (spec === undefined) throw new Error('there is no probe');
  return readPlain(spec, words);
}

suite('cli/plain', ({ test }) => {
  test('the words that a unit starts the daemon with are read without a parser', () => {
    assert.equal(read('probe', '--config', '/etc/flint/probe.json', '--state', '/var/lib/flint'), {
      config: '/etc/flint/probe.json',
      state: '/var/lib/flint',
    });
    assert.equal(read('probe', '--check'), { check: true });
    assert.equal(read('probe'), {});
  });

  test('everything else is left to the parser, which knows what to say', () => {
    assert.is(read('ping', '::1'), null);
    assert.is(read('probe', '--help'), null);
    assert.is(read('probe', '--confg', 'x'), null);
    assert.is(read('probe', '--config'), null);
    assert.is(read('probe', '--config', '--check'), null);
    assert.is(read('probe', '--config=x'), null);
    assert.is(read('probe', '--config', 'a', '--config', 'b'), null);
    assert.is(read('probe', 'x'), null);
    assert.is(read(), null);
  });
});

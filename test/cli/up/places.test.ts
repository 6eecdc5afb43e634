import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { prepareUp } from '../../../src/cli/up/places.ts';
import { parsePolicy } from '../../../src/core/policy.ts';
import { nextIdentity } from '../../../src/engine/privileges.ts';
import { suite } from '../../helper.ts';

const notRoot = process.getuid?.() === 0 ? null : 'only root can give files away';

function inDirectory(run: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-up-places-'));
  try {
    run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function ownerOf(file: string): number {
  return statSync(file).uid;
}

suite('up-places', (s) => {
  s.test('all of it lies in one directory, for its user alone', () =>
    inDirectory((directory) => {
      const places = prepareUp(join(directory, 'state'));

      for (const name of ['control', 'agent', 'run', 'up']) {
        is(statSync(join(places.state, name)).mode & 0o777, 0o700, name);
      }
      equal(prepareUp(places.state), places);
      const policy = parsePolicy(JSON.parse(readFileSync(places.policy, 'utf8')));
      is(policy.ok, true);
    }),
  );

  s.testIf(notRoot, 'root gives everything away but the policy, which it alone may write', () =>
    inDirectory((directory) => {
      const state = join(directory, 'state');
      const uid = nextIdentity()?.uid;
      mkdirSync(join(state, 'agent'), { recursive: true });
      writeFileSync(join(state, 'agent', 'identity.pem'), 'of an earlier user');
      const { run, policy } = prepareUp(state);

      for (const one of [
        state,
        run,
        join(state, 'control'),
        join(state, 'agent', 'identity.pem'),
      ]) {
        is(ownerOf(one), uid, one);
      }
      is(ownerOf(policy), 0);
    }),
  );

  s.testIf(notRoot, 'a directory that holds other things stays whose it was', () =>
    inDirectory((directory) => {
      const state = join(directory, 'home');
      mkdirSync(state);
      writeFileSync(join(state, 'letters.txt'), 'dear');
      prepareUp(state);

      is(ownerOf(state), 0);
      is(ownerOf(join(state, 'letters.txt')), 0);
      not.equal(ownerOf(join(state, 'control')), 0);
    }),
  );

  s.test('what cannot be made is said with its name', () =>
    inDirectory((directory) => {
      const file = join(directory, 'file');
      writeFileSync(file, '');
      try {
        prepareUp(join(file, 'state'));
        is(existsSync(join(file, 'state')), true);
      } catch (error) {
        match((error as Error).message, /file\/state cannot be made \(ENOTDIR.*--state DIR/);
      }
    }),
  );
});

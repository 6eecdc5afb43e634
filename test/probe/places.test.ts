import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, instance, is, match, ok } from 'uvu/assert';
import { ProbeError } from '../../src/core/error.ts';
import { prepareState } from '../../src/probe/places.ts';
import { suite } from '../helper.ts';

const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 };
const notRoot = process.getuid?.() === 0 ? null : 'only root can give files away';

function inDirectory(run: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-places-'));
  try {
    run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function ownerOf(path: string): number {
  return lstatSync(path).uid;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

suite('places', (s) => {
  s.test('makes the directory for its owner alone, and says where the rounds go', () =>
    inDirectory((directory) => {
      const state = join(directory, 'a', 'b');

      is(prepareState(state, null), join(state, 'rounds'));
      is(prepareState(state, null), join(state, 'rounds'));

      for (const path of [join(directory, 'a'), state, join(state, 'rounds')]) {
        is(modeOf(path), 0o700);
      }
    }),
  );

  s.test('says which directory cannot be, and what to do', () =>
    inDirectory((directory) => {
      const file = join(directory, 'file');
      writeFileSync(file, '');
      try {
        prepareState(join(file, 'state'), null);
        ok(false, 'nothing was refused');
      } catch (error) {
        instance(error, ProbeError);
        is((error as ProbeError).code, 'ERR_STATE_IO');
        match((error as ProbeError).message, `${file}/state cannot be prepared (ENOTDIR`);
        match((error as ProbeError).message, 'choose one with --state');
      }
    }),
  );

  s.testIf(notRoot, 'root gives away the rounds, and lets their owner through to them', () =>
    inDirectory((directory) => {
      const state = join(directory, 'a', 'b');

      prepareState(state, NOBODY);

      is(ownerOf(join(state, 'rounds')), NOBODY.uid);
      is(modeOf(join(state, 'rounds')), 0o700);
      for (const path of [join(directory, 'a'), state]) {
        equal([ownerOf(path), modeOf(path)], [0, 0o711]);
      }
    }),
  );

  s.testIf(notRoot, 'a directory that the agent made before stays root’s, and is no obstacle', () =>
    inDirectory((directory) => {
      const state = join(directory, 'state');
      // Its vmagent has a directory of its own.
      for (const name of ['agent', 'push']) {
        mkdirSync(join(state, name), { recursive: true, mode: 0o700 });
      }
      const segment = join(prepareState(state, null), '00000001.seg');
      writeFileSync(segment, '');

      prepareState(state, NOBODY);

      is(ownerOf(segment), NOBODY.uid);
      equal([ownerOf(state), modeOf(state)], [0, 0o711]);
      equal([ownerOf(join(state, 'agent')), modeOf(join(state, 'agent'))], [0, 0o700]);
    }),
  );

  s.testIf(notRoot, 'but nobody’s home, and nothing behind a link', () =>
    inDirectory((directory) => {
      const home = join(directory, 'home');
      const secret = join(directory, 'secret');
      mkdirSync(join(home, 'letters'), { recursive: true });
      writeFileSync(secret, '');
      mkdirSync(join(home, 'rounds'));
      chmodSync(home, 0o700);
      const homeMode = modeOf(home);
      const link = join(home, 'rounds', 'link');
      symlinkSync(secret, link);

      prepareState(home, NOBODY);

      equal([home, join(home, 'letters'), secret].map(ownerOf), [0, 0, 0]);
      is(modeOf(home), homeMode);
      equal([join(home, 'rounds'), link].map(ownerOf), [NOBODY.uid, NOBODY.uid]);
    }),
  );

  s.test('leaves the mode of a directory that was there as it is', () =>
    inDirectory((directory) => {
      chmodSync(directory, 0o755);
      prepareState(directory, null);

      is(modeOf(directory), 0o755);
      ok(existsSync(join(directory, 'rounds')));
    }),
  );
});

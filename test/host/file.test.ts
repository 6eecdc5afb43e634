import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, throws } from 'uvu/assert';
import type { ProbeError } from '../../src/core/error.ts';
import { mkdirReason, readWhole, removeWhole, writeWhole } from '../../src/host/file.ts';
import { suite } from '../helper.ts';

const OWN = { bytesMax: 100, owners: [process.getuid?.() ?? 0] };

function inDirectory(run: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-file-'));
  try {
    run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

suite('file', (s) => {
  s.test('below what is no directory is an error of the state, and says where', () =>
    inDirectory((directory) => {
      writeFileSync(join(directory, 'file'), '');
      const below = join(directory, 'file', 'state.json');
      throws(
        () => writeWhole(below, 'one', { isDirectoryGiven: true }),
        (error: ProbeError) => error.code === 'ERR_STATE_IO' && error.message.includes(below),
      );
    }),
  );

  s.test('why a directory cannot be made is what was thrown, unless that hides the cause', () =>
    inDirectory((directory) => {
      const missing = Object.assign(new Error('ENOENT: mkdir'), { code: 'ENOENT' });
      const taken = Object.assign(new Error('ENOTDIR: mkdir'), { code: 'ENOTDIR' });
      writeFileSync(join(directory, 'file'), '', { mode: 0o600 });

      is(mkdirReason(join(directory, 'a/b'), missing), 'ENOENT: mkdir');
      is(mkdirReason(join(directory, 'file/b'), taken), 'ENOTDIR: mkdir');
      // Nobody may go through it, root neither.
      match(
        mkdirReason(join(directory, 'file/b'), missing),
        /^EACCES: this user may make nothing in .*file$/,
      );
    }),
  );

  s.test('is bounded by what is read, and not by what it says of its size', () => {
    // Of 0 bytes, as it says; so would one be that grows while it is read.
    throws(() => readWhole('/proc/self/maps', { bytesMax: 100 }), /more than 100 bytes/);
  });

  s.test('is written whole, for its owner alone, and nothing else is left', () =>
    inDirectory((directory) => {
      const file = join(directory, 'a', 'state.json');
      writeWhole(file, 'one');
      writeWhole(file, 'two', { mode: 0o640 });

      is(readFileSync(file, 'utf8'), 'two');
      is(statSync(file).mode & 0o777, 0o640);
      is(statSync(join(directory, 'a')).mode & 0o777, 0o700);
      equal(readdirSync(join(directory, 'a')), ['state.json']);
    }),
  );

  s.test('stays as it was when the new one cannot be written', () =>
    inDirectory((directory) => {
      const file = join(directory, 'state');
      mkdirSync(join(file, 'inside'), { recursive: true });

      throws(
        () => writeWhole(file, 'x'),
        (error: Error) => /cannot be written/.test(error.message),
      );
      equal(readdirSync(directory), ['state']);
    }),
  );

  s.test('that is not there is null, and its removal no error', () =>
    inDirectory((directory) => {
      is(readWhole(join(directory, 'none'), OWN), null);
      removeWhole(join(directory, 'none'));
      removeWhole(join(directory, 'no', 'such'));
      writeWhole(join(directory, 'one'), '1');
      removeWhole(join(directory, 'one'));
      is(readWhole(join(directory, 'one'), OWN), null);
    }),
  );

  s.test('is not believed when it is too large, a link, or another may write it', () =>
    inDirectory((directory) => {
      const file = join(directory, 'f');
      const refusal = (name = 'f', options = OWN): string => {
        try {
          return `read: ${readWhole(join(directory, name), options)}`;
        } catch (error) {
          return (error as Error).message;
        }
      };
      writeFileSync(file, 'x'.repeat(101), { mode: 0o600 });
      match(refusal(), '101 bytes are more than 100');
      writeFileSync(file, 'x');
      is(refusal(), 'read: x');
      match(refusal('f', { ...OWN, owners: [4_000_000] }), /only 4000000 is believed/);
      chmodSync(file, 0o622);
      match(refusal(), 'others may write it');
      symlinkSync(file, join(directory, 'link'));
      match(refusal('link'), 'cannot be read');
      match(refusal('.'), 'it is not a file');
      execFileSync('mkfifo', [join(directory, 'pipe')]);
      match(refusal('pipe'), 'it is not a file');
    }),
  );
});

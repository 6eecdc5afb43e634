import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, not, throws } from 'uvu/assert';
import { readSecret, secretFiles } from '../../src/host/secret.ts';
import { suite } from '../helper.ts';

function inDirectory(run: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'flint-secret-'));
  mkdirSync(join(directory, 'secrets.d'));
  mkdirSync(join(directory, 'credentials'));
  try {
    run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function put(file: string, text: string, mode = 0o600): void {
  writeFileSync(file, text);
  chmodSync(file, mode);
}

suite('host/secret', ({ test }) => {
  test("systemd's credential stands above the operator's file", () =>
    inDirectory((configDirectory) => {
      const env = { CREDENTIALS_DIRECTORY: join(configDirectory, 'credentials') };
      put(join(configDirectory, 'secrets.d', 'push-bearer'), ' of-the-file \n');
      is(readSecret('push-bearer', { env, configDirectory }), 'of-the-file');
      put(join(configDirectory, 'credentials', 'push-bearer'), 'of-systemd\n', 0o400);
      is(readSecret('push-bearer', { env, configDirectory }), 'of-systemd');
      equal(secretFiles('a', { env: { CREDENTIALS_DIRECTORY: 'relative' }, configDirectory }), [
        join(configDirectory, 'secrets.d', 'a'),
      ]);
    }));

  test('none and an empty one are null', () =>
    inDirectory((configDirectory) => {
      is(readSecret('push-bearer', { env: {}, configDirectory }), null);
      put(join(configDirectory, 'secrets.d', 'push-bearer'), ' \n');
      is(readSecret('push-bearer', { env: {}, configDirectory }), null);
    }));

  test('one that others may read, that is no text or no file is refused without a word of it', () =>
    inDirectory((configDirectory) => {
      const file = join(configDirectory, 'secrets.d', 'key');
      const cases: [() => void, RegExp][] = [
        [() => put(file, 'hush', 0o644), /others may read it: `chmod 0600`/],
        [() => put(file, 'hush\nhush'), /not one line of plain text/],
        [() => put(file, `hush${'x'.repeat(9000)}`), /it has 9004 bytes/],
        [() => put(file, 'hush\u0000'), /not one line of plain text/],
      ];
      for (const [prepare, expected] of cases) {
        prepare();
        throws(() => readSecret('key', { env: {}, configDirectory }), expected);
        try {
          readSecret('key', { env: {}, configDirectory });
        } catch (error) {
          not.match(String(error), 'hush');
        }
      }
      rmSync(file);
      symlinkSync('/dev/null', file);
      throws(() => readSecret('key', { env: {}, configDirectory }), /it is not a file/);
    }));

  test('a name that leads elsewhere is no name', () => {
    for (const name of ['../x', '', '.hidden', 'a/b', 'A', 'x'.repeat(64)]) {
      throws(() => secretFiles(name, { env: {}, configDirectory: '/c' }), /cannot be the name/);
    }
  });
});

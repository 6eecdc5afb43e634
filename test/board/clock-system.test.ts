import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, throws } from 'uvu/assert';
import { clockCommand, clockSetter, isTimesyncDone } from '../../src/board/clock-system.ts';
import { suite } from '../helper.ts';
import { inPlace } from './place.ts';

const notRoot = process.getuid?.() === 0 ? null : 'this is not root';

/** A `date` that writes down how it was called; no test sets the clock. */
function fakeDate(directory: string, end: string): string {
  const file = join(directory, 'date');
  writeFileSync(file, `#!/bin/sh\necho "$@" > "${directory}/called"\n${end}\n`);
  chmodSync(file, 0o755);
  return directory;
}

suite('board/clock-system', (s) => {
  s.test('NTP is done when systemd has made its file', () =>
    inPlace(({ directory }) => {
      const file = join(directory, 'synchronized');
      is(isTimesyncDone(file), false);
      writeFileSync(file, '');
      is(isTimesyncDone(file), true);
    }),
  );

  s.testIf(notRoot, 'the command is looked for in PATH, by absolute paths alone', () =>
    inPlace(({ directory }) => {
      fakeDate(directory, '');

      equal(clockCommand({ PATH: `.:relative:/none:${directory}` }), [
        join(directory, 'date'),
        '-u',
        '-s',
      ]);
      throws(() => clockCommand({ PATH: '/none' }), /no "date" in any directory of PATH/);
      throws(() => clockCommand({}), /no "date"/);
    }),
  );

  s.test('it gets seconds since 1970, and its failure is told', () =>
    inPlace(async ({ directory }) => {
      const good = join(fakeDate(directory, ''), 'date');
      await clockSetter([good, '-u', '-s'])(1_793_491_200_499);
      is(readFileSync(join(directory, 'called'), 'utf8'), '-u -s @1793491200\n');

      fakeDate(directory, 'exit 1');
      const why = await clockSetter([good, '-u', '-s'])(0).catch((error: Error) => error.message);
      match(String(why), /failed/);
    }),
  );
});
